// `callbackUrl` in every nasty form: wherever it is given, the browser ends on the application's own origin.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { launch, openApp, settled, signInWith } from "../lib/browser.js";
import { csrf, startSignIn, Visitor } from "../lib/visitor.js";
import { startWorld } from "../lib/world.js";

const CORPUS = ["../../../../shared", "../../../../../shared"].map((up) => fileURLToPath(new URL(`${up}/data/open-redirect/`, import.meta.url))).find(existsSync);

let world, browser, authUrl, origin;
before(async () => {
  world = await startWorld();
  browser = await launch();
  ({ authUrl, origin } = world.front);
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

/** Our own forms; E is the attacker's host, `app` ours. */
function nasty() {
  const e = "evil.example";
  const app = new URL(origin).host;
  return [
    `//${e}`, `///${e}`, `////${e}`, `/\\${e}`, `/\\/${e}`, `\\\\${e}`, `/\t/${e}`, `/\n/${e}`, `/%09/${e}`, `/%2f/${e}`, `/%5c${e}`, `/.//${e}`, `/..//${e}`,
    `/./\\${e}`, `/a/../../\\${e}`, `https:${e}`, `https:/${e}`, `https:///${e}`, `https:\\\\${e}`, `http://${app}@${e}`, `http://${app}:443@${e}`, `http://${app}.${e}`,
    `http://localhost%2e${e}`, `http://localhost。${e}`, `http://localhost\\.${e}`, `http://${e}\\@${app}`, `http://${e}#${app}`, `http://${e}?${app}`, `http://${e};${app}`,
    `@${e}`, `:80@${e}`, `.${e}`, "javascript:alert(1)", "JaVa\tScRiPt:alert(1)", "data:text/html,<h1>x", "vbscript:x", `blob:${origin}/x`, `filesystem:${origin}/x`,
    `%2f%2f${e}`, `//${app}@${e}`, "http://loсalhost/", `https://${app}`, "http://localhost:1/", "http://127.0.0.1/", `\u2028//${e}`, `/\0`, "/a\r\nSet-Cookie: x=1",
    `/${"a".repeat(100_000)}`, `http://x:y@${app}/`, ` //${e}`, `//${e}/..`, `/${e}`, `/?next=//${e}`, `//localhost`, `http:/\\${e}`, `/\u3000/${e}`, `http:///${e}`, "",
  ];
}

/** Where the browser is sent when a sign-in that began with this `callbackUrl` ends. */
async function ends(visitor, callbackUrl, csrfToken) {
  const started = await startSignIn(visitor, authUrl, "fast", { callbackUrl, csrfToken });
  if (started.status === 413) return { raw: origin, refused: true };
  assert.ok(started.status === 200 || started.status === 302, `status ${started.status} for ${JSON.stringify(callbackUrl)?.slice(0, 200)}`);
  if (started.url.startsWith(origin)) return { raw: started.url, refused: true };
  const back = (await visitor.request(started.url)).location;
  return { raw: (await visitor.request(back)).rawLocation };
}

/** The same question to two parsers of the WHATWG standard: Node's and Chromium's. */
async function assertOwnOrigin(page, targets) {
  const read = (list) => list.map((target) => new URL(target, `${document.baseURI}`).origin);
  const chromium = await page.evaluate(read, targets);
  targets.forEach((target, i) => {
    assert.equal(new URL(target, origin).origin, origin, target);
    assert.equal(chromium[i], origin, target);
    assert.match(target, /^[\x21-\x5b\x5d-\x7e]+$/, "printable, and no backslash");
    assert.doesNotMatch(target.slice(origin.length), /^\/\//);
  });
}

/** The browser is at rest: on the application, or on a built-in page. */
const settledAnywhere = (page) => page.locator("#status, h1").first().waitFor();

test("what is fine is kept: a path with query and fragment, an address of this origin", async () => {
  const visitor = new Visitor();
  for (const [given, expected] of [["/v5/?a=b&c=d#e", "/v5/?a=b&c=d#e"], [`/deep/er`, "/deep/er"], ["/grüße?q=ä", "/gr%C3%BC%C3%9Fe?q=%C3%A4"]]) {
    assert.equal((await ends(visitor, given)).raw, origin + expected);
    assert.equal((await ends(visitor, origin + given)).raw, origin + expected);
  }
});

test("our own forms, at the protocol: as parameter, and as cookie", async () => {
  const page = await (await browser.person()).newPage();
  await page.goto(`${origin}/v5/`);
  const targets = [];
  const visitor = new Visitor();
  const csrfToken = await csrf(visitor, authUrl);
  for (const form of nasty()) targets.push((await ends(visitor, form, csrfToken)).raw);
  for (const form of nasty().filter((one) => one.length < 4000)) {
    const other = new Visitor();
    other.set("localhost", "authjs.callback-url", encodeURIComponent(form));
    targets.push((await ends(other, undefined)).raw);
  }
  assert.equal(targets.length, nasty().length * 2 - 1);
  await assertOwnOrigin(page, targets);
  await page.context().close();
});

test("the forms of two open-source projects, at the protocol", { skip: CORPUS ? false : "the corpus is not beside this checkout (shared/data/open-redirect)" }, async () => {
  const forms = readdirSync(CORPUS).filter((name) => name.endsWith(".txt")).flatMap((name) => readFileSync(CORPUS + name, "utf8").split("\n")).filter(Boolean);
  assert.ok(forms.length > 1300, `${forms.length} forms`);
  const page = await (await browser.person()).newPage();
  await page.goto(`${origin}/v5/`);
  const targets = [];
  const visitor = new Visitor();
  const csrfToken = await csrf(visitor, authUrl);
  for (const form of forms) targets.push((await ends(visitor, form, csrfToken)).raw);
  await assertOwnOrigin(page, targets);
  await page.context().close();
});

for (const version of ["v4", "v5"]) {
  test(`next-auth ${version} in Chromium: sign-in with each of our own forms ends at home`, async () => {
    const person = await browser.person();
    const page = await person.newPage();
    const visited = new Set();
    page.on("request", (request) => request.isNavigationRequest() && visited.add(new URL(request.url()).hostname));
    for (const callbackUrl of nasty().filter((one) => one.length < 4000)) {
      await openApp(page, world.front, version);
      const arrived = page.waitForResponse(/\/callback\/fast|\/(signin|error)\?/);
      await page.evaluate(([provider, url]) => void client.signIn(provider, { callbackUrl: url }), ["fast", callbackUrl]);
      await arrived;
      await page.waitForLoadState("domcontentloaded");
      await settledAnywhere(page);
      assert.equal(new URL(page.url()).origin, origin, JSON.stringify(callbackUrl));
    }
    assert.deepEqual([...visited].sort(), ["127.0.0.1", "localhost"], "nobody else was visited");
    await person.close();
  });

  test(`next-auth ${version} in Chromium: sign-out with each of our own forms ends at home`, async () => {
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, version);
    await signInWith(page, "fast");
    await page.locator("#status", { hasText: /^authenticated$/ }).waitFor();
    const targets = [];
    for (const form of nasty().filter((one) => one.length < 4000)) {
      const answer = await page.evaluate(async ({ authUrl, form, version }) => {
        const { csrfToken } = await (await fetch(`${authUrl}/csrf`)).json();
        const body = new URLSearchParams({ csrfToken, callbackUrl: form, ...(version === "v4" ? { json: "true" } : {}) });
        return await (await fetch(`${authUrl}/signout`, { method: "POST", body, headers: version === "v4" ? {} : { "x-auth-return-redirect": "1" } })).json();
      }, { authUrl, form, version });
      targets.push(answer.url);
    }
    await assertOwnOrigin(page, targets);
    await page.reload();
    assert.equal(await settled(page), "unauthenticated");
    await person.close();
  });
}

describe("the pages", () => {
  test("a link to the sign-in page with a foreign callbackUrl: signing in there ends at home", async () => {
    for (const form of nasty().filter((one) => one.length < 4000)) {
      const visitor = new Visitor();
      const { status, text } = await visitor.request(`${authUrl}/signin?callbackUrl=${encodeURIComponent(form)}`);
      assert.equal(status, 200, JSON.stringify(form));
      const shown = /name="callbackUrl" value="([^"]*)"/.exec(text)[1].replaceAll("&amp;", "&");
      assert.equal(new URL(shown, origin).origin, origin, JSON.stringify(form));
    }
  });
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
