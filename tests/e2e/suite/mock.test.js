// `authcfg mock` for clients that know nothing of authcfg: the example of the manual, next-auth 4, openid-client, a browser.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import * as openid from "openid-client";
import { BINARY } from "../lib/authcfg.js";
import { launch } from "../lib/browser.js";
import { CACHE } from "../lib/front.js";
import { startNextAuth4 } from "../lib/next-auth-4.js";
import { close, listen, Program, run } from "../lib/program.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const stops = [];
let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  for (const stop of stops.reverse()) await stop();
  await browser?.stop();
});

/** Starts the mock on a free port; its settings. */
async function mock(...args) {
  const program = new Program(BINARY, ["mock", "--listen", "127.0.0.1:0", "--print", "json", ...args]);
  stops.push(() => program.stop());
  const [line] = await program.until(/^\{.*\}$/m);
  return { ...JSON.parse(line), program };
}

test("the example of the manual", async () => {
  const env = { AUTHCFG: BINARY, CHROMIUM };
  const { code, output } = await run(process.execPath, ["--test", "example/sign-in.test.js"], { cwd: HERE, env });
  assert.equal(code, 0, output);
  assert.match(output, /pass 4/);
});

test("next-auth 4 with its own GitHub provider", async () => {
  const { base, program } = await mock("github");
  const app = await startNextAuth4(`${base}/github`);
  stops.push(app.stop);
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto(`${app.origin}/api/auth/signin`);
  await page.getByRole("button", { name: "GitHub" }).click();
  await page.getByRole("radio", { name: "octocat@github.com" }).check();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL((url) => url.origin === app.origin);
  const session = await (await page.goto(`${app.origin}/api/auth/session`)).json();
  assert.deepEqual(session.user, { name: "monalisa octocat", email: "octocat@github.com", image: "https://github.com/images/error/octocat_happy.gif" });
  assert.equal(program.output.match(/^github: .*$/m), null, "no request was wrong");
  const asked = await (await fetch(`${base}/github/authcfg/requests`)).json();
  assert.deepEqual(asked.map(({ step }) => step), ["authorization", "consent", "token", "userinfo", "emails"]);
  await person.close();
});

/** A client of openid-client, and a sign-in up to its callback. */
async function client(settings, params = {}) {
  const { issuer } = settings.providers.google;
  const config = await openid.discovery(new URL(issuer), "app", "secret", undefined, { execute: [openid.allowInsecureRequests] });
  const checks = { pkceCodeVerifier: openid.randomPKCECodeVerifier(), expectedNonce: openid.randomNonce(), expectedState: openid.randomState() };
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: "http://localhost:3000/callback", scope: "openid email", nonce: checks.expectedNonce, state: checks.expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: "S256", ...params,
  });
  const { headers } = await fetch(url, { redirect: "manual" });
  return { config, checks, callback: new URL(headers.get("location")) };
}

test("openid-client discovers, verifies the id_token, asks for userinfo", async () => {
  const { config, checks, callback } = await client(await mock("google", "--auto"));
  const tokens = await openid.authorizationCodeGrant(config, callback, checks);
  const claims = tokens.claims();
  assert.equal(claims.email, "jsmith@example.com");
  const user = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(user.name, "Jane Smith");
  await assert.rejects(openid.authorizationCodeGrant(config, callback, checks), { error: "invalid_grant" });
});

test("openid-client refreshes, and finds what is wrong", async () => {
  const settings = await mock("google", "--auto");
  const { config, checks, callback } = await client(settings, { login_hint: "jsmith@gmail.com" });
  const wrong = { ...checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() };
  await assert.rejects(openid.authorizationCodeGrant(config, callback, wrong), { error: "invalid_grant" });
  await settings.program.until(/invalid_grant: the code_verifier does not match/);
  const tokens = await openid.authorizationCodeGrant(config, callback, checks);
  const fresh = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(fresh.access_token, tokens.access_token);
  const other = await client(settings, { login_hint: "another issuer" });
  await assert.rejects(openid.authorizationCodeGrant(other.config, other.callback, other.checks), /unexpected JWT claim value/);
});

test("a form_post reaches the application from a browser", async () => {
  const { providers } = await mock("apple", "--auto");
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    response.end("thank you");
    if (request.method === "POST") server.emit("posted", Object.fromEntries(new URLSearchParams(body)));
  });
  const port = await listen(server, "localhost");
  stops.push(() => close(server));
  const posted = once(server, "posted");
  const url = new URL(providers.apple.endpoints.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: "app", redirect_uri: `http://localhost:${port}/callback`, response_type: "code", scope: "name email", response_mode: "form_post", state: "s" });
  const person = await browser.person();
  await (await person.newPage()).goto(url.href);
  const [form] = await posted;
  assert.equal(form.state, "s");
  assert.equal(JSON.parse(form.user).name.firstName, "Ada");
  await person.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the page works without a script, by keyboard, on a narrow screen (${colorScheme})`, async () => {
    const { providers } = await mock("github");
    const url = new URL(providers.github.endpoints.authorization_endpoint);
    url.search = new URLSearchParams({ client_id: "app", redirect_uri: "http://localhost:9/callback", response_type: "code", state: "s" });
    const person = await browser.person({ javaScriptEnabled: false, colorScheme, viewport: { width: 320, height: 640 } });
    const page = await person.newPage();
    await page.goto(url.href);
    assert.equal(await page.getByRole("heading").textContent(), "Sign in with GitHub");
    const { scenarios } = providers.github;
    const people = scenarios.filter(({ error }) => !error);
    assert.equal(await page.getByRole("group", { name: "Who signs in" }).getByRole("radio").count(), people.length);
    assert.equal(await page.getByRole("group", { name: "Or what goes wrong" }).getByRole("radio").count(), scenarios.length - people.length);
    await page.screenshot({ path: `${CACHE}mock-${colorScheme}.png`, fullPage: true });
    await page.getByRole("radio").first().focus();
    for (const key of ["ArrowDown", "ArrowDown", "Tab"]) await page.keyboard.press(key);
    assert.equal(await page.locator(":focus").textContent(), "Allow");
    const [request] = await Promise.all([page.waitForRequest(/localhost:9/), page.keyboard.press("Enter")]);
    assert.equal(new URL(request.url()).searchParams.get("state"), "s");
    const asked = await (await fetch(providers.github.requests)).json();
    assert.equal(asked.at(-1).scenario, people[2].name);
    await person.close();
  });
}
