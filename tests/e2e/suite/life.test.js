// The whole life of tokens at three providers: given, used, renewed, taken back; by a browser and from a terminal. Each is the generic
// `oidc` with what the provider does otherwise: three keys at most.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BINARY, folder, serve } from "../lib/authcfg.js";
import { startDjango } from "../lib/django.js";
import { startGlewlwyd } from "../lib/glewlwyd.js";
import { startOpenid } from "../lib/openid.js";
import { freePort, Program } from "../lib/program.js";
import { answerOpenid, csrf, endSession, session, startSignIn, typeInCode, Visitor } from "../lib/visitor.js";
import { watched } from "../lib/watch.js";
import { canary } from "../lib/world.js";

const LIFETIME = 6;
const EMAIL = "ada@op.example";
const COOKIE = "authjs.session-token";
const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000));

const PROVIDERS = {
  certified: {
    start: startCertified,
    deviations: (issuer) => ({
      scopes: ["openid", "profile", "email", "offline_access"], // without it no refresh token
      request: { prompt: "consent" }, // without it no offline_access: OpenID Connect Core, section 11
      revocation_endpoint: `${issuer}/token/revocation`,
    }),
  },
  glewlwyd: {
    start: startGlewlwyd,
    deviations: (issuer) => ({
      revocation_endpoint: `${issuer}/revoke`,
      revocation: { cascades: false }, // an access token stays good when its refresh token is revoked
      refresh: { ended: "body is none" }, // a refresh token that is over is told by status 400 and nothing else
    }),
  },
  django: {
    start: startDjango,
    deviations: (issuer) => ({ revocation_endpoint: `${issuer}/revoke_token/` }), // of which its discovery document says nothing
    // A device is a client of its own there, and gets no id_token.
    device: (issuer) => ({
      use: "oauth2", vars: { authorization_endpoint: `${issuer}/authorize/`, token_endpoint: `${issuer}/token/`, userinfo_endpoint: `${issuer}/userinfo/` },
      client_id: "client-of-django-device", scopes: ["openid", "profile", "email"], device_authorization_endpoint: `${issuer}/device-authorization/`,
    }),
  },
};

async function startCertified({ origin, client, lifetime }) {
  const { id, secret, redirectUris, postLogoutRedirectUri } = client;
  const registered = { client_id: id, client_secret: secret, redirect_uris: redirectUris, post_logout_redirect_uris: [postLogoutRedirectUri], grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"] };
  const op = await startOpenid({ clients: [registered], accessToken: lifetime, logout: true, origin });
  const person = { login: EMAIL };
  return {
    ...op, introspection: `${origin}/token/introspection`, answer: (visitor, url) => answerOpenid(visitor, url, person),
    typeIn: (visitor, address, code) => typeInCode(visitor, address, code, { confirm: "yes" }, person), endSession,
  };
}

const [ops, env] = [{}, {}];
const known = { secret: canary("auth-secret") };
const screens = [];
let server, authUrl, here;

before(async () => {
  const port = await freePort();
  authUrl = `http://localhost:${port}/api/auth`;
  const [providers, devices] = [{}, {}];
  env.AUTH_SECRET = known.secret;
  for (const [id, { start, deviations, device }] of Object.entries(PROVIDERS)) {
    known[id] = canary(id);
    const terminalUri = `http://127.0.0.1:${await freePort()}/callback`;
    const client = { id: `client-of-${id}`, secret: known[id], redirectUris: [`${authUrl}/callback/${id}`, terminalUri], postLogoutRedirectUri: `${authUrl}/signed-out` };
    const op = await watched((origin) => start({ origin, client, lifetime: LIFETIME }));
    ops[id] = { ...op, terminalUri };
    providers[id] = { use: "oidc", name: id, issuer: op.issuer, ...deviations(op.issuer) };
    devices[id] = device?.(op.issuer) ?? providers[id];
    Object.assign(env, { [`AUTH_${id.toUpperCase()}_ID`]: client.id, [`AUTH_${id.toUpperCase()}_SECRET`]: client.secret });
  }
  const deployment = { base_url: authUrl, providers, session: { strategy: "database", store: "sqlite:sessions.db", logout: "provider", expose_tokens: ["access_token", "id_token"] } };
  here = folder({ "authcfg.yaml": JSON.stringify({ providers }), "device/authcfg.yaml": JSON.stringify({ providers: devices }) });
  server = await serve({ files: { "authcfg.yaml": JSON.stringify(deployment) }, env, listen: `127.0.0.1:${port}` });
});
after(async () => {
  await server?.stop();
  here?.remove();
  for (const op of Object.values(ops)) await op.stop();
});

/** What a provider was asked at its token endpoint with such a grant, and what it gave. */
const tokens = (op, grant) => op.requests.filter(({ form }) => form.grant_type === grant);

async function signIn(id) {
  const [op, visitor] = [ops[id], new Visitor()];
  const { url } = await startSignIn(visitor, authUrl, id);
  await visitor.request(await op.answer(visitor, url));
  const { value } = await session(visitor, authUrl);
  const given = tokens(op, "authorization_code").at(-1).answer;
  assert.equal(value?.access_token, given.access_token, server.program.output.slice(-2000));
  return { visitor, value, given };
}

/** What `look` finds, within a few seconds: a sign-out does not wait for the provider. */
async function soon(look) {
  for (let tries = 0; tries < 100; tries += 1, await seconds(0.05)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`not within 5 s: ${look}`);
}

/** A command of authcfg at a terminal, in the folder `at`. */
const command = (at, ...args) => new Program(BINARY, args, { cwd: `${here.path}/${at}`, env: { ...env, NO_COLOR: "1" } });

/** `authcfg login` until it asks for a person; `asks` finds what it shows. */
async function login(id, at, asks, ...args) {
  const program = command(at, "login", id, ...args);
  const shown = await program.until(asks);
  return [program, ...shown.slice(1)];
}

/** The token that `authcfg token` prints. */
async function token(id) {
  const program = command(".", "token", id);
  assert.equal((await program.exit).code, 0, program.output);
  return program.output.trim();
}

/** What was printed: who has signed in. */
async function signedIn(program) {
  assert.equal((await program.exit).code, 0, program.output);
  assert.match(program.output, new RegExp(`"email": "${EMAIL}"`));
  assert.match(program.output, / access_token=… /);
  screens.push(program.output);
}

/** What a provider answers the client itself. */
async function ask(id, url, form) {
  const authorization = `Basic ${Buffer.from(`client-of-${id}:${known[id]}`).toString("base64")}`;
  return await fetch(url, { method: "POST", headers: { authorization }, body: new URLSearchParams(form) });
}

const isActive = async (id, token) => (await (await ask(id, ops[id].introspection, { token })).json()).active;

/** Whether somebody who has the client's secret can refresh with this token. */
async function refreshes(id, refresh_token) {
  const endpoint = `${ops[id].origin}${tokens(ops[id], "authorization_code")[0].path}`;
  return (await ask(id, endpoint, { grant_type: "refresh_token", refresh_token })).ok;
}

describe("at three providers", { concurrency: true }, () => {
  for (const [id, provider] of Object.entries(PROVIDERS)) describe(id, { concurrency: 1 }, () => life(id, provider));
});

function life(id, { deviations }) {
  test("three keys at most say what it does otherwise", () => {
    const keys = Object.keys(deviations("http://127.0.0.1"));
    assert.ok(keys.length > 0 && keys.length <= 3, keys.join());
  });

  test("a session has the claims of userinfo, and tokens that are renewed where the refresh token is good once", async () => {
    const { visitor, value, given } = await signIn(id);
    assert.equal(value.user.email, EMAIL);
    assert.match(value.user.name, /^ada example$/i);
    const userinfo = ops[id].requests.find(({ path }) => /\/(me|userinfo)\/?$/.test(path));
    assert.deepEqual([userinfo.status, userinfo.answer.email], [200, EMAIL]);
    assert.equal(await isActive(id, given.access_token), true);

    const before = tokens(ops[id], "refresh_token").length;
    await seconds(LIFETIME + 1);
    const { value: renewed } = await session(visitor, authUrl);
    const [refresh, ...more] = tokens(ops[id], "refresh_token").slice(before);
    assert.deepEqual([refresh?.status, more], [200, []]);
    assert.equal(refresh.form.refresh_token, given.refresh_token);
    assert.equal(renewed.access_token, refresh.answer.access_token);
    assert.notEqual(refresh.answer.refresh_token, given.refresh_token);
    assert.deepEqual([renewed.user, renewed.error], [value.user, undefined]);
    assert.equal(await isActive(id, renewed.access_token), true);

    // What was used is used up. Then the provider ends the grant, and with it goes the session.
    assert.equal(await refreshes(id, given.refresh_token), false);
    await ask(id, deviations(ops[id].issuer).revocation_endpoint, { token: refresh.answer.refresh_token });
    await seconds(LIFETIME + 1);
    assert.equal((await session(visitor, authUrl)).value, null);
    assert.equal(tokens(ops[id], "refresh_token").at(-1).form.refresh_token, refresh.answer.refresh_token);
    assert.equal(visitor.cookie(COOKIE), undefined);
  });

  test("a sign-out ends the tokens, and the session at the provider", async () => {
    const { visitor, given } = await signIn(id);
    assert.equal(await isActive(id, given.access_token), true);
    const form = { csrfToken: await csrf(visitor, authUrl), callbackUrl: "/bye", json: "true" };
    const { url } = JSON.parse((await visitor.request(`${authUrl}/signout`, { form })).text);
    assert.ok(url.startsWith(ops[id].origin) && url.includes("id_token_hint="), url);
    const alone = deviations("").revocation?.cascades !== false;
    for (const token of [given.refresh_token, ...(alone ? [] : [given.access_token])]) {
      const revocation = await soon(() => ops[id].requests.find(({ form }) => form.token === token && form.token_type_hint));
      assert.equal(revocation.status, 200);
    }
    assert.equal(await isActive(id, given.access_token), false);
    assert.equal(await refreshes(id, given.refresh_token), false);

    const back = await ops[id].endSession(visitor, url);
    assert.ok(back.startsWith(`${authUrl}/signed-out?state=`), back);
    assert.equal((await visitor.request(back)).location, `${new URL(authUrl).origin}/bye`);
    assert.equal((await session(visitor, authUrl)).value, null);
    const { url: again } = await startSignIn(visitor, authUrl, id);
    assert.match((await visitor.request(again)).location, /login|interaction/, "it asks who it is");
  });

  test("from a terminal: a browser that comes back to it, a token whenever it is needed, and the end", async () => {
    const [program, url] = await login(id, ".", /open in a browser\s+(http\S+)/, "--no-browser", "--redirect-uri", ops[id].terminalUri);
    const visitor = new Visitor();
    assert.match((await visitor.request(await ops[id].answer(visitor, url))).text, /You can close this window/);
    await signedIn(program);
    const given = tokens(ops[id], "authorization_code").at(-1).answer;
    assert.equal(await token(id), given.access_token);

    await seconds(LIFETIME + 1);
    const renewed = await token(id);
    const refresh = tokens(ops[id], "refresh_token").at(-1);
    assert.deepEqual([refresh.form.refresh_token, refresh.answer.access_token], [given.refresh_token, renewed]);
    assert.equal(await isActive(id, renewed), true);

    const logout = command(".", "logout", id, "--no-browser");
    assert.equal((await logout.exit).code, 0, logout.output);
    screens.push(logout.output);
    assert.equal(await isActive(id, renewed), false);
    assert.equal(await refreshes(id, refresh.answer.refresh_token), false);
    assert.equal((await command(".", "token", id).exit).code, 4);
  });

  test("from a terminal: a code that is typed in elsewhere", async () => {
    const [program, address, code] = await login(id, "device", /open (http\S+)\s+and type in\s+(\S+)/, "--device");
    await ops[id].typeIn(new Visitor(), address, code);
    await signedIn(program);
  });
}

test("no secret is in the log, or on a screen", () => {
  const log = [server.program.output, ...screens].join("\n");
  const secrets = [...Object.values(known), ...Object.values(ops).flatMap((op) => [...op.secrets])];
  assert.ok(secrets.length > 20 && log.includes("signed in"), "the run left secrets to look for, and a log");
  for (const text of secrets) assert.ok(!log.includes(text), "the log holds a secret");
});
