// Parameters that the client signs (RFC 9101), at a real provider that takes no others from it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { keyPair } from "../lib/keys.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const IDS = ["value", "pushed", "plain", "other"];
let op, server, authUrl;

before(async () => {
  const [secret, opSecret, port] = [canary("auth-secret"), canary("op-secret"), await freePort()];
  const pem = (key) => key.export({ type: "pkcs8", format: "pem" });
  const [own, other] = [keyPair("ec", { namedCurve: "P-256" }), keyPair("ec", { namedCurve: "P-256" })];
  authUrl = `http://localhost:${port}/api/auth`;
  const jwks = { keys: [{ ...own.publicKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] };
  const client = { client_id: "client-of-op", client_secret: opSecret, redirect_uris: IDS.map((id) => `${authUrl}/callback/${id}`), jwks, request_object_signing_alg: "ES256", require_signed_request_object: true };
  op = await startOpenid({ clients: [client], features: { requestObjects: { enabled: true } } });
  const provider = (key, more) => `{use: oidc, issuer: "${op.issuer}", client_id: client-of-op, client_secret: {env: OP_SECRET}${key && `, client: {private_key: {env: ${key}}}`}${more}}`;
  const deployment = `
base_url: ${authUrl}
catalog: [./providers]
providers:
  value: ${provider("OWN_KEY", ", use: signed").replace("use: oidc, ", "")}
  pushed: ${provider("OWN_KEY", ", use: signed, require_pushed_authorization_requests: true").replace("use: oidc, ", "")}
  other: ${provider("OTHER_KEY", ", use: signed").replace("use: oidc, ", "")}
  plain: ${provider("", "")}
`;
  const signed = `
id: signed
name: Signed
extends: oidc
client: {private_key: {format: pem, secret: true}}
authorization: {request_object_signing_alg: ES256}
`;
  const env = { AUTH_SECRET: secret, OP_SECRET: opSecret, OWN_KEY: pem(own.privateKey), OTHER_KEY: pem(other.privateKey) };
  server = await serve({ files: { "authcfg.yaml": deployment, "providers/signed.yaml": signed }, env, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

test("a sign-in whose parameters are signed, by the browser and ahead of it", async () => {
  for (const [id, carried] of [["value", ["client_id", "request"]], ["pushed", ["client_id", "request_uri"]]]) {
    const visitor = new Visitor();
    const { url } = await startSignIn(visitor, authUrl, id, { query: { login_hint: "ada@op.example", max_age: "600" } });
    assert.deepEqual([...new URL(url).searchParams.keys()].sort(), carried);
    await visitor.request(await answerOpenid(visitor, url, { login: "ada@op.example" }));
    assert.equal((await session(visitor, authUrl)).value?.user?.email, "ada@op.example", id);
  }
});

test("what another key has signed, what was changed and what is not signed is refused by the provider", async () => {
  for (const id of ["other", "plain", "value"]) {
    const visitor = new Visitor();
    const url = new URL((await startSignIn(visitor, authUrl, id)).url);
    if (id === "value") {
      const [header, payload, signature] = url.searchParams.get("request").split(".");
      const claims = { ...JSON.parse(Buffer.from(payload, "base64url")), scope: "openid offline_access" };
      url.searchParams.set("request", `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`);
    }
    const { status, text, location } = await visitor.request(url.href);
    assert.ok(status === 400 || /error=/.test(location), `${id}: ${status} ${location} ${text}`);
  }
});
