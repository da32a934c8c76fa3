// Tokens at a terminal and a real provider: kept by `authcfg login`, renewed once by `authcfg token`, exchanged, looked into, ended.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { BINARY, folder } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { Program } from "../lib/program.js";
import { answerOpenid, endSession, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const LIFETIME = 3;
let op, secret, here, env;

before(async () => {
  secret = canary("op-secret");
  const client = {
    client_id: "client-of-op", client_secret: secret, application_type: "native", redirect_uris: ["http://127.0.0.1/callback"],
    grant_types: ["authorization_code", "refresh_token", "client_credentials", EXCHANGE],
  };
  const signed = { client_id: "signed", client_secret: secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"], introspection_signed_response_alg: "RS256" };
  const features = { clientCredentials: { enabled: true }, jwtIntrospection: { enabled: true } };
  op = await startOpenid({ clients: [client, signed], accessToken: LIFETIME, logout: true, features });
  op.provider.registerGrantType(EXCHANGE, exchange, new Set(["audience", "requested_token_type", "resource", "scope", "subject_token", "subject_token_type"]), new Set(["audience"]));
  here = folder({
    "authcfg.yaml": `providers:\n  op: {use: oidc, issuer: "${op.issuer}", scopes: [openid, email, offline_access], request: {prompt: consent}}\n  signed: {use: oidc, issuer: "${op.issuer}", introspection_signed_response_alg: RS256}\n  plain: {use: oidc, issuer: "${op.issuer}", client_id: signed, client_secret: {env: AUTH_SIGNED_SECRET}, introspection_signed_response_alg: ES256}\n`,
  });
  env = { AUTH_OP_ID: "client-of-op", AUTH_OP_SECRET: secret, AUTH_SIGNED_ID: "signed", AUTH_SIGNED_SECRET: secret, NO_COLOR: "1", XDG_STATE_HOME: `${here.path}/state` };
});
after(async () => {
  await op?.stop();
  here?.remove();
});

/** The exchange of RFC 8693 as this provider has it: an access token of its own for one with a smaller scope. */
async function exchange(ctx) {
  const { params, client } = ctx.oidc;
  const subject = params.subject_token_type === ACCESS_TOKEN && (await op.provider.AccessToken.find(params.subject_token));
  if (!subject) {
    ctx.status = 400;
    ctx.body = { error: "invalid_request", error_description: "subject_token" };
    return;
  }
  const { accountId, claims, grantId, gty, sessionUid } = subject;
  const token = new op.provider.AccessToken({ accountId, claims, client, grantId, gty, sessionUid, scope: params.scope ?? subject.scope });
  const access_token = await token.save();
  ctx.body = { access_token, issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in: token.expiration, scope: token.scope, audience: params.audience };
}

/** Runs a command to its end, as a shell does. */
async function authcfg(args, input = "") {
  const { PATH } = process.env;
  const child = spawn(BINARY, args, { cwd: here.path, env: { PATH, ...env } });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  child.stdin.on("error", () => {}).end(input);
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, ...said };
}

async function login(...args) {
  const program = new Program(BINARY, ["login", "op", "--no-browser", ...args], { cwd: here.path, env });
  const [, url] = await program.until(/open in a browser\s+(http\S+)/);
  const visitor = new Visitor();
  await visitor.request(await answerOpenid(visitor, url, { login: "ada@op.example" }));
  assert.equal((await program.exit).code, 0, program.output);
  for (const word of [secret, ...op.seen.secrets]) assert.ok(!program.output.includes(word), program.output);
  return visitor;
}

async function userinfo(token) {
  const answer = await fetch(`${op.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: await answer.json() };
}

const expired = () => new Promise((resolve) => setTimeout(resolve, (LIFETIME + 1) * 1000));

test("a token for a program, renewed once however many ask", async () => {
  await login();
  const { out, err, code } = await authcfg(["token", "op"]);
  assert.deepEqual([code, err, out.split("\n").length], [0, "", 2]);
  assert.equal((await userinfo(out.trim())).body.email, "ada@op.example");
  for (let round = 1; round <= 2; round += 1) {
    await expired();
    const all = await Promise.all(Array.from({ length: 10 }, () => authcfg(["token", "op"])));
    assert.deepEqual(new Set(all.map(({ out, code }) => `${code} ${out}`)).size, 1, JSON.stringify(all));
    assert.equal((await userinfo(all[0].out.trim())).body.sub, "ada@op.example");
    assert.deepEqual(op.seen.refreshes, Array(round).fill("granted"));
  }
});

test("what is kept is for this account alone, without the client's secret", async () => {
  const kept = `${here.path}/state/authcfg/tokens`;
  assert.equal(statSync(kept).mode & 0o777, 0o700);
  for (const name of readdirSync(kept)) {
    assert.equal(statSync(`${kept}/${name}`).mode & 0o777, 0o600, name);
    assert.ok(!readFileSync(`${kept}/${name}`, "utf8").includes(secret), name);
  }
});

test("a process that is killed while it renews holds up nobody", async () => {
  await expired();
  const asked = new Promise((resolve) => {
    op.own.hold = async (_, request) => {
      op.own.hold = undefined;
      resolve();
      await once(request.socket, "close");
      throw new Error("whoever asked is gone");
    };
  });
  const child = spawn(BINARY, ["token", "op"], { cwd: here.path, env: { PATH: process.env.PATH, ...env } });
  await asked;
  const waiting = authcfg(["token", "op"]);
  child.kill("SIGKILL");
  const { code, out, err } = await waiting;
  assert.deepEqual([code, (await userinfo(out.trim())).status], [0, 200], err);
});

test("a token for another service", async () => {
  const { out, err, code } = await authcfg(["exchange", "op", "--scope", "openid", "--audience", "a", "--audience", "b", "--format", "json"]);
  assert.equal(code, 0, err);
  const exchanged = JSON.parse(out);
  assert.deepEqual([exchanged.issued_token_type, exchanged.token_type, exchanged.scope], [ACCESS_TOKEN, "Bearer", "openid"]);
  assert.deepEqual((await userinfo(exchanged.access_token)).body, { sub: "ada@op.example" });
  const wrong = await authcfg(["exchange", "op", "--subject-token", "-", "--subject-token-type", "jwt"], "a.b.c");
  assert.deepEqual([wrong.code, wrong.out], [4, ""]);
  assert.match(wrong.err, /invalid_request/);
});

test("a token for the client itself", async () => {
  const first = await authcfg(["token", "op", "--client-credentials", "--scope", "", "--format", "json"]);
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(await authcfg(["token", "op", "--client-credentials", "--scope", "", "--format", "json"]), first);
  const other = await authcfg(["token", "op", "--client-credentials", "--scope", "", "--format", "json", "--no-store"]);
  assert.notEqual(JSON.parse(other.out).access_token, JSON.parse(first.out).access_token);
});

test("what a token is worth", async () => {
  const token = (await authcfg(["token", "op"])).out;
  const { active, sub, client_id } = JSON.parse((await authcfg(["introspect", "op"])).out);
  assert.deepEqual({ active, sub, client_id }, { active: true, sub: "ada@op.example", client_id: "client-of-op" });
  assert.equal((await authcfg(["revoke", "op", "--token", "-"], token)).code, 0);
  assert.equal(JSON.parse((await authcfg(["introspect", "op", "--token", "-"], token)).out).active, false);
});

test("signing out, here and there", async () => {
  const visitor = await login();
  const token = (await authcfg(["token", "op"])).out.trim();
  const before = op.seen.revocations;
  const { code, out, err } = await authcfg(["logout", "op", "--no-browser"]);
  assert.deepEqual([code, out, op.seen.revocations], [0, "", before + 1], err);
  assert.equal((await userinfo(token)).status, 401);
  const [, url] = /open in a browser\s+(http\S+)/.exec(err);
  assert.ok(!url.includes("id_token"), url);
  assert.match(String(await endSession(visitor, url)), /\/session\/end\/success/);
  const over = await authcfg(["token", "op"]);
  assert.deepEqual([over.code, over.out], [4, ""]);
  assert.match(over.err, /help: authcfg login op/);
});

test("a grant that the provider ended", async () => {
  await login();
  const kept = readdirSync(`${here.path}/state/authcfg/tokens`).find((name) => /^op\.\w+\.json$/.test(name) && JSON.parse(readFileSync(`${here.path}/state/authcfg/tokens/${name}`)).sub);
  const { refresh_token } = JSON.parse(readFileSync(`${here.path}/state/authcfg/tokens/${kept}`)).set;
  await (await op.provider.RefreshToken.find(refresh_token)).destroy();
  await expired();
  const { code, err } = await authcfg(["token", "op"]);
  assert.equal(code, 4);
  assert.match(err, /invalid_grant[\s\S]*help: authcfg login op/);
  assert.equal((await authcfg(["token", "op"])).code, 4);
  assert.ok(!readdirSync(`${here.path}/state/authcfg/tokens`).includes(kept));
});

test("a sign-in as a test, which gives nothing away", async () => {
  await login("--record", "--no-store");
  await login("--record", "--no-store");
  const recorded = readFileSync(`${here.path}/oidc.tests.yaml`, "utf8");
  for (const word of ["ada@op", "op.example", "client-of-op", ...op.seen.secrets]) assert.ok(!recorded.includes(word), `${word} in ${recorded}`);
  const { code, out, err } = await authcfg(["test", "oidc", "--vectors", "oidc.tests.yaml", "--format", "json"]);
  assert.equal(code, 0, out + err);
  const ours = JSON.parse(out).results.filter(({ name }) => name.startsWith("recorded"));
  assert.deepEqual(ours.map(({ passed }) => passed), [true, true]);
  assert.deepEqual(Object.keys(ours[0].profile).sort(), ["email", "email_verified", "sub"]);
});

test("what the provider signs about a token is checked before it is told", async () => {
  const { out: token } = await authcfg(["token", "signed", "--client-credentials", "--no-store"]);
  const told = await authcfg(["introspect", "signed", "--token", "-"], token);
  assert.equal(told.code, 0, told.err);
  assert.deepEqual(pick(JSON.parse(told.out)), { active: true, client_id: "signed" });
  // Where another algorithm was agreed on, the same answer is nobody's word.
  const wrong = await authcfg(["introspect", "plain", "--token", "-"], token);
  assert.equal(wrong.code, 4, wrong.out);
  assert.match(wrong.err, /token_response_invalid: introspection: .*RS256/);
});

const pick = ({ active, client_id }) => ({ active, client_id });
