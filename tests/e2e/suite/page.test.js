// The built-in pages as people meet them: without JavaScript, with the keyboard alone, in light and dark, on a narrow screen.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, cookiesNamed, launch } from "../lib/browser.js";
import { CACHE } from "../lib/front.js";
import { ACME } from "../lib/workos.js";
import { startWorld } from "../lib/world.js";

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

/** What browsers complained of about our pages, or fetched from anywhere but the parts of this world. */
const complaints = [];

/** A page without JavaScript, at one of ours. */
async function visit(path, options = {}) {
  const context = await browser.person({ javaScriptEnabled: false, ...options });
  const page = await context.newPage();
  const known = [origin, world.workos.origin, world.op.issuer];
  page.on("console", (message) => message.type() === "error" && message.location().url.startsWith(origin) && !/status of (403|500)/.test(message.text()) && complaints.push(`${message.text()} ${message.location().url}`));
  page.on("request", (request) => known.includes(new URL(request.url()).origin) || complaints.push(`asked ${request.url()}`));
  await page.goto(`${authUrl}/${path}`);
  return page;
}

async function signedInUser(page) {
  await page.goto(`${authUrl}/session`);
  return JSON.parse(await page.textContent("body"))?.user ?? null;
}

const emailBox = (page) => page.getByLabel(/e-?mail/i);
const focused = (page) => page.evaluate(() => (document.activeElement?.textContent || document.activeElement?.id || "").trim());

describe("without JavaScript", () => {
  test("the button of a provider signs in", async () => {
    const page = await visit("signin?callbackUrl=/after");
    await page.getByRole("button", { name: "Example ID" }).click();
    await answerOpenidPages(page);
    await page.waitForURL(`${origin}/after`);
    assert.equal((await signedInUser(page)).email, "grace@op.example");
    await page.context().close();
  });

  test("the e-mail box picks the provider, its organization, and fills in the e-mail there", async () => {
    const page = await visit("signin?callbackUrl=/after");
    await emailBox(page).fill("ada@acme.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/idp\/login/);
    assert.equal(await page.getByLabel("E-mail").inputValue(), "ada@acme.example");
    assert.equal(world.workos.seen.authorize.at(-1).query.organization, ACME.organization);
    await answerWorkosPage(page);
    await page.waitForURL(`${origin}/after`);
    assert.equal((await signedInUser(page)).email, "ada@acme.example");
    await page.context().close();
  });

  test("the e-mail box knows a route to another provider", async () => {
    const page = await visit("signin");
    await emailBox(page).fill("grace@op.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/interaction\//);
    await page.context().close();
  });

  test("a domain nobody routes ends on the sign-in page with a message, and the box is there again", async () => {
    const page = await visit("signin");
    await emailBox(page).fill("ada@unrouted.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/signin\?error=OAuthCallbackError/);
    assert.match(await page.getByRole("alert").textContent(), /Try signing in with a different account/);
    assert.ok(await emailBox(page).isVisible());
    assert.equal(await signedInUser(page), null);
    await page.context().close();
  });

  test("signs out by a form, not by a link", async () => {
    const page = await visit("signin");
    await page.getByRole("button", { name: "Example ID" }).click();
    await answerOpenidPages(page);
    await page.waitForURL((url) => url.origin === origin);
    await page.goto(`${authUrl}/signout`);
    assert.equal((await cookiesNamed(page.context(), "session-token")).length, 1);
    await page.getByRole("button", { name: /sign out/i }).click();
    await page.waitForURL((url) => !url.pathname.endsWith("/signout"));
    assert.equal((await cookiesNamed(page.context(), "session-token")).length, 0);
    assert.equal(await signedInUser(page), null);
    await page.context().close();
  });
});

describe("with the keyboard alone", () => {
  /** Tab until what is focused matches; says how many times. */
  async function tabTo(page, wanted) {
    for (let presses = 1; presses <= 12; presses += 1) {
      await page.keyboard.press("Tab");
      if (wanted.test(await focused(page))) return presses;
    }
    assert.fail(`no ${wanted} within twelve tabs`);
  }

  test("to the e-mail box, typed, Enter", async () => {
    const page = await visit("signin?callbackUrl=/after", { javaScriptEnabled: true });
    await tabTo(page, /^email$/);
    await page.keyboard.type("ada@acme.example");
    await page.keyboard.press("Enter");
    await answerWorkosPage(page);
    await page.waitForURL(`${origin}/after`);
    await page.context().close();
  });

  test("to a provider's button, which shows that it has the focus, Enter", async () => {
    const page = await visit("signin?callbackUrl=/after", { javaScriptEnabled: true });
    const look = () => page.getByRole("button", { name: "Example ID" }).evaluate((button) => {
      const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(button);
      return [outlineStyle, outlineWidth, boxShadow, borderColor].join();
    });
    const before = await look();
    await tabTo(page, /Example ID/);
    assert.notEqual(await look(), before, "a focused button looks like any other");
    await page.keyboard.press("Enter");
    await answerOpenidPages(page);
    await page.waitForURL(`${origin}/after`);
    await page.context().close();
  });
});

/** In the page: every text whose contrast with what is behind it is below WCAG AA (4.5, or 3 for large text). */
function lowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => color.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 255] : [255, 255, 255, 255];
  };
  return [...document.body.querySelectorAll("*")].filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).map((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [luminance(rgba(style.color)), luminance(behind(element))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    return { text: element.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05), needed: large ? 3 : 4.5 };
  }).filter(({ ratio, needed }) => ratio < needed);
}

const PAGES = { "sign-in": "signin", "sign-in-error": "signin?error=OAuthCallbackError", "sign-out": "signout", error: "error?error=Configuration", "access-denied": "error?error=AccessDenied" };
const brightness = (page) => page.evaluate(() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
  return (r + g + b) / 3;
});

for (const [name, path] of Object.entries(PAGES)) {
  describe(`${name} page`, () => {
    const seen = {};
    for (const colorScheme of ["light", "dark"]) {
      test(`${colorScheme}: readable, named, nothing from elsewhere`, async () => {
        // Scripts of the test only: the page's own policy allows none.
        const page = await visit(path, { javaScriptEnabled: true, colorScheme, viewport: { width: 900, height: 700 } });
        await page.screenshot({ path: `${CACHE}${name}-${colorScheme}.png` });
        assert.deepEqual(await page.evaluate(lowContrast), []);
        assert.equal(await page.locator("script").count(), 0);
        assert.ok(await page.title());
        assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
        assert.equal(await page.getByRole("main").count(), 1);
        assert.ok(await page.getAttribute("html", "lang"));
        const unnamed = await page.locator("button, a, input:not([type=hidden])").evaluateAll((all) => all.filter((one) => !(one.textContent.trim() || one.labels?.length || one.getAttribute("aria-label"))).map((one) => one.outerHTML));
        assert.deepEqual(unnamed, []);
        seen[colorScheme] = await brightness(page);
        await page.context().close();
      });
    }

    test("dark is dark and light is light", () => {
      assert.ok(seen.light > 180 && seen.dark < 80, JSON.stringify(seen));
    });

    test("on a screen of 320 pixels nothing has to be scrolled sideways", async () => {
      const page = await visit(path, { javaScriptEnabled: true, viewport: { width: 320, height: 640 } });
      await page.screenshot({ path: `${CACHE}${name}-narrow.png` });
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
      await page.context().close();
    });
  });
}

test("no browser complained, and none asked anybody else", () => assert.deepEqual(complaints, []));
test("no secret is in the logs", () => world.assertNoSecretLogged());
