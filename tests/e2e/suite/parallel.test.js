// Sign-ins side by side in one browser: every one of them finishes, in whatever order.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, cookiesNamed, launch, openApp, sessionShown, settled, signInByDomain, signInWith } from "../lib/browser.js";
import { answerWorkos, session, startSignIn, Visitor } from "../lib/visitor.js";
import { startWorld } from "../lib/world.js";

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

for (const version of ["v4", "v5"]) {
  test(`next-auth ${version}: two tabs, two providers, the first begun is the last finished`, async () => {
    const person = await browser.person();
    const [first, second] = [await person.newPage(), await person.newPage()];
    for (const page of [first, second]) await openApp(page, world.front, version);
    await signInByDomain(first);
    await first.waitForURL(/\/idp\/login/);
    await signInWith(second, "op");
    await second.waitForURL(/\/interaction\//);
    assert.equal((await cookiesNamed(person, "authcfg.tx.")).length, 2, "a cookie for each sign-in under way");

    await answerOpenidPages(second);
    await second.waitForURL(`${world.front.origin}/${version}/`);
    await settled(second);
    assert.equal((await sessionShown(second)).user.email, "grace@op.example");

    await answerWorkosPage(first);
    await first.waitForURL(`${world.front.origin}/${version}/`);
    await settled(first);
    assert.equal((await sessionShown(first)).user.email, "ada@acme.example");
    assert.equal((await cookiesNamed(person, "authcfg.tx.")).length, 0, "none is left");
    await person.close();
  });
}

test("ten tabs in Chromium, finished in another order than begun: ten of ten", async () => {
  const person = await browser.person();
  const tabs = [];
  for (let i = 0; i < 10; i += 1) {
    const page = await person.newPage();
    await openApp(page, world.front, "v5");
    tabs.push(page);
  }
  // All begin before the first ends: whoever is signed in already is not asked again by the application.
  await Promise.all(tabs.map(async (page) => {
    await signInByDomain(page);
    await page.waitForURL(/\/idp\/login/);
  }));
  assert.equal((await cookiesNamed(person, "authcfg.tx.")).length, 10);
  const order = [7, 2, 9, 0, 5, 1, 8, 3, 6, 4];
  for (const i of order) {
    await answerWorkosPage(tabs[i]);
    await tabs[i].waitForURL(`${world.front.origin}/v5/`);
    assert.equal(await settled(tabs[i]), "authenticated", `tab ${i}`);
  }
  assert.equal((await cookiesNamed(person, "authcfg.tx.")).length, 0);
  await person.close();
});

test("ten callbacks at the same moment: ten of ten", async () => {
  const visitor = new Visitor();
  const callbacks = [];
  for (let i = 0; i < 10; i += 1) {
    const { url } = await startSignIn(visitor, authUrl, i % 2 ? "fast" : "workos", { query: i % 2 ? {} : { domain: "acme.example" }, callbackUrl: `/tab/${i}` });
    callbacks.push(i % 2 ? (await visitor.request(url)).location : await answerWorkos(visitor, url));
  }
  const answers = await Promise.all(callbacks.map((url) => visitor.request(url)));
  assert.deepEqual(answers.map(({ location }) => location), callbacks.map((_, i) => `${world.front.origin}/tab/${i}`));
  assert.ok((await session(visitor, authUrl)).value.user);
  assert.deepEqual(visitor.cookieNames.filter((name) => name.includes("tx")), []);
});

test("abandoned sign-ins do not pile up: at most twelve cookies, and the thirteenth still finishes", async () => {
  const visitor = new Visitor();
  let last;
  for (let i = 0; i < 15; i += 1) last = (await startSignIn(visitor, authUrl, "workos", { query: { domain: "acme.example" } })).url;
  const live = visitor.cookieNames.filter((name) => name.includes("authcfg.tx."));
  assert.ok(live.length >= 1 && live.length <= 12, `${live.length} cookies`);
  await visitor.request(await answerWorkos(visitor, last));
  assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
});

test("somebody else signs in in the same browser: nothing of the first is left", async () => {
  const visitor = new Visitor();
  const signIn = async (email) => {
    const { url } = await startSignIn(visitor, authUrl, "workos", { query: { domain: "acme.example" } });
    await visitor.request(await answerWorkos(visitor, url, { email }));
    return visitor.cookie("authjs.session-token");
  };
  const first = await signIn("ada@acme.example");
  world.workos.options.people["bob@acme.example"] = { first_name: "Bob", last_name: null, raw_attributes: {} };
  const second = await signIn("bob@acme.example");
  assert.notEqual(first, second);
  assert.deepEqual((await session(visitor, authUrl)).value.user, { name: "Bob", email: "bob@acme.example" });
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
