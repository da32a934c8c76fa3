// authcfg beside Auth.js and beside a bare Node.js handler, in one run on one machine: what a session read and a sign-in cost, and
// what a proxy's question at /verify costs, which Auth.js has not.
//
//     cargo build --release && AUTHCFG_BIN=target/release/authcfg node tests/bench/compare.mjs [seconds]
//
// CPU time is that of the server process alone (user + system, from /proc), so the load generator beside it does not count.
// Figures, no verdict: nothing here fails on a slow machine. `npm --prefix tests/e2e ci` installs what it needs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { serve } from "../e2e/lib/authcfg.js";
import { freePort, Program } from "../e2e/lib/program.js";
import { startScripted } from "../e2e/lib/scripted.js";
import { answerWorkos, session, startSignIn, Visitor } from "../e2e/lib/visitor.js";
import { ACME, startWorkos } from "../e2e/lib/workos.js";
import { canary } from "../e2e/lib/world.js";

const SECONDS = Number(process.argv[2] ?? 5);
const CONNECTIONS = 32;
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"]));
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The yardstick's floor: a server that does nothing, in the runtime of Auth.js. */
if (process.argv[2] === "nothing") {
  const server = http.createServer((_, response) => response.writeHead(200, { "content-type": "application/json" }).end("null"));
  server.listen(Number(process.argv[3]), "127.0.0.1", () => console.log("listening on it"));
} else {
  await main();
}

async function main() {
  const port = await freePort();
  const authUrl = `http://localhost:${port}/api/auth`;
  const workos = await startWorkos({ clientSecret: canary("workos"), redirectUris: [`${authUrl}/callback/workos`] });
  const scripted = await startScripted({ clientSecret: canary("fast") });
  const env = {
    AUTH_SECRET: canary("secret"), AUTH_URL: authUrl, NODE_ENV: "production",
    AUTH_WORKOS_ID: workos.clientId, AUTH_WORKOS_SECRET: workos.clientSecret, AUTH_WORKOS_ISSUER: workos.issuer,
    AUTH_FAST_ID: scripted.clientId, AUTH_FAST_SECRET: scripted.clientSecret, AUTH_FAST_ISSUER: scripted.issuer("fine"), AUTH_OP_ISSUER: scripted.issuer("fine"),
    RUST_LOG: "warn",
  };
  const file = `base_url: ${authUrl}
trusted_proxies: [127.0.0.1]
forward_auth:
  routes:
    - {paths: [/], allow: [{providers: [workos]}]}
    - {paths: [/assets], public: true}
providers:
  workos: {issuer: "${workos.issuer}"}
  fast: {use: oidc, issuer: "${scripted.issuer("fine")}"}
routes:
  - {domains: [acme.example], provider: workos, request: {organization: ${ACME.organization}}}
`;
  const servers = {
    authcfg: () => serve({ files: { "authcfg.yaml": file }, env, listen: `127.0.0.1:${port}` }),
    "Auth.js 0.41.3": () => node(["authjs.mjs", `127.0.0.1:${port}`], env),
    "bare Node.js": () => node(["compare.mjs", "nothing", String(port)], env),
  };
  const rows = [];
  for (const [name, start] of Object.entries(servers)) {
    const server = await start();
    try {
      rows.push({ name, ...(await measure(server.program.pid, authUrl, name)) });
    } finally {
      await server.stop();
    }
  }
  await Promise.all([workos.stop(), scripted.stop()]);
  print(rows);
}

async function measure(pid, authUrl, name) {
  const bare = name === "bare Node.js";
  const idle = memory(pid);
  const row = { idle };
  const visitor = new Visitor();
  if (!bare) {
    row.workos = await cost(pid, Math.max(50, SECONDS * 40), () => signIn(authUrl, "workos"));
    row.openid = await cost(pid, Math.max(50, SECONDS * 40), () => signIn(authUrl, "fast"));
    await signIn(authUrl, "workos", visitor);
    const { value } = await session(visitor, authUrl);
    if (value?.user.email !== "ada@acme.example") throw new Error("nobody is signed in");
  }
  await read(authUrl, visitor, 1);
  row.session = await read(authUrl, visitor, SECONDS, pid);
  if (name === "authcfg") row.verify = await read(authUrl, visitor, SECONDS, pid, "/verify", { "x-forwarded-uri": "/wiki/a%20page?edit=1" });
  row.loaded = memory(pid);
  return row;
}

async function signIn(authUrl, provider, visitor = new Visitor()) {
  const { url } = await startSignIn(visitor, authUrl, provider, { query: provider === "workos" ? { domain: "acme.example" } : {} });
  const callback = provider === "workos" ? await answerWorkos(visitor, url) : (await visitor.request(url)).location;
  const { location } = await visitor.request(callback);
  if (location.includes("error=")) throw new Error(`sign-in failed: ${location}`);
}

/** CPU seconds of the server for one sign-in, the first ten left out. */
async function cost(pid, times, work) {
  for (let i = 0; i < 10; i += 1) await work();
  const before = cpu(pid);
  for (let i = 0; i < times; i += 1) await work();
  return (cpu(pid) - before) / times;
}

/** Reads the session, or asks at another path, over kept connections for some seconds; CPU seconds of the server for one request. */
async function read(authUrl, visitor, seconds, pid, path = "/session", headers = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const url = new URL(`${authUrl}${path}`);
  const options = { agent, host: "127.0.0.1", port: url.port, path: url.pathname, headers: { ...headers, host: url.host, cookie: visitor.cookieHeader(url) } };
  const until = Date.now() + seconds * 1000;
  let done = 0;
  const before = pid && cpu(pid);
  const one = () => new Promise((resolve, reject) => {
    http.get(options, (response) => response.resume().on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))))).on("error", reject);
  });
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (Date.now() < until) {
      await one();
      done += 1;
    }
  }));
  agent.destroy();
  return pid && (cpu(pid) - before) / done;
}

async function node([script, ...args], env) {
  const program = new Program(process.execPath, [HERE + script, ...args], { env });
  await program.until(/listening on/);
  return { program, stop: () => program.stop() };
}

function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function memory(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

function print(rows) {
  const base = rows.find(({ name }) => name.startsWith("Auth.js"));
  const micro = (seconds) => (seconds === undefined ? "–" : `${(seconds * 1e6).toFixed(1)} µs`);
  const ratio = (key, row) => (row[key] === undefined || base[key] === undefined ? "–" : `${(base[key] / row[key]).toFixed(1)} ×`);
  const table = [["", "session read", "reads per CPU second", "× Auth.js", "verify", "WorkOS sign-in", "×", "OIDC sign-in", "×", "idle", "under load"],
    ...rows.map((row) => [row.name, micro(row.session), Math.round(1 / row.session).toLocaleString("en"), ratio("session", row), micro(row.verify), micro(row.workos), ratio("workos", row), micro(row.openid), ratio("openid", row), `${row.idle.toFixed(0)} MB`, `${row.loaded.toFixed(0)} MB`])];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  for (const [i, row] of table.entries()) {
    console.log(`| ${row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join(" | ")} |`);
    if (i === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
}
