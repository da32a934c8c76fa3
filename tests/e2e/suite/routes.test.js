// From an e-mail domain to a provider and its organization; and what one sign-in may pass to WorkOS.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, launch, openApp, sessionShown, settled, signInByDomain } from "../lib/browser.js";
import { answerWorkos, session, startSignIn, Visitor } from "../lib/visitor.js";
import { ACME, GLOBEX } from "../lib/workos.js";
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

const lastAsked = () => world.workos.seen.authorize.at(-1).query;
const asked = () => world.workos.seen.authorize.length;

/** Signs in at WorkOS without a browser; returns who is signed in then. */
async function signIn(query, options = {}) {
  const visitor = new Visitor();
  const started = await startSignIn(visitor, authUrl, "workos", { query });
  const callback = await answerWorkos(visitor, started.url, options);
  const ended = await visitor.request(callback);
  return { visitor, ended, session: (await session(visitor, authUrl)).value };
}

for (const version of ["v4", "v5"]) {
  test(`next-auth ${version}: a domain without a route goes through, and WorkOS's refusal is a page`, async () => {
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, version);
    await signInByDomain(page, "ada@unrouted.example");
    await page.waitForURL(/\/signin\?/);
    assert.equal(lastAsked().domain, "unrouted.example");
    assert.equal(lastAsked().organization, undefined);
    const shown = new URL(page.url());
    assert.equal(shown.origin + shown.pathname, `${authUrl}/signin`);
    assert.equal(shown.searchParams.get("error"), "OAuthCallbackError");
    assert.match(await page.getByRole("alert").textContent(), /Try signing in with a different account/);
    await openApp(page, world.front, version);
    assert.equal(await settled(page), "unauthenticated");
    const line = world.logs().split("\n").find((one) => one.includes("domain_connection_selector_not_allowed"));
    assert.match(line ?? "no line", /workos/, "the log has the provider and its own word");
    await person.close();
  });

  test(`next-auth ${version}: a route may lead to another provider`, async () => {
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, version);
    const before = asked();
    await signInByDomain(page, "grace@op.example");
    await answerOpenidPages(page, { login: "grace@op.example" });
    await page.waitForURL(`${world.front.origin}/${version}/`);
    await settled(page);
    assert.equal((await sessionShown(page)).user.email, "grace@op.example");
    assert.equal(asked(), before);
    await person.close();
  });
}

test("a client passes the organization itself", async () => {
  const person = await browser.person();
  const page = await person.newPage();
  await openApp(page, world.front, "v5");
  await page.evaluate(`client.signIn("workos", undefined, {organization: "${GLOBEX.organization}", login_hint: "hedy@globex.example"})`);
  await page.waitForURL(/\/idp\/login/);
  assert.equal(await page.getByLabel("E-mail").inputValue(), "hedy@globex.example");
  await answerWorkosPage(page, { email: "hedy@globex.example" });
  await page.waitForURL(`${world.front.origin}/v5/`);
  await settled(page);
  assert.equal((await sessionShown(page)).user.email, "hedy@globex.example");
  assert.deepEqual([lastAsked().organization, lastAsked().login_hint], [GLOBEX.organization, "hedy@globex.example"]);
  await person.close();
});

for (const [domain, email] of [["acme.example", "ada@acme.example"], ["ACME.example", "ada@acme.example"], ["eu.acme.example", "ada@eu.acme.example"]]) {
  test(`the domain ${domain} becomes the organization of its route`, async () => {
    const { session } = await signIn({ domain }, { email });
    assert.deepEqual([lastAsked().organization, lastAsked().domain], [ACME.organization, undefined]);
    assert.equal(session.user.email, email);
  });
}

test("a domain that only ends like a route's is not of that route", async () => {
  const { session } = await signIn({ domain: "evil-acme.example" });
  assert.deepEqual([lastAsked().organization, lastAsked().domain, session], [undefined, "evil-acme.example", null]);
});

test("by connection; what is empty is not sent", async () => {
  const { session } = await signIn({ connection: ACME.connection, organization: "", domain: "", provider: "", domain_hint: "" });
  const { connection, ...rest } = lastAsked();
  assert.equal(connection, ACME.connection);
  for (const name of ["organization", "domain", "provider", "domain_hint"]) assert.ok(!(name in rest), `${name} was sent`);
  assert.equal(session.user.name, "Ada Lovelace");
});

for (const [name, query] of [["two selectors", { organization: ACME.organization, connection: ACME.connection }], ["no selector", {}], ["an ill-formed organization", { organization: "org_01&domain=x" }]]) {
  test(`${name}: refused before WorkOS is asked`, async () => {
    const before = asked();
    const visitor = new Visitor();
    const { url } = await startSignIn(visitor, authUrl, "workos", { query });
    assert.equal(url, `${authUrl}/signin?error=OAuthSignin`);
    assert.equal(asked(), before);
    assert.equal((await session(visitor, authUrl)).value, null);
  });
}

test("an organization WorkOS does not know: its error, a page, nobody signed in", async () => {
  const { ended, session } = await signIn({ organization: "org_01NOBODY" });
  assert.equal(ended.location, `${authUrl}/signin?error=OAuthCallbackError`);
  assert.equal(session, null);
  assert.match(world.logs(), /organization_invalid/);
});

test("an e-mail outside the organization is WorkOS's refusal", async () => {
  const { ended, session } = await signIn({ organization: ACME.organization }, { email: "mallory@evil.example" });
  assert.equal(ended.location, `${authUrl}/signin?error=OAuthCallbackError`);
  assert.equal(session, null);
});

test("undeclared query parameters, and those of the protocol, do not pass", async () => {
  const query = { domain: "acme.example", redirect_uri: "https://evil.example/", client_id: "evil", response_type: "token", state: "fixed", scope: "admin", code_challenge: "x", nonce: "n", evil: "1" };
  const { session } = await signIn(query);
  const sent = lastAsked();
  assert.deepEqual([sent.redirect_uri, sent.client_id, sent.response_type], [`${authUrl}/callback/workos`, world.workos.clientId, "code"]);
  assert.notEqual(sent.state, "fixed");
  assert.notEqual(sent.code_challenge, "x");
  for (const name of ["scope", "evil"]) assert.ok(!(name in sent), `${name} was sent`);
  assert.equal(session.user.email, "ada@acme.example");
});

test("a profile without names and raw attributes signs in, and shows no null", async () => {
  world.workos.options.people["null@acme.example"] = { first_name: null, last_name: null, raw_attributes: undefined };
  const { session } = await signIn({ domain: "acme.example" }, { email: "null@acme.example" });
  assert.equal(session.user.email, "null@acme.example");
  assert.doesNotMatch(JSON.stringify(session), /null null|undefined|"null"/);
});

test("a token response without token_type is accepted", async () => {
  world.workos.options.tokenResponse = ({ token_type, ...answer }) => answer;
  const { session } = await signIn({ domain: "acme.example" });
  world.workos.options.tokenResponse = (answer) => answer;
  assert.equal(session.user.email, "ada@acme.example");
});

test("the deployment's own input fills in where the sign-in gives none", async () => {
  const google = (parts) => DEPLOYMENT(parts).replace(`issuer: "${parts.workos.issuer}"`, `issuer: "${parts.workos.issuer}", request: {provider: GoogleOAuth}`);
  await world.restart({ deployment: google });
  const first = await signIn({}, { email: "someone@mail.example" });
  assert.equal(lastAsked().provider, "GoogleOAuth");
  assert.equal(first.session.user.email, "someone@mail.example");
  await signIn({ domain: "acme.example" });
  assert.deepEqual([lastAsked().organization, lastAsked().provider], [ACME.organization, undefined]);
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
