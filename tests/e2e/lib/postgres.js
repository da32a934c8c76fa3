// PostgreSQL of this machine, on a free port. It refuses to run as root, and then runs as the user that Debian made for it.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folder } from "./authcfg.js";
import { freePort, Program, run } from "./program.js";
import { selfSigned } from "./tls.js";

const VERSIONS = "/usr/lib/postgresql";

/** With `tls` it has a certificate of its own, whose file is named in `url`, and takes no connection without. */
export async function startPostgres({ password = "a password of this test", tls = false } = {}) {
  const version = existsSync(VERSIONS) && readdirSync(VERSIONS).find((name) => existsSync(join(VERSIONS, name, "bin/postgres")));
  if (!version) throw new Error("PostgreSQL is not there: apt-get install --no-install-recommends postgresql");
  const { key, cert } = selfSigned();
  const here = folder({ "key.pem": key, "cert.pem": cert, password });
  chmodSync(join(here.path, "key.pem"), 0o600);
  give(here.path);
  const [port, data] = [await freePort(), join(here.path, "data")];
  const command = (name, args) => {
    const program = join(VERSIONS, version, "bin", name);
    return process.getuid() === 0 ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...args]] : [program, args];
  };
  const made = await run(...command("initdb", ["-D", data, "--no-sync", "--username=authcfg", `--pwfile=${join(here.path, "password")}`, "--auth=scram-sha-256", "--encoding=UTF8"]), { cwd: here.path });
  if (made.code !== 0) throw new Error(made.output);
  const secured = tls ? ["-c", "ssl=on", "-c", `ssl_cert_file=${here.path}/cert.pem`, "-c", `ssl_key_file=${here.path}/key.pem`] : [];
  const settings = ["-c", "listen_addresses=127.0.0.1", "-c", `port=${port}`, "-k", here.path, "-c", "shared_buffers=32MB", ...secured];
  const start = async () => {
    const program = new Program(...command("postgres", ["-D", data, ...settings]), { cwd: here.path });
    await program.until(/ready to accept connections/);
    return program;
  };
  let program = await start();
  const query = tls ? `?sslmode=verify-full&sslrootcert=${here.path}/cert.pem` : "";
  const crash = async () => {
    // The others end when they notice that the first is gone; until then it cannot be started again.
    const others = children(program.pid);
    for (const pid of [program.pid, ...others]) kill(pid, "SIGKILL");
    await program.exit;
    while (others.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, 5));
    rmSync(join(data, "postmaster.pid"), { force: true });
  };
  return {
    folder: here.path,
    url: `postgres://authcfg:${encodeURIComponent(password)}@${tls ? "localhost" : "127.0.0.1"}:${port}/postgres${query}`,
    freeze: () => [program.pid, ...children(program.pid)].forEach((pid) => kill(pid, "SIGSTOP")),
    thaw: () => [program.pid, ...children(program.pid)].forEach((pid) => kill(pid, "SIGCONT")),
    crash,
    /** As an administrator ends it: at once, with every connection. */
    async end() {
      kill(program.pid, "SIGINT");
      await program.exit;
    },
    async start() {
      program = await start();
    },
    async stop() {
      if (!program.ended) await crash();
      here.remove();
    },
  };
}

function give(path) {
  if (process.getuid() !== 0) return;
  const [uid, gid] = ["-u", "-g"].map((what) => Number(execFileSync("id", [what, "postgres"])));
  for (const name of ["", ...readdirSync(path)]) chownSync(join(path, name), uid, gid);
}

const children = (pid) => {
  try {
    return execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
