// Tokens renewed at a real provider whose refresh tokens are good once: two servers, one store, and whoever comes.
//
// `REFRESH_ROUNDS=100` plays a hundred rounds instead of ten. `REFRESH_STORE=redis` or `postgres` takes another store than SQLite.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { authcfg, serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { STORES } from "../lib/stores.js";
import { answerOpenid, csrf, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const STORE = process.env.REFRESH_STORE ?? "sqlite";
const ROUNDS = Number(process.env.REFRESH_ROUNDS ?? 10);
const SESSIONS = 5;
const READERS = 50;
const LIFETIME = 4;
const COOKIE = "authjs.session-token";
const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000));

let op, store, servers, secret, opSecret, adminToken;
const ended = [];

const deployment = (authUrl) => `
base_url: ${authUrl}
providers:
  op:
    use: oidc
    issuer: ${op.issuer}
    scopes: [openid, profile, email, offline_access]
    request: {prompt: consent}
    revocation_endpoint: ${op.issuer}/token/revocation
session: {strategy: database, store: {env: SESSION_STORE_URL}, expose_tokens: [access_token, id_token]}
admin: {token: {env: AUTHCFG_ADMIN_TOKEN}}
`;

async function start(port) {
  const authUrl = `http://localhost:${port}/api/auth`;
  const env = { AUTH_SECRET: secret, AUTH_OP_ID: "client-of-op", AUTH_OP_SECRET: opSecret, SESSION_STORE_URL: store.url, AUTHCFG_ADMIN_TOKEN: adminToken };
  const server = await serve({ files: { "authcfg.yaml": deployment(authUrl) }, env, listen: `127.0.0.1:${port}` });
  return { ...server, port, authUrl };
}

before(async () => {
  [secret, opSecret, adminToken] = [canary("auth-secret"), canary("op-secret"), canary("admin-token")];
  store = await STORES[STORE]();
  const ports = [await freePort(), await freePort()];
  const redirect_uris = ports.map((port) => `http://localhost:${port}/api/auth/callback/op`);
  const client = { client_id: "client-of-op", client_secret: opSecret, redirect_uris, grant_types: ["authorization_code", "refresh_token"] };
  op = await startOpenid({ clients: [client], accessToken: LIFETIME });
  servers = [await start(ports[0]), await start(ports[1])];
});
after(async () => {
  for (const server of servers ?? []) await server.stop();
  await op?.stop();
  await store?.stop();
});

async function signIn(login, server = servers[0]) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, server.authUrl, "op");
  await visitor.request(await answerOpenid(visitor, url, { login }));
  return visitor.cookie(COOKIE);
}

/** What a browser with this session is told at a server. */
async function read(cookie, server) {
  const visitor = new Visitor();
  visitor.set("localhost", COOKIE, cookie);
  const { value, status } = await session(visitor, server.authUrl);
  return { status, value, cookie: visitor.cookie(COOKIE) };
}

describe("a session whose access token has expired", () => {
  test(`${ROUNDS} rounds of ${READERS} readers at two servers are ${ROUNDS} refreshes, and no session is lost`, async () => {
    const logins = Array.from({ length: SESSIONS }, (_, number) => `reader-${number}@op.example`);
    const cookies = [];
    for (const login of logins) cookies.push(await signIn(login));
    const seen = new Set();
    let refreshes = op.seen.refreshes.length;
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % SESSIONS === 0) await seconds(LIFETIME + 1);
      const [cookie, login] = [cookies[round % SESSIONS], logins[round % SESSIONS]];
      const readers = Array.from({ length: READERS }, (_, number) => read(cookie, servers[number % 2]));
      const tokens = new Set();
      for (const { status, value } of await Promise.all(readers)) {
        assert.equal(status, 200);
        assert.deepEqual([value?.user.email, value?.error], [login, undefined]);
        assert.equal(JSON.parse(Buffer.from(value.id_token.split(".")[1], "base64url")).sub, login);
        tokens.add(value.access_token);
      }
      assert.equal(tokens.size, 1, "everybody has the one new token");
      const [token] = tokens;
      assert.ok(!seen.has(token), "which is new");
      seen.add(token);
      refreshes += 1;
      assert.equal(op.seen.refreshes.length, refreshes, `round ${round}: one refresh`);
    }
    assert.deepEqual(new Set(op.seen.refreshes), new Set(["granted"]));
    const last = await read(cookies[0], servers[1]);
    const userinfo = await fetch(`${op.issuer}/me`, { headers: { authorization: `Bearer ${last.value.access_token}` } });
    assert.equal((await userinfo.json()).sub, logins[0], "and the provider takes it");
  });

  test("ends where the provider has ended the grant", async () => {
    const cookie = await signIn("revoked@op.example");
    const { access_token } = (await read(cookie, servers[0])).value;
    const { grantId } = await op.provider.AccessToken.find(access_token);
    await op.provider.RefreshToken.revokeByGrantId(grantId);
    await seconds(LIFETIME + 1);
    const [first, second] = await Promise.all(servers.map((server) => read(cookie, server)));
    assert.deepEqual([first.value, second.value], [null, null]);
    assert.equal(first.cookie, undefined, "its cookie is taken away");
    assert.equal(op.seen.refreshes.at(-1), "invalid_grant");
  });

  test("a sign-out revokes the refresh token", async () => {
    const cookie = await signIn("leaving@op.example");
    const visitor = new Visitor();
    visitor.set("localhost", COOKIE, cookie);
    const csrfToken = await csrf(visitor, servers[1].authUrl);
    const revocations = op.seen.revocations;
    await visitor.request(`${servers[1].authUrl}/signout`, { form: { csrfToken } });
    for (let tries = 0; tries < 50 && op.seen.revocations === revocations; tries += 1) await seconds(0.05);
    assert.equal(op.seen.revocations, revocations + 1);
    assert.equal((await read(cookie, servers[0])).value, null);
  });
});

test("whoever runs the servers sees the sessions of a person and ends them: at each server, and their refresh tokens at the provider", async () => {
  const cookies = [await signIn("stolen@op.example", servers[0]), await signIn("stolen@op.example", servers[1])];
  const other = await signIn("other@op.example");
  const sessions = (...args) => authcfg(["sessions", ...args, "--server", new URL(servers[1].authUrl).origin], { env: { AUTHCFG_ADMIN_TOKEN: adminToken } });
  const person = ["--provider", "op", "--sub", "stolen@op.example"];
  const { sessions: listed } = JSON.parse((await sessions("list", ...person, "--format", "json")).output);
  assert.deepEqual(listed.map(({ sub, issuer }) => [sub, issuer]), Array(2).fill(["stolen@op.example", op.issuer]));
  const text = (await sessions("list", "--email", "STOLEN@op.example")).output;
  assert.match(text, /^op stolen@op\.example {2}.*<stolen@op\.example>\n {2}issuer {3}http[^]*\n2 sessions\n$/);
  for (const cookie of cookies) assert.ok(!text.includes(cookie));
  const revocations = op.seen.revocations;
  assert.deepEqual(await sessions("end", "--session", listed[0].session), { code: 0, output: "1 session ended\n" });
  assert.deepEqual(await sessions("end", ...person), { code: 0, output: "1 session ended\n" });
  assert.deepEqual(await sessions("end", ...person), { code: 0, output: "0 sessions ended\n" });
  for (const cookie of cookies) for (const server of servers) assert.equal((await read(cookie, server)).value, null);
  assert.equal((await read(other, servers[0])).value.user.email, "other@op.example");
  for (let tries = 0; tries < 100 && op.seen.revocations < revocations + 2; tries += 1) await seconds(0.05);
  assert.equal(op.seen.revocations, revocations + 2);
});

test("nobody sees or ends sessions without the token, or without saying whose", async () => {
  const sessions = (env, ...args) => authcfg(["sessions", ...args, "--server", new URL(servers[0].authUrl).origin], { env });
  const cookie = await signIn("left-alone@op.example");
  const person = ["--provider", "op", "--sub", "left-alone@op.example"];
  const { code, output } = await sessions({ AUTHCFG_ADMIN_TOKEN: `${adminToken}x` }, "end", ...person);
  assert.deepEqual([code, output], [4, "error: the server does not take the token of AUTHCFG_ADMIN_TOKEN\n"]);
  assert.equal((await sessions({}, "end", ...person)).code, 2);
  assert.equal((await sessions({ AUTHCFG_ADMIN_TOKEN: adminToken }, "end")).code, 2);
  assert.equal((await sessions({ AUTHCFG_ADMIN_TOKEN: adminToken }, "end", "--sub", "left-alone@op.example")).code, 2);
  assert.equal((await read(cookie, servers[0])).value.user.email, "left-alone@op.example");
});

test("a server that is told to end keeps what the provider has just given, also where nobody waits for it", async () => {
  const cookie = await signIn("patient@op.example");
  await seconds(LIFETIME + 1);
  const refreshes = op.seen.refreshes.length;
  let held;
  op.own.hold = (when) => when === "after" && new Promise((resolve) => (held = resolve));
  const gone = new AbortController();
  const reader = fetch(`${servers[0].authUrl}/session`, { headers: { cookie: `${COOKIE}=${cookie}` }, signal: gone.signal }).catch(() => "gone");
  for (let tries = 0; tries < 200 && !held; tries += 1) await seconds(0.02);
  gone.abort();
  assert.equal(await reader, "gone");
  process.kill(servers[0].program.pid, "SIGTERM");
  await seconds(0.3);
  op.own.hold = undefined;
  held();
  assert.deepEqual(await servers[0].program.exit, { code: 0, signal: null });
  ended.push(servers[0].program.output);
  const { value } = await read(cookie, servers[1]);
  assert.deepEqual([value?.user.email, value?.error], ["patient@op.example", undefined]);
  assert.deepEqual(op.seen.refreshes.slice(refreshes), ["granted"]);
  servers[0] = await start(servers[0].port);
});

test("kill -9 in the middle of a refresh: what the provider still honours goes on, what it does not ends", async () => {
  const [untouched, used] = [await signIn("untouched@op.example"), await signIn("used@op.example")];
  await seconds(LIFETIME + 1);
  const refreshes = op.seen.refreshes.length;
  // The first refresh is killed before the provider looks at it, the second when the provider has done it and not yet answered.
  const held = [];
  op.own.hold = (when, request) =>
    new Promise((resolve, reject) => {
      if (when === (held.length ? "after" : "before")) held.push({ resolve, reject });
      else resolve();
    });
  const lost = [];
  for (const cookie of [untouched, used]) {
    lost.push(read(cookie, servers[0]).catch(() => "no answer"));
    for (let tries = 0; tries < 200 && held.length < lost.length; tries += 1) await seconds(0.02);
  }
  assert.equal(held.length, 2);
  process.kill(servers[0].program.pid, "SIGKILL");
  await servers[0].program.exit;
  ended.push(servers[0].program.output);
  op.own.hold = undefined;
  held[0].reject(new Error("the client is gone"));
  held[1].resolve();
  assert.deepEqual(await Promise.all(lost), ["no answer", "no answer"]);
  assert.deepEqual(op.seen.refreshes.slice(refreshes), ["granted"]);

  const [goesOn, isOver] = await Promise.all([untouched, used].map((cookie) => read(cookie, servers[1])));
  assert.deepEqual([goesOn.value?.user.email, goesOn.value?.error], ["untouched@op.example", undefined]);
  assert.deepEqual([isOver.status, isOver.value], [200, null], "its refresh token was used up: nobody has the new one");
  assert.deepEqual(op.seen.refreshes.slice(refreshes).sort(), ["granted", "granted", "invalid_grant"]);

  servers[0] = await start(servers[0].port);
  assert.equal((await read(untouched, servers[0])).value.user.email, "untouched@op.example");
});

test("no secret is in the logs", () => {
  const log = [...ended, ...servers.map((server) => server.program.output)].join("\n");
  const known = [secret, opSecret, adminToken, ...op.seen.secrets];
  assert.ok(known.length > 5 && log.includes("signed in"), "the run left secrets to look for, and a log");
  for (const text of known) assert.ok(!log.includes(text), "the log holds a secret");
});

test("no token is in the store for whoever reads its files", () => {
  const files = readdirSync(store.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("");
  assert.ok(/CREATE TABLE sessions|authcfg:session:|sessions_by_expiry/.test(bytes), "its files were read");
  for (const text of [...op.seen.secrets, "@op.example"]) assert.ok(!bytes.includes(text), "the store shows a token");
});
