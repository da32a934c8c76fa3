// Authorization responses that a real provider signs (JARM).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const MODES = { jwt: "jwt", query: "query.jwt" };
let op, server, authUrl;

before(async () => {
  const [secret, opSecret, port] = [canary("auth-secret"), canary("op-secret"), await freePort()];
  authUrl = `http://localhost:${port}/api/auth`;
  const redirect_uris = [...Object.keys(MODES), "plain"].map((id) => `${authUrl}/callback/${id}`);
  op = await startOpenid({ clients: [{ client_id: "client-of-op", client_secret: opSecret, redirect_uris }], features: { jwtResponseModes: { enabled: true } } });
  const provider = (more) => `{use: oidc, issuer: "${op.issuer}", client_id: client-of-op, client_secret: {env: OP_SECRET}${more}}`;
  const signed = Object.entries(MODES).map(([id, mode]) => `  ${id}: ${provider(`, authorization: {response_mode: ${mode}}`)}\n`);
  const deployment = `base_url: ${authUrl}\nproviders:\n${signed.join("")}  plain: ${provider("")}\n`;
  server = await serve({ files: { "authcfg.yaml": deployment }, env: { AUTH_SECRET: secret, OP_SECRET: opSecret }, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

/** Signs in up to the callback: `change` is what somebody makes of its address. */
async function signIn(id, { change = (url) => url, answer = "allow" } = {}) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, id);
  const callback = new URL(await answerOpenid(visitor, url, { login: "ada@op.example", answer }));
  const sent = [...callback.searchParams.keys()];
  const back = await visitor.request(change(callback).href);
  return { sent, back, user: (await session(visitor, authUrl)).value?.user };
}

test("a sign-in with a signed response, of which nothing else is in the address", async () => {
  for (const id of Object.keys(MODES)) {
    const { sent, user } = await signIn(id);
    assert.deepEqual(sent, ["response"]);
    assert.equal(user?.email, "ada@op.example", id);
  }
});

test("a person who says no does so in a signed response too", async () => {
  const { sent, back, user } = await signIn("jwt", { answer: "deny" });
  assert.deepEqual(sent, ["response"]);
  assert.equal(user, undefined);
  assert.match(back.location, /error=/);
});

test("a response with another signature signs nobody in", async () => {
  const change = (url) => {
    const [header, payload, signature] = url.searchParams.get("response").split(".");
    url.searchParams.set("response", `${header}.${payload}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`);
    return url;
  };
  const { user } = await signIn("jwt", { change });
  assert.equal(user, undefined);
});

test("a plain response where a signed one was asked for signs nobody in, and the other way round", async () => {
  const plain = (url) => {
    const claims = JSON.parse(Buffer.from(url.searchParams.get("response").split(".")[1], "base64url"));
    url.search = new URLSearchParams({ code: claims.code, state: claims.state, iss: claims.iss });
    return url;
  };
  assert.equal((await signIn("jwt", { change: plain })).user, undefined);
  assert.equal((await signIn("plain")).user?.email, "ada@op.example");
});
