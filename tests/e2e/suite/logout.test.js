// Signing out at a real provider: from here with RP-Initiated Logout, and from there with Back-Channel Logout.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { freePort } from "../lib/program.js";
import { answerOpenid, csrf, endSession, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

// Of the provider's two clients one is told which of its sessions has ended, the other only whose.
const CLIENTS = { one: true, all: false };
let op, server, authUrl;
const known = {};

before(async () => {
  const port = await freePort();
  authUrl = `http://localhost:${port}/api/auth`;
  for (const name of ["secret", ...Object.keys(CLIENTS)]) known[name] = canary(name);
  const clients = Object.entries(CLIENTS).map(([id, backchannel_logout_session_required]) => ({
    client_id: `client-of-${id}`, client_secret: known[id], redirect_uris: [`${authUrl}/callback/${id}`],
    post_logout_redirect_uris: [`${authUrl}/signed-out`], backchannel_logout_uri: `${authUrl}/backchannel-logout/${id}`,
    backchannel_logout_session_required,
  }));
  op = await startOpenid({ clients, logout: true });
  const providers = Object.keys(CLIENTS).map((id) => `  ${id}: {use: oidc, name: Example ${id}, issuer: "${op.issuer}"}`);
  const deployment = `base_url: ${authUrl}
providers:
${providers.join("\n")}
session: {strategy: database, store: memory, logout: provider}
`;
  const env = { AUTH_SECRET: known.secret };
  for (const id of Object.keys(CLIENTS)) Object.assign(env, { [`AUTH_${id.toUpperCase()}_ID`]: `client-of-${id}`, [`AUTH_${id.toUpperCase()}_SECRET`]: known[id] });
  server = await serve({ files: { "authcfg.yaml": deployment }, env, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  await op?.stop();
});

async function signIn(provider, login) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, provider);
  await visitor.request(await answerOpenid(visitor, url, { login }));
  assert.equal((await who(visitor)), login);
  return visitor;
}

const who = async (visitor) => (await session(visitor, authUrl)).value?.user.email;

/** Where next-auth's version 4 client is sent. */
async function signOut(visitor) {
  const form = { csrfToken: await csrf(visitor, authUrl), callbackUrl: "/bye", json: "true" };
  return JSON.parse((await visitor.request(`${authUrl}/signout`, { form })).text).url;
}

test("a sign-out goes to the provider, which ends the person's sessions in every browser, and comes back", async () => {
  const [first, second, other] = [await signIn("all", "ada@op.example"), await signIn("all", "ada@op.example"), await signIn("all", "eve@op.example")];
  const url = await signOut(first);
  assert.ok(url.startsWith(`${op.issuer}/session/end?id_token_hint=`), url);
  assert.equal(await who(first), undefined, "over before the browser is at the provider");
  assert.equal(await who(second), "ada@op.example");
  const back = await endSession(first, url);
  assert.ok(back.startsWith(`${authUrl}/signed-out?state=`), back);
  assert.equal((await first.request(back)).location, `${new URL(authUrl).origin}/bye`);
  assert.deepEqual([op.seen.told, op.seen.untold], [["client-of-all"], []]);
  assert.equal(await who(second), undefined, "signed out by the provider");
  assert.equal((await session(second, authUrl)).text, "null");
  assert.equal(await who(other), "eve@op.example");

  const { url: again } = await startSignIn(first, authUrl, "all");
  assert.ok((await first.request(again)).location.includes("/interaction/"), "the provider asks who it is");
});

test("a sign-out at the provider ends the session of that browser, where it says which", async () => {
  const [first, second] = [await signIn("one", "grace@op.example"), await signIn("one", "grace@op.example")];
  await endSession(first, `${op.issuer}/session/end`);
  assert.deepEqual([op.seen.told.at(-1), op.seen.untold], ["client-of-one", []]);
  assert.equal(await who(first), undefined);
  assert.equal(await who(second), "grace@op.example");
});

test("a browser that did not leave does not come back", async () => {
  const [first, stranger] = [await signIn("all", "ada@op.example"), new Visitor()];
  const back = await endSession(first, await signOut(first));
  assert.equal((await stranger.request(back)).location, `${authUrl}/signin`);
  assert.equal((await first.request(back)).location, `${new URL(authUrl).origin}/bye`);
});

test("no secret is in the log", () => {
  const log = server.program.output;
  const secrets = [...Object.values(known), ...op.seen.secrets];
  assert.ok(secrets.length > 5 && log.includes("signed out by the provider"), "the run left secrets to look for, and a log");
  for (const text of secrets) assert.ok(!log.includes(text), "the log holds a secret");
});
