// A provider that is down, slow, endless, or answers HTML or 500, at each step: an error page in time, nobody signed in, and a log
// line that names provider, step and reason and holds no secret.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, openApp, settled, signInWith } from "../lib/browser.js";
import { freePort } from "../lib/program.js";
import { KINDS, STEPS } from "../lib/scripted.js";
import { session, startSignIn, Visitor } from "../lib/visitor.js";
import { startWorld } from "../lib/world.js";

const CASES = STEPS.flatMap((step) => KINDS.map((kind) => ({ id: `${step}-${kind}`, step, kind })));
const IN_TIME_MS = 10_500; // ten seconds at the provider, and a little for two busy cores

let world, browser, authUrl;
before(async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const entry = (id, issuer) => `  ${id}: {use: oidc, name: ${id}, issuer: "${issuer}", client_id: {env: AUTH_FAST_ID}, client_secret: {env: AUTH_FAST_SECRET}}\n`;
  const deployment = ({ front, scripted }) => `base_url: ${front.authUrl}\nproviders:\n${entry("fine", scripted.issuer("fine"))}${entry("nobody-there", nobody)}${CASES.map(({ id }) => entry(id, scripted.issuer(id))).join("")}`;
  world = await startWorld({ deployment });
  browser = await launch();
  authUrl = world.front.authUrl;
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

/** A sign-in as far as it goes. */
async function attempt(id) {
  const visitor = new Visitor();
  const began = Date.now();
  const { url } = await startSignIn(visitor, authUrl, id);
  let end = url;
  if (new URL(url).origin !== world.front.origin) end = (await visitor.request((await visitor.request(url)).location)).location;
  return { visitor, end, took: Date.now() - began };
}

/** The log lines about a failure of a provider. */
function failures(id) {
  return world.logs().split("\n").filter((line) => line.includes(id) && /WARN|ERROR/.test(line));
}

test("the provider without a fault signs in, while the others fail", async () => {
  const { visitor, end } = await attempt("fine");
  assert.equal(new URL(end).origin, world.front.origin);
  assert.equal((await session(visitor, authUrl)).value.user.email, "edsger@scripted.example");
});

describe("each step, each fault", { concurrency: 20 }, () => {
  for (const { id, step, kind } of [...CASES, { id: "nobody-there", step: "discovery", kind: "not listening" }]) {
    test(`${step} ${kind}`, async () => {
      const { visitor, end, took } = await attempt(id);
      assert.equal(end, `${authUrl}/error?error=Configuration`);
      assert.ok(took < IN_TIME_MS, `it took ${took} ms`);
      assert.equal((await session(visitor, authUrl)).value, null);
      assert.deepEqual(visitor.cookieNames.filter((name) => /tx|session/.test(name)), []);
      const page = await visitor.request(end);
      assert.deepEqual([page.status, page.headers.get("content-type")], [500, "text/html; charset=utf-8"]);
      assert.match(page.text, /Server error/);
      const lines = failures(id);
      assert.ok(lines.length >= 1, "a line in the log");
      assert.ok(lines.some((line) => line.includes(step)), `the step ${step} in: ${lines.join("\n")}`);
      assert.ok(lines.some((line) => /reason=/.test(line)), `a reason in: ${lines.join("\n")}`);
    });
  }
});

test("a log that nobody watches on a terminal has no colours", () => assert.ok(!world.logs().includes("\x1b")));

test("a token request is sent once, whatever became of it", () => {
  for (const kind of KINDS) assert.equal(world.scripted.seen.requests[`token-${kind}`].token, 1, kind);
});

test("the others still sign in afterwards", async () => {
  const { visitor, end, took } = await attempt("fine");
  assert.equal(new URL(end).origin, world.front.origin);
  assert.ok((await session(visitor, authUrl)).value.user);
  assert.ok(took < 3000, `it took ${took} ms`);
});

for (const version of ["v4", "v5"]) {
  for (const id of ["discovery-error500", "token-html", "userinfo-down"]) {
    test(`next-auth ${version} in Chromium, ${id}: the error page, and the application still says nobody`, async () => {
      const person = await browser.person();
      const page = await person.newPage();
      await openApp(page, world.front, version);
      await signInWith(page, id);
      await page.waitForURL(`${authUrl}/error?error=Configuration`);
      assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Server error");
      await page.getByRole("link", { name: "Sign in" }).click(); // to try again
      assert.ok(await page.getByRole("button", { name: "Sign in with fine" }).isVisible());
      await openApp(page, world.front, version);
      assert.equal(await settled(page), "unauthenticated");
      await person.close();
    });
  }
}

test("no secret is in the logs", () => world.assertNoSecretLogged());
