// Parameters that go ahead of the browser (RFC 9126), at a real provider that takes them in no other way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

let op, server, authUrl;

before(async () => {
  const [secret, opSecret, wrong, port] = [canary("auth-secret"), canary("op-secret"), canary("wrong-secret"), await freePort()];
  authUrl = `http://localhost:${port}/api/auth`;
  const redirect_uris = ["op", "wrong", "value"].map((id) => `${authUrl}/callback/${id}`);
  op = await startOpenid({ clients: [{ client_id: "client-of-op", client_secret: opSecret, redirect_uris }], pushed: true });
  const provider = (more) => `{use: oidc, issuer: "${op.issuer}", client_id: client-of-op, ${more}}`;
  const deployment = `
base_url: ${authUrl}
providers:
  op: ${provider("client_secret: {env: OP_SECRET}")}
  wrong: ${provider("client_secret: {env: WRONG_SECRET}")}
  value: ${provider("client_secret: {env: OP_SECRET}, require_pushed_authorization_requests: false")}
`;
  const env = { AUTH_SECRET: secret, OP_SECRET: opSecret, WRONG_SECRET: wrong };
  server = await serve({ files: { "authcfg.yaml": deployment }, env, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

test("somebody signs in, and the address that the browser is sent to holds a reference alone", async () => {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "op", { query: { login_hint: "ada@op.example" } });
  const carried = new URL(url).searchParams;
  assert.deepEqual([...carried.keys()].sort(), ["client_id", "request_uri"]);
  assert.match(carried.get("request_uri"), /^urn:ietf:params:oauth:request_uri:/);
  await visitor.request(await answerOpenid(visitor, url, { login: "ada@op.example" }));
  const { value } = await session(visitor, authUrl);
  assert.equal(value.user.email, "ada@op.example");
  assert.ok(op.seen.authorizations.every((query) => !query.includes("code_challenge")));
});

test("with a wrong secret nobody is sent anywhere, and the log says why", async () => {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "wrong");
  assert.equal(new URL(url).origin, new URL(authUrl).origin, url);
  assert.match(url, /error=Configuration|error=OAuthSignin/);
  assert.match(server.program.output, /pushed_authorization_request/);
  assert.match(server.program.output, /invalid_client/);
});

test("a provider that requires it refuses what a browser brings", async () => {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "value");
  assert.ok(new URL(url).searchParams.has("code_challenge"));
  const back = await visitor.request(url);
  assert.match(back.location ?? "", /error=invalid_request/);
});
