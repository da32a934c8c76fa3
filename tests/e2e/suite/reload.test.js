// Other files while the server runs: right ones count from the next request on, wrong ones are told in the log, and no sign-in fails.
//
// `RELOADS=1000` plays a thousand instead of sixty, a third of them wrong, under fifty sign-ins a second.
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { BINARY, folder, serve } from "../lib/authcfg.js";
import { freePort, Program } from "../lib/program.js";
import { startScripted } from "../lib/scripted.js";
import { session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const RELOADS = Number(process.env.RELOADS ?? 60);
const SIGN_INS_A_SECOND = 50;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let scripted, env, port, authUrl, server;

const deployment = (name, more = "") => `base_url: ${authUrl}
providers:
  fine: {use: oidc, name: "${name}", issuer: "${scripted.issuer("fine")}", client_id: client-of-scripted, client_secret: {env: SECRET}}
${more}`;

before(async () => {
  const secret = canary("client-secret");
  scripted = await startScripted({ clientSecret: secret });
  port = await freePort();
  authUrl = `http://localhost:${port}/api/auth`;
  env = { AUTH_SECRET: canary("auth-secret"), SECRET: secret, RUST_LOG: "authcfg=info" };
  server = await serve({ files: { "authcfg.yaml": deployment("One") }, env, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await scripted?.stop();
});

async function providers(url = authUrl) {
  return (await (await fetch(`${url}/providers`)).json());
}

/** Waits until something is so. */
async function until(what, holds) {
  for (let round = 0; round < 200; round += 1) {
    if (await holds()) return;
    await pause(50);
  }
  assert.fail(`${what}, within ten seconds; the log:\n${server.program.output}`);
}

/** A whole sign-in; with `meanwhile` something happens before the browser is back. */
async function signIn(meanwhile = () => {}) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "fine");
  const { location } = await visitor.request(url);
  await meanwhile();
  const { location: end } = await visitor.request(location);
  return { end, user: (await session(visitor, authUrl)).value?.user };
}

test("a change of the file counts from then on", async () => {
  server.folder.write("authcfg.yaml", deployment("Two"));
  await until("the new name", async () => (await providers()).fine.name === "Two");
  assert.match(server.program.output, /the configuration was taken anew/);
});

test("a wrong file is told with its line, once, and changes nothing until it is right", async () => {
  server.folder.write("authcfg.yaml", deployment("Three", "rediret_allow: []\n"));
  const told = () => server.program.output.match(/authcfg\.yaml:4:1: error\[unknown-field\]/g)?.length ?? 0;
  await until("the finding", () => told() > 0);
  assert.match(server.program.output, /the configuration stays as it was/);
  assert.equal((await providers()).fine.name, "Two");
  assert.ok((await signIn()).user);
  await pause(500);
  assert.equal(told(), 1);
  server.folder.write("authcfg.yaml", deployment("Three"));
  await until("the new name", async () => (await providers()).fine.name === "Three");
});

test("a provider file beside it that was wrong counts once it is right", async () => {
  server.folder.write("providers/acme.yaml", "id: acme\nname: Acme\n  wrong: yaml\n");
  server.folder.write("authcfg.yaml", deployment("Three", "  acme: {client_id: a, client_secret: {env: SECRET}}\n"));
  await until("the finding", () => /providers\/acme\.yaml:3:\d+: error\[/.test(server.program.output));
  server.folder.write("providers/acme.yaml", "id: acme\nname: Acme\nauthorization_endpoint: https://acme.example/authorize\ntoken_endpoint: https://acme.example/token\nuserinfo_endpoint: https://acme.example/me\nprofile: {sub: $.userinfo.id}\n");
  await until("the provider", async () => (await providers()).acme?.name === "Acme");
  server.folder.write("authcfg.yaml", deployment("Three"));
  await until("no provider", async () => !(await providers()).acme);
});

test("a sign-in under way ends although its provider is gone", async () => {
  const gone = async () => {
    server.folder.write("authcfg.yaml", deployment("Three").replace("  fine:", "  other:"));
    await until("another provider", async () => Boolean((await providers()).other));
  };
  const { user } = await signIn(gone);
  assert.equal(user?.email, "edsger@scripted.example");
  server.folder.write("authcfg.yaml", deployment("Three"));
  await until("the provider", async () => Boolean((await providers()).fine));
});

test("SIGHUP does it where nobody watches, also after a file that is gone", async () => {
  const [here, other] = [folder({ "authcfg.yaml": "" }), await freePort()];
  const url = `http://localhost:${other}/api/auth`;
  const text = (name) => deployment(name).replace(authUrl, url);
  here.write("authcfg.yaml", text("One"));
  const quiet = new Program(BINARY, ["serve", "--no-watch", "--config", "authcfg.yaml", "--listen", `127.0.0.1:${other}`], { cwd: here.path, env });
  try {
    await quiet.until(/listening on/);
    here.write("authcfg.yaml", text("Two"));
    await pause(500);
    assert.equal((await providers(url)).fine.name, "One");
    process.kill(quiet.pid, "SIGHUP");
    await quiet.until(/taken anew/);
    assert.equal((await providers(url)).fine.name, "Two");
    rmSync(`${here.path}/authcfg.yaml`);
    process.kill(quiet.pid, "SIGHUP");
    await quiet.until(/stays as it was/);
    assert.equal((await providers(url)).fine.name, "Two");
  } finally {
    await quiet.stop();
    here.remove();
  }
});

test("links that are exchanged as Kubernetes does it are followed, and a secret in a file with them", async () => {
  const [here, other] = [folder(), await freePort()];
  const url = `http://localhost:${other}/api/auth`;
  const volume = (name, label) => {
    mkdirSync(`${here.path}/config/..${name}`, { recursive: true });
    writeFileSync(`${here.path}/config/..${name}/authcfg.yaml`, deployment(label).replace(authUrl, url).replace("{env: SECRET}", "{file: secret}"));
    writeFileSync(`${here.path}/config/..${name}/secret`, env.SECRET);
    symlinkSync(`..${name}`, `${here.path}/config/..new`);
    renameSync(`${here.path}/config/..new`, `${here.path}/config/..data`);
  };
  volume("1", "One");
  for (const name of ["authcfg.yaml", "secret"]) symlinkSync(`..data/${name}`, `${here.path}/config/${name}`);
  const pod = new Program(BINARY, ["serve", "--config", `${here.path}/config/authcfg.yaml`, "--listen", `127.0.0.1:${other}`], { cwd: here.path, env });
  try {
    await pod.until(/listening on/);
    volume("2", "Two");
    rmSync(`${here.path}/config/..1`, { recursive: true });
    await pod.until(/taken anew/);
    assert.equal((await providers(url)).fine.name, "Two");
  } finally {
    await pod.stop();
    here.remove();
  }
});

test(`${RELOADS} changes, a third of them wrong, under ${SIGN_INS_A_SECOND} sign-ins a second`, async (t) => {
  let going = true;
  const [outcomes, failures] = [[], []];
  const load = (async () => {
    const began = Date.now();
    for (let count = 0; going; count += 1) {
      outcomes.push(signIn().then(({ end, user }) => user || failures.push(end), (error) => failures.push(error)));
      await pause(began + ((count + 1) * 1000) / SIGN_INS_A_SECOND - Date.now());
    }
  })();
  for (let count = 0; count < RELOADS; count += 1) {
    const wrong = ["nonsense: 1\n", "routes: [{domains: [a.example], provider: nobody}]\n", "\t- not yaml\n"];
    server.folder.write("authcfg.yaml", deployment(`Name ${count}`, count % 3 === 2 ? wrong[Math.floor(count / 3) % 3] : ""));
    process.kill(server.program.pid, "SIGHUP");
    await pause(30);
  }
  going = false;
  await load;
  await Promise.all(outcomes);
  server.folder.write("authcfg.yaml", deployment("Last"));
  await until("the last name", async () => (await providers()).fine.name === "Last");
  const taken = server.program.output.match(/taken anew/g).length;
  t.diagnostic(`${outcomes.length} sign-ins, ${failures.length} failed; ${taken} configurations taken`);
  assert.deepEqual(failures, []);
  assert.ok(outcomes.length > RELOADS / 2 && taken > RELOADS / 4, `${outcomes.length} ${taken}`);
  for (const word of [env.SECRET, env.AUTH_SECRET]) assert.ok(!server.program.output.includes(word));
});
