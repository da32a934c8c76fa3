// Parameters that come several times (RFC 8707) and one that is JSON (OpenID Connect Core §5.5), at a real provider.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const RESOURCES = ["https://a.acme.example/", "https://b.acme.example/"];
let op, server, authUrl;

before(async () => {
  const [secret, opSecret, port] = [canary("auth-secret"), canary("op-secret"), await freePort()];
  authUrl = `http://localhost:${port}/api/auth`;
  const redirect_uris = [`${authUrl}/callback/op`];
  const resourceIndicators = { enabled: true, defaultResource: () => undefined, useGrantedResource: () => false, getResourceServerInfo: (_, audience) => ({ scope: "read", audience }) };
  op = await startOpenid({
    clients: [{ client_id: "client-of-op", client_secret: opSecret, redirect_uris }],
    features: { resourceIndicators, claimsParameter: { enabled: true } },
  });
  const deployment = `
base_url: ${authUrl}
providers:
  op:
    use: oidc
    issuer: ${op.issuer}
    client_id: client-of-op
    client_secret: {env: OP_SECRET}
    authorization:
      params: {resource: ${JSON.stringify(RESOURCES)}, claims: {id_token: {auth_time: {essential: true}}, userinfo: {locale: null}}}
    profile: {auth_time: $.claims.auth_time}
session: {claims: [auth_time]}
`;
  server = await serve({ files: { "authcfg.yaml": deployment }, env: { AUTH_SECRET: secret, OP_SECRET: opSecret }, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

test("the provider reads two resources, and gives the claim that is asked for alone", async () => {
  const visitor = new Visitor();
  const url = new URL((await startSignIn(visitor, authUrl, "op")).url);
  assert.deepEqual(url.searchParams.getAll("resource"), RESOURCES);
  assert.deepEqual(JSON.parse(url.searchParams.get("claims")), { id_token: { auth_time: { essential: true } }, userinfo: { locale: null } });
  await visitor.request(await answerOpenid(visitor, url.href, { login: "ada@op.example" }));
  const { user } = (await session(visitor, authUrl)).value;
  assert.equal(user.email, "ada@op.example");
  assert.equal(typeof user.auth_time, "number", JSON.stringify(user));
});
