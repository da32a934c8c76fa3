// The application signs in with GitHub, offline: `authcfg mock` stands in for it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startApp } from "./app.js";

let mock, github, app, browser;
before(async () => {
  mock = spawn(process.env.AUTHCFG ?? "authcfg", ["mock", "github", "--listen", "127.0.0.1:0", "--print", "json"]);
  mock.stderr.pipe(process.stderr); // what was wrong with a request
  const [settings] = await once(mock.stdout.setEncoding("utf8"), "data");
  github = `${JSON.parse(settings).base}/github`;
  app = await startApp({ github, port: 0 });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM });
});
after(async () => {
  await browser?.close();
  app?.stop();
  mock?.kill();
});

async function signIn(choose) {
  const page = await browser.newPage();
  await page.goto(app.url);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "GitHub" }).click();
  await choose(page);
  return page;
}

test("a person signs in", async () => {
  const page = await signIn(async (github) => {
    await github.getByRole("radio", { name: "octocat@github.com" }).check();
    await github.getByRole("button", { name: "Allow" }).click();
  });
  await page.goto(app.url);
  await page.getByText("Hello monalisa octocat, octocat@github.com").waitFor();
});

test("a person says no", async () => {
  const page = await signIn((github) => github.getByRole("button", { name: "Deny" }).click());
  await page.waitForURL(/error=/);
  await page.goto(app.url);
  await page.getByRole("link", { name: "Sign in" }).waitFor();
});

test("the code has expired", async () => {
  const page = await signIn(async (github) => {
    await github.getByRole("radio", { name: "an error in a 200" }).check();
    await github.getByRole("button", { name: "Allow" }).click();
  });
  await page.waitForURL(/error=/);
});

test("the application asks for no more than it needs", async () => {
  const asked = await (await fetch(`${github}/authcfg/requests`)).json();
  const { query } = asked.find(({ step }) => step === "authorization");
  assert.equal(query.scope, "read:user user:email");
  assert.equal(query.code_challenge_method, "S256");
});
