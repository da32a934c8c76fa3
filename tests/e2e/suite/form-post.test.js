// `response_mode: form_post`: the provider's page posts the answer across sites, so the cookie of the sign-in must come along.
// Over TLS as in a deployment (proxy in front, `__Host-` and `__Secure-` names), and on plain loopback as on a developer's machine.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, cookiesNamed, launch, openApp, sessionShown, settled, signInByDomain, signInWith } from "../lib/browser.js";
import { selfSigned } from "../lib/tls.js";
import { ACME } from "../lib/workos.js";
import { startWorld } from "../lib/world.js";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.stop());

const DEPLOYMENT = ({ front, workos, op }) => `
base_url: ${front.authUrl}
trusted_proxies: [127.0.0.1, "::1"]
providers:
  workos: {issuer: "${workos.issuer}", authorization_endpoint: "${workos.origin}/sso/authorize"}
  op: {use: oidc, name: Example ID, issuer: "${op.issuer}"}
  form: {use: oidc, name: Form ID, issuer: "${op.issuer}", authorization: {response_mode: form_post}, client_id: {env: AUTH_OP_ID}, client_secret: {env: AUTH_OP_SECRET}}
  signed: {use: oidc, name: Signed ID, issuer: "${op.issuer}", authorization: {response_mode: form_post.jwt}, client_id: {env: AUTH_OP_ID}, client_secret: {env: AUTH_OP_SECRET}}
routes:
  - {domains: [acme.example], provider: workos, request: {organization: ${ACME.organization}}}
`;

describe("over TLS", () => {
  let world;
  before(async () => {
    world = await startWorld({ deployment: DEPLOYMENT, tls: selfSigned(), workosOptions: { idpElsewhere: true } });
  });
  after(() => world?.stop());

  const person = () => browser.person({ ignoreHTTPSErrors: true });

  for (const [version, id, fields] of [["v4", "form", ["code", "iss", "state"]], ["v5", "form", ["code", "iss", "state"]], ["v5", "signed", ["response"]]]) {
    test(`next-auth ${version}: a cross-site form post of ${fields} signs in`, async () => {
      const context = await person();
      const page = await context.newPage();
      await openApp(page, world.front, version);
      await signInWith(page, id);
      await page.waitForURL(/\/interaction\//);
      const [transaction] = await cookiesNamed(context, "authcfg.tx.");
      assert.match(transaction.name, /^__Host-authcfg\.tx\.[0-9a-f]{16}$/);
      assert.deepEqual([transaction.sameSite, transaction.secure, transaction.httpOnly], ["None", true, true]);
      const posted = page.waitForRequest((request) => request.url().endsWith(`/callback/${id}`));
      await answerOpenidPages(page);
      const request = await posted;
      assert.equal(request.method(), "POST");
      assert.deepEqual([...new URLSearchParams(request.postData()).keys()].sort(), fields);
      assert.equal((await request.allHeaders())["sec-fetch-site"], "cross-site");
      await page.waitForURL(`${world.front.origin}/${version}/`);
      await settled(page);
      assert.equal((await sessionShown(page)).user.email, "grace@op.example");
      assert.deepEqual((await cookiesNamed(context, "session-token")).map(({ name, secure, sameSite }) => [name, secure, sameSite]), [["__Secure-authjs.session-token", true, "Lax"]]);
      assert.deepEqual(await cookiesNamed(context, "tx"), []);
      await context.close();
    });
  }

  test("another provider's cookie stays Lax, names carry their prefix", async () => {
    const context = await person();
    const page = await context.newPage();
    await openApp(page, world.front, "v5");
    await signInWith(page, "op");
    await page.waitForURL(/\/interaction\//);
    const [transaction] = await cookiesNamed(context, "authcfg.tx.");
    assert.equal(transaction.sameSite, "Lax");
    assert.deepEqual((await cookiesNamed(context, "csrf-token")).map(({ name }) => name), ["__Host-authjs.csrf-token"]);
    await answerOpenidPages(page);
    await page.waitForURL(`${world.front.origin}/v5/`);
    assert.equal(await settled(page), "authenticated");
    await context.close();
  });

  test("WorkOS sends the browser on to a third origin: the built-in page's policy lets the form through", async () => {
    const context = await browser.person({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${world.front.authUrl}/signin?callbackUrl=/after`);
    await page.getByLabel(/e-?mail/i).fill("ada@acme.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/idp\/login/);
    assert.equal(new URL(page.url()).origin, world.workos.idpOrigin);
    await answerWorkosPage(page, { email: "ada@acme.example" });
    await page.waitForURL(`${world.front.origin}/after`);
    await page.goto(`${world.front.authUrl}/session`);
    assert.match(await page.textContent("body"), /ada@acme\.example/);
    await context.close();
  });

  test("a denied form post is a page", async () => {
    const context = await person();
    const page = await context.newPage();
    await openApp(page, world.front, "v5");
    await signInWith(page, "form");
    await answerOpenidPages(page, { answer: "Deny" });
    await page.waitForURL(`${world.front.authUrl}/signin?error=OAuthCallbackError`);
    await openApp(page, world.front, "v5");
    assert.equal(await settled(page), "unauthenticated");
    await context.close();
  });

  test("the provider's answer in the query of a GET is refused", async () => {
    const context = await person();
    const page = await context.newPage();
    await openApp(page, world.front, "v5");
    await page.route("**/callback/form", (route) => route.fulfill({ status: 204 }));
    const held = page.waitForRequest((request) => request.url().endsWith("/callback/form"));
    await signInWith(page, "form");
    answerOpenidPages(page).catch(() => {}); // its last page never leaves
    const answer = new URLSearchParams((await held).postData());
    assert.ok(answer.get("code"));
    await page.goto(`${world.front.authUrl}/callback/form?${answer}`);
    assert.equal(page.url(), `${world.front.authUrl}/error?error=Configuration`);
    assert.deepEqual(await cookiesNamed(context, "session-token"), []);
    await context.close();
  });

  test("by e-mail domain over TLS with the real client", async () => {
    const context = await person();
    const page = await context.newPage();
    await openApp(page, world.front, "v5");
    await signInByDomain(page);
    await answerWorkosPage(page);
    await page.waitForURL(`${world.front.origin}/v5/`);
    await settled(page);
    assert.equal((await sessionShown(page)).user.email, "ada@acme.example");
    await page.locator("#sign-out").click();
    await page.locator("#status", { hasText: /^unauthenticated$/ }).waitFor();
    assert.deepEqual(await cookiesNamed(context, "session-token"), []);
    await context.close();
  });

  test("no secret is in the logs", () => world.assertNoSecretLogged());
});

describe("on plain loopback, which Chromium trusts with Secure cookies", () => {
  let world;
  before(async () => {
    world = await startWorld({ deployment: DEPLOYMENT });
  });
  after(() => world?.stop());

  test("a cross-site form post signs in", async () => {
    const context = await browser.person();
    const page = await context.newPage();
    await openApp(page, world.front, "v5");
    await signInWith(page, "form");
    await page.waitForURL(/\/interaction\//);
    const [transaction] = await cookiesNamed(context, "authcfg.tx.");
    assert.deepEqual([transaction?.sameSite, transaction?.secure], ["None", true], "Chromium kept the cookie");
    await answerOpenidPages(page);
    await page.waitForURL(`${world.front.origin}/v5/`);
    await settled(page);
    assert.equal((await sessionShown(page)).user.email, "grace@op.example");
    assert.deepEqual(await cookiesNamed(context, "tx"), [], "and took it away");
    await context.close();
  });

  test("no secret is in the logs", () => world.assertNoSecretLogged());
});
