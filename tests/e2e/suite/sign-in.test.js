// Each provider, each client: a person signs in and out in Chromium through the real `next-auth/react`.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, cookiesNamed, launch, openApp, sessionShown, settled, signInByDomain, signInWith } from "../lib/browser.js";
import { ACME } from "../lib/workos.js";
import { startWorld } from "../lib/world.js";

let world, browser;
before(async () => {
  world = await startWorld();
  browser = await launch();
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

const WAYS = {
  "WorkOS by e-mail domain": {
    start: (page) => signInByDomain(page, "ada@acme.example"),
    answer: (page) => answerWorkosPage(page, { email: "ada@acme.example" }),
    user: { name: "Ada Lovelace", email: "ada@acme.example", image: "https://images.example.com/ada.png" },
  },
  "OpenID Connect": {
    start: (page) => signInWith(page, "op"),
    answer: (page) => answerOpenidPages(page, { login: "grace@op.example" }),
    user: { name: "grace Example", email: "grace@op.example" },
  },
};

for (const version of ["v4", "v5"]) {
  for (const [name, way] of Object.entries(WAYS)) {
    describe(`next-auth ${version}, ${name}`, () => {
      let person, page;
      before(async () => {
        person = await browser.person();
        page = await person.newPage();
      });
      after(() => person?.close());

      test("nobody is signed in at first", async () => {
        await openApp(page, world.front, version);
        assert.equal(await settled(page), "unauthenticated");
        assert.equal((await cookiesNamed(person, "session-token")).length, 0);
      });

      test("signs in and returns to the page it came from", async () => {
        await way.start(page);
        await way.answer(page);
        await page.waitForURL(`${world.front.origin}/${version}/`);
        assert.equal(await settled(page), "authenticated");
        const { user, expires } = await sessionShown(page);
        assert.deepEqual(user, way.user);
        const days = (Date.parse(expires) - Date.now()) / 86_400_000;
        assert.ok(days > 29.9 && days <= 30, `a session of thirty days, not ${days}`);
      });

      test("leaves one session cookie that no script reads, and none of the sign-in", async () => {
        const [session, ...more] = await cookiesNamed(person, "session-token");
        assert.equal(more.length, 0);
        assert.deepEqual([session.name, session.httpOnly, session.sameSite, session.path], ["authjs.session-token", true, "Lax", "/"]);
        assert.equal(await page.evaluate("document.cookie"), "");
        const left = (await person.cookies(world.front.origin)).map((cookie) => cookie.name).filter((cookie) => !/session-token|csrf-token|callback-url/.test(cookie));
        assert.deepEqual(left, []);
      });

      test("is still signed in after a reload, in another tab, and after update()", async () => {
        await page.reload();
        assert.equal(await settled(page), "authenticated");
        const tab = await person.newPage();
        await openApp(tab, world.front, version);
        assert.equal(await settled(tab), "authenticated");
        await tab.close();
        const [refreshed] = await Promise.all([page.waitForResponse(/\/session$/), page.locator("#update").click()]);
        assert.equal((await refreshed.json()).user.email, way.user.email);
      });

      test("signs out: cookie gone, going back shows nothing", async () => {
        await page.locator("#sign-out").click();
        await page.locator("#status", { hasText: /^unauthenticated$/ }).waitFor();
        assert.equal((await cookiesNamed(person, "session-token")).length, 0);
        await page.goBack();
        await page.goForward();
        assert.equal(await settled(page), "unauthenticated");
      });
    });
  }

  test(`next-auth ${version}: getProviders lists what is configured, in its order`, async () => {
    const page = await (await browser.person()).newPage();
    await openApp(page, world.front, version);
    const providers = await page.evaluate("client.getProviders()");
    const of = (id, name, type) => ({ id, name, type, signinUrl: `${world.front.authUrl}/signin/${id}`, callbackUrl: `${world.front.authUrl}/callback/${id}` });
    assert.deepEqual(Object.values(providers), [of("workos", "WorkOS", "oauth"), of("op", "Example ID", "oidc"), of("fast", "Fast ID", "oidc")]);
    await page.context().close();
  });
}

test("WorkOS got one selector, nothing it does not document, and the secret in a form", () => {
  const { authorize, token } = world.workos.seen;
  assert.ok(authorize.length >= 2 && token.length >= 2);
  for (const { query, unknown } of authorize) {
    assert.equal(query.organization, ACME.organization);
    assert.deepEqual([unknown, query.domain, query.connection, query.provider, query.scope], [[], undefined, undefined, undefined, undefined]);
    assert.ok(query.state?.length >= 22, "a state with at least 128 bits");
  }
  for (const { type, authorization, cookie, form } of token) {
    assert.match(type, /^application\/x-www-form-urlencoded/);
    assert.deepEqual([authorization, cookie], [undefined, undefined]);
    assert.equal(form.client_secret, world.workos.clientSecret);
  }
});

test("oidc-provider had nothing to complain about", () => {
  assert.deepEqual(world.op.problems, []);
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
