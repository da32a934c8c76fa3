// Headless Chromium, and what a person does in it.
import { chromium } from "playwright-core";

export async function launch() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
  return {
    /** A fresh profile: no cookies, nothing shared. */
    async person(options) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(15_000);
      return context;
    },
    stop: () => browser.close(),
  };
}

/** Opens the application and waits until the client knows whether somebody is signed in. */
export async function openApp(page, front, version) {
  await page.goto(`${front.origin}/${version}/`);
  await settled(page);
}

/** `authenticated` or `unauthenticated`. */
export async function settled(page) {
  const status = page.locator("#status", { hasNotText: "loading" });
  await status.waitFor();
  return await status.textContent();
}

export async function sessionShown(page) {
  return JSON.parse(await page.locator("#session").textContent());
}

/** Answers oidc-provider's login and consent pages, whichever come, until the browser has left them. */
export async function answerOpenidPages(page, { login = "grace@op.example", answer = "Continue" } = {}) {
  await page.waitForURL(/\/interaction\//);
  while (page.url().includes("/interaction/")) {
    const here = page.url();
    const field = page.getByLabel("Login");
    if (await field.isVisible()) await field.fill(login);
    await page.getByRole("button", { name: answer }).click();
    await page.waitForURL((url) => url.href !== here);
  }
}

export async function answerWorkosPage(page, { email = "ada@acme.example", answer = "Sign in" } = {}) {
  await page.waitForURL(/\/idp\/login/);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: answer }).click();
}

/** By e-mail domain, as the application's form does it: `signIn("workos", undefined, {domain})`. */
export async function signInByDomain(page, email = "ada@acme.example") {
  await page.getByLabel("Work e-mail").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
}

export async function signInWith(page, provider) {
  await page.locator(`[data-provider="${provider}"]`).click();
}

/** The cookies a context holds whose name has `part` in it. */
export async function cookiesNamed(context, part) {
  return (await context.cookies()).filter(({ name }) => name.includes(part));
}
