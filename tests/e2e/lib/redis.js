// Redis or Valkey of this machine, on a free port, with what it is given written to its disk before it answers.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { folder } from "./authcfg.js";
import { freePort, Program } from "./program.js";
import { selfSigned } from "./tls.js";

const BINARY = ["/usr/bin/redis-server", "/usr/bin/valkey-server"].find(existsSync);

/** With `tls` it listens for nothing else, with a certificate of its own: `authority` is its file. */
export async function startRedis({ password, tls = false } = {}) {
  if (!BINARY) throw new Error("redis-server is not there: apt-get install --no-install-recommends redis-server");
  const here = folder(tls ? files() : {});
  const authority = tls ? join(here.path, "cert.pem") : undefined;
  const port = await freePort();
  const listens = tls ? ["--port", "0", "--tls-port", port, "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-auth-clients", "no"] : ["--port", port];
  const locked = password ? ["--requirepass", password] : [];
  const start = async () => {
    const program = new Program(BINARY, ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always", ...listens, ...locked].map(String), { cwd: here.path });
    await program.until(/Ready to accept connections/);
    return program;
  };
  let program = await start();
  const user = password ? `:${password}@` : "";
  return {
    folder: here.path,
    url: tls ? `rediss://${user}localhost:${port}?cacert=${authority}` : `redis://${user}127.0.0.1:${port}`,
    freeze: () => process.kill(program.pid, "SIGSTOP"),
    thaw: () => process.kill(program.pid, "SIGCONT"),
    async crash() {
      process.kill(program.pid, "SIGKILL");
      await program.exit;
    },
    end: () => program.stop(),
    async start() {
      program = await start();
    },
    async stop() {
      if (!program.ended) process.kill(program.pid, "SIGCONT");
      await program.stop();
      here.remove();
    },
  };
}

function files() {
  const { key, cert } = selfSigned();
  return { "key.pem": key, "cert.pem": cert };
}
