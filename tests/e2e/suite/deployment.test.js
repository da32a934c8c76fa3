// What a deployment file decides: who may sign in, the application's own pages, where a sign-in may end, what /session shows.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerWorkosPage, launch, openApp, settled, signInByDomain } from "../lib/browser.js";
import { answerOpenid, answerWorkos, csrf, session, startSignIn, Visitor } from "../lib/visitor.js";
import { ACME } from "../lib/workos.js";
import { DEPLOYMENT, startWorld } from "../lib/world.js";

let world, browser, authUrl;
before(async () => {
  world = await startWorld();
  browser = await launch();
  authUrl = world.front.authUrl;
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

const restart = (more) => world.restart({ deployment: (parts) => DEPLOYMENT(parts) + more });

async function signIn(provider, { email = "ada@acme.example", callbackUrl } = {}) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, provider, { callbackUrl, query: provider === "workos" ? { domain: "acme.example" } : {} });
  const callback = await (provider === "workos" ? answerWorkos(visitor, url, { email }) : answerOpenid(visitor, url, { login: email }));
  const { location } = await visitor.request(callback);
  return { visitor, location, user: (await session(visitor, authUrl)).value?.user ?? null };
}

describe("allow", () => {
  test("by the claims of the profile: who has them is in, who has not is out", async () => {
    await restart(`allow:\n  - {providers: [workos], profile: {organization: [${ACME.organization}]}}\n`);
    assert.equal((await signIn("workos")).user.email, "ada@acme.example");
    const other = await signIn("op", { email: "grace@op.example" });
    assert.deepEqual([other.location, other.user], [`${authUrl}/error?error=AccessDenied`, null]);

    await restart(`allow:\n  - {providers: [workos], profile: {organization: [org_01OTHER]}}\n`);
    const refused = await signIn("workos");
    assert.deepEqual([refused.location, refused.user], [`${authUrl}/error?error=AccessDenied`, null]);
    assert.equal((await refused.visitor.request(refused.location)).status, 403);
  });

  test("by e-mail: only a verified one counts", async () => {
    await restart(`allow:\n  - {emails: ["*@op.example", "*@acme.example"]}\n`);
    assert.equal((await signIn("op", { email: "grace@op.example" })).user.email, "grace@op.example");
    assert.equal((await signIn("op", { email: "grace@evil-op.example" })).user, null);
    assert.equal((await signIn("op", { email: "grace@sub.op.example" })).user, null);
    // WorkOS says the right address, and nobody has verified it.
    assert.equal((await signIn("workos")).location, `${authUrl}/error?error=AccessDenied`);
  });

  test("the page in Chromium offers another try", async () => {
    await restart(`allow:\n  - {emails: ["nobody@acme.example"]}\n`);
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, "v5");
    await signInByDomain(page);
    await answerWorkosPage(page);
    await page.waitForURL(`${authUrl}/error?error=AccessDenied`);
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Access Denied");
    assert.ok(await page.getByRole("link", { name: "Sign in" }).isVisible());
    await openApp(page, world.front, "v5");
    assert.equal(await settled(page), "unauthenticated");
    await person.close();
  });
});

test("pages: the application's own replace the built-in ones", async () => {
  await restart("pages: {sign_in: /v5/login, sign_out: /v5/bye, error: /v5/oops}\n");
  const visitor = new Visitor();
  const { origin } = world.front;
  const at = async (path) => new URL((await visitor.request(`${authUrl}/${path}`)).location);
  const login = await at("signin?callbackUrl=/deep&error=SessionRequired");
  assert.deepEqual([login.origin + login.pathname, Object.fromEntries(login.searchParams)], [`${origin}/v5/login`, { callbackUrl: `${origin}/deep`, error: "SessionRequired" }]);
  assert.equal((await at("signout")).pathname, "/v5/bye");
  assert.equal((await at("error?error=AccessDenied")).href, `${origin}/v5/oops?error=AccessDenied`);

  const person = await browser.person();
  const page = await person.newPage();
  await openApp(page, world.front, "v5");
  await signInByDomain(page);
  await answerWorkosPage(page, { answer: "Deny" });
  await page.waitForURL(/\/v5\/login/);
  assert.equal(new URL(page.url()).searchParams.get("error"), "OAuthCallbackError");
  assert.equal(await settled(page), "unauthenticated");
  await person.close();
});

test("redirect_allow: another origin that is listed, exactly that one", async () => {
  await restart("redirect_allow: [https://www.example.com]\n");
  assert.equal((await signIn("workos", { callbackUrl: "https://www.example.com/welcome?a=b" })).location, "https://www.example.com/welcome?a=b");
  for (const callbackUrl of ["https://www.example.com.evil.example/", "https://example.com/", "http://www.example.com/", "https://www.example.com:8443/", "https://x@www.example.com/"]) {
    assert.equal(new URL((await signIn("workos", { callbackUrl })).location).origin, world.front.origin, callbackUrl);
  }
});

test("session: its length, and further claims where the file names them", async () => {
  await restart("session: {max_age: 2h, claims: [organization]}\n");
  const { visitor, user } = await signIn("workos");
  assert.equal(user.organization, ACME.organization);
  const { value } = await session(visitor, authUrl);
  assert.ok(Math.abs(Date.parse(value.expires) - Date.now() - 2 * 3_600_000) < 60_000, value.expires);

  await restart("");
  const plain = await signIn("workos");
  assert.deepEqual(Object.keys(plain.user).sort(), ["email", "image", "name"]);
});

test("one key of a built-in file is overridden: the name becomes the e-mail", async () => {
  const deployment = (parts) => DEPLOYMENT(parts).replace(`issuer: "${parts.workos.issuer}"`, `issuer: "${parts.workos.issuer}", name: Company login, profile: {name: $.userinfo.email}`);
  await world.restart({ deployment });
  const { user, visitor } = await signIn("workos");
  assert.deepEqual([user.name, user.image], ["ada@acme.example", "https://images.example.com/ada.png"]);
  assert.equal(JSON.parse((await visitor.request(`${authUrl}/providers`)).text).workos.name, "Company login");
});

test("a sign-in begun before a restart with another client is not finished with it", async () => {
  await restart("");
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "workos", { query: { domain: "acme.example" } });
  const callback = await answerWorkos(visitor, url);
  await world.restart({ deployment: DEPLOYMENT, env: { AUTH_WORKOS_ID: "client_01OTHER" } });
  const before = world.workos.seen.token.length;
  assert.equal((await visitor.request(callback)).location, `${authUrl}/error?error=Configuration`);
  assert.equal(world.workos.seen.token.length, before);
  assert.equal((await session(visitor, authUrl)).value, null);
  assert.ok(await csrf(visitor, authUrl));
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
