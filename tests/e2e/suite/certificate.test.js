// A client that proves itself with a certificate (RFC 8705), at a real provider that takes nothing else and binds its tokens to it.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { selfSigned } from "../lib/tls.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const METHOD = "self_signed_tls_client_auth";
const [tls, own, other] = [selfSigned(), selfSigned(), selfSigned()];
const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000));
let op, server, authUrl;

const file = (id, bound) => `
id: ${id}
extends: oidc
name: Mutual ${id}
client:
  certificate: {format: pem, secret: true}
  certificate_key: {format: pem, secret: true}
token_endpoint_auth_method: ${METHOD}
tls_client_certificate_bound_access_tokens: ${bound}
`;
const deployed = (id, name) => `
  ${id}:
    issuer: "${op.issuer}"
    client_id: client-of-op
    client: {certificate: {file: ./${name}.pem}, certificate_key: {file: ./${name}.key}}
    scopes: [openid, email, offline_access]
    authorization: {params: {prompt: consent}}
`;

before(async () => {
  const port = await freePort();
  authUrl = `http://localhost:${port}/api/auth`;
  const { publicKey, raw } = new X509Certificate(own.cert);
  const client = {
    client_id: "client-of-op", token_endpoint_auth_method: METHOD, tls_client_certificate_bound_access_tokens: true,
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), x5c: [raw.toString("base64")] }] },
    grant_types: ["authorization_code", "refresh_token"], redirect_uris: ["bound", "stranger", "unbound"].map((id) => `${authUrl}/callback/${id}`),
  };
  op = await startOpenid({ clients: [client], mutualTls: tls, accessToken: 4 });
  const files = {
    "providers/bound.yaml": file("bound", true), "providers/stranger.yaml": file("stranger", true), "providers/unbound.yaml": file("unbound", false),
    "own.pem": own.cert, "own.key": own.key, "other.pem": other.cert, "other.key": other.key, "ca.pem": tls.cert,
    "authcfg.yaml": `base_url: ${authUrl}\nsession: {strategy: database, store: memory}\nproviders:${deployed("bound", "own")}${deployed("stranger", "other")}${deployed("unbound", "own")}`,
  };
  server = await serve({ files, env: { AUTH_SECRET: canary("auth-secret"), SSL_CERT_FILE: "ca.pem" }, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

async function signIn(id) {
  const visitor = new Visitor();
  op.seen.certificates.length = 0;
  const { url } = await startSignIn(visitor, authUrl, id);
  await visitor.request(await answerOpenid(visitor, url, { login: "ada@op.example" }));
  const { value } = await session(visitor, authUrl);
  return { visitor, value, shown: op.seen.certificates.filter((line) => /^\/(token|me) /.test(line)) };
}

test("the certificate is shown for a token and with it, again when the token is renewed, and never where nobody asks who comes", async () => {
  const { visitor, value, shown } = await signIn("bound");
  assert.equal(value.user.email, "ada@op.example", server.program.output);
  assert.deepEqual(shown, ["/token CN=authcfg e2e", "/me CN=authcfg e2e"]);
  for (const line of op.seen.certificates.filter((line) => !/^\/(token|me) /.test(line))) assert.match(line, / none$/);
  await seconds(5);
  assert.equal((await session(visitor, authUrl)).value.user.email, "ada@op.example");
  assert.deepEqual(op.seen.refreshes, ["granted"], server.program.output);
});

test("a certificate that the provider does not know signs nobody in", async () => {
  const { value, shown } = await signIn("stranger");
  assert.equal(value, null);
  assert.deepEqual(shown, ["/token CN=authcfg e2e"]);
  assert.match(server.program.output, /invalid_client/);
});

test("a bound token without its certificate tells nothing", async () => {
  const { value, shown } = await signIn("unbound");
  assert.equal(value, null);
  assert.deepEqual(shown, ["/token CN=authcfg e2e", "/me none"]);
  assert.match(server.program.output, /userinfo/);
});
