// Access tokens that are bound to a key (RFC 9449), at a real provider that binds them and wants its nonces in the proofs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const LIFETIME = 4;
const IDS = ["op", "pushed", "unbound"];
let op, server, authUrl, opSecret;

before(async () => {
  const [secret, port] = [canary("auth-secret"), await freePort()];
  opSecret = canary("op-secret");
  authUrl = `http://localhost:${port}/api/auth`;
  const redirect_uris = IDS.map((id) => `${authUrl}/callback/${id}`);
  const client = {
    client_id: "client-of-op", client_secret: opSecret, redirect_uris, grant_types: ["authorization_code", "refresh_token"],
    dpop_bound_access_tokens: true,
  };
  op = await startOpenid({ clients: [client], accessToken: LIFETIME, nonces: true });
  const provider = (more) => `{use: oidc, issuer: "${op.issuer}", client_id: client-of-op, client_secret: {env: OP_SECRET}, scopes: [openid, profile, email, offline_access], request: {prompt: consent}, ${more}}`;
  const deployment = `
base_url: ${authUrl}
providers:
  op: ${provider("dpop_bound_access_tokens: true")}
  pushed: ${provider("dpop_bound_access_tokens: true, require_pushed_authorization_requests: true")}
  unbound: ${provider("")}
session: {strategy: database, store: memory, expose_tokens: [access_token]}
`;
  server = await serve({ files: { "authcfg.yaml": deployment }, env: { AUTH_SECRET: secret, OP_SECRET: opSecret }, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

/** Signs in; what the token and userinfo endpoints said meanwhile. */
async function signIn(id, login) {
  const visitor = new Visitor();
  op.seen.answers.length = 0;
  const { url } = await startSignIn(visitor, authUrl, id);
  const back = await visitor.request(await answerOpenid(visitor, url, { login }));
  return { visitor, url, back, answers: [...op.seen.answers] };
}

test("a sign-in asks again with the nonce that the provider wants, and the next one knows it", async () => {
  const first = await signIn("op", "ada@op.example");
  assert.match(new URL(first.url).searchParams.get("dpop_jkt"), /^[\w-]{43}$/);
  assert.equal((await session(first.visitor, authUrl)).value.user?.email, "ada@op.example");
  assert.deepEqual(first.answers, ["/token 400 use_dpop_nonce", "/token 200 DPoP", "/me 200"]);
  const second = await signIn("op", "bob@op.example");
  assert.equal((await session(second.visitor, authUrl)).value.user?.email, "bob@op.example");
  assert.deepEqual(second.answers, ["/token 200 DPoP", "/me 200"]);
});

test("what goes ahead of the browser has its proof, too", async () => {
  const { visitor, url } = await signIn("pushed", "eve@op.example");
  assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ["client_id", "request_uri"]);
  assert.equal((await session(visitor, authUrl)).value.user?.email, "eve@op.example");
});

test("a refresh is proven by the key of its sign-in, and a token without its key is of no use", async () => {
  const { visitor } = await signIn("op", "ada@op.example");
  const before = (await session(visitor, authUrl)).value.access_token;
  op.seen.answers.length = 0;
  await new Promise((resolve) => setTimeout(resolve, LIFETIME * 1000));
  const renewed = (await session(visitor, authUrl)).value;
  assert.notEqual(renewed.access_token, before);
  assert.equal(renewed.error, undefined);
  assert.ok(op.seen.answers.includes("/token 200 DPoP"), String(op.seen.answers));
  for (const scheme of ["Bearer", "DPoP"]) {
    const { status } = await fetch(`${op.issuer}/me`, { headers: { authorization: `${scheme} ${renewed.access_token}` } });
    assert.ok([400, 401].includes(status), `${scheme}: ${status}`);
  }
});

test("without the key the provider gives nothing", async () => {
  const { visitor, url, answers } = await signIn("unbound", "ada@op.example");
  assert.ok(!new URL(url).searchParams.has("dpop_jkt"));
  assert.equal((await session(visitor, authUrl)).value, null);
  assert.ok(answers.length === 1 && answers[0].startsWith("/token 400"), String(answers));
});

test("the log of all that holds no proof and no secret", () => {
  for (const word of [opSecret, "dpop+jwt", "eyJ0eXAiOiJkcG9w", ...op.seen.secrets]) assert.ok(!server.program.output.includes(word), word);
});
