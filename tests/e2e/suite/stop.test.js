// A server that is told to stop under load: whoever was on the way arrives, and whoever asks `/readyz` is sent elsewhere in time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BINARY, folder } from "../lib/authcfg.js";
import { freePort, Program } from "../lib/program.js";
import { startScripted } from "../lib/scripted.js";
import { session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let scripted, secret;

before(async () => {
  secret = canary("client-secret");
  scripted = await startScripted({ clientSecret: secret });
});
after(() => scripted?.stop());

async function start(...args) {
  const port = await freePort();
  const authUrl = `http://localhost:${port}/api/auth`;
  const here = folder({
    "authcfg.yaml": `base_url: ${authUrl}\nproviders:\n  fine: {use: oidc, issuer: "${scripted.issuer("fine")}", client_id: client-of-scripted, client_secret: {env: SECRET}}\n`,
  });
  const program = new Program(BINARY, ["serve", "--listen", `127.0.0.1:${port}`, ...args], { cwd: here.path, env: { AUTH_SECRET: canary("auth-secret"), SECRET: secret } });
  await program.until(/listening on/);
  return { program, authUrl, origin: `http://localhost:${port}`, remove: () => here.remove() };
}

async function signIn(authUrl) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "fine");
  const { location } = await visitor.request(url);
  await visitor.request(location);
  const user = (await session(visitor, authUrl)).value?.user;
  assert.equal(user?.email, "edsger@scripted.example");
}

test("SIGTERM under forty sign-ins at a time: none of those on the way fails", async (t) => {
  const server = await start("--drain-delay", "2");
  try {
    const [failures, done] = [[], []];
    let ready = true;
    // As a load balancer: whoever begins a sign-in asks first.
    const visitor = async () => {
      while (ready) done.push(await signIn(server.authUrl).catch((error) => failures.push(error)));
    };
    const probe = (async () => {
      while (ready) {
        ready = (await fetch(`${server.origin}/readyz`)).status === 200;
        await pause(20);
      }
    })();
    const visitors = Array.from({ length: 40 }, visitor);
    await pause(500);
    process.kill(server.program.pid, "SIGTERM");
    await Promise.all([...visitors, probe]);
    assert.deepEqual(await server.program.exit, { code: 0, signal: null });
    t.diagnostic(`${done.length} sign-ins, ${failures.length} failed`);
    assert.deepEqual(failures, []);
    assert.ok(done.length > 40);
  } finally {
    await server.program.stop();
    server.remove();
  }
});

test("a request that was on the way when nobody may come any more is answered", async () => {
  const server = await start();
  try {
    const visitor = new Visitor();
    const { url } = await startSignIn(visitor, server.authUrl, "fine");
    const { location } = await visitor.request(url);
    const callback = new URL(location);
    const held = scripted.hold("token");
    const answer = visitor.request(callback);
    await held.asked;
    process.kill(server.program.pid, "SIGTERM");
    for (let open = true; open; ) open = await fetch(`${server.origin}/healthz`).then(() => true, () => false);
    held.release();
    assert.equal(new URL((await answer).location).origin, server.origin);
    assert.match(visitor.cookieNames.join(), /session-token/);
    assert.equal((await server.program.exit).code, 0);
  } finally {
    await server.program.stop();
    server.remove();
  }
});
