// What an attacker, a stale tab or a denial does: nobody is signed in, the provider's token endpoint is not asked, a page says so.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { answerOpenidPages, answerWorkosPage, launch, openApp, settled, signInByDomain, signInWith } from "../lib/browser.js";
import { close, listen } from "../lib/program.js";
import { answerOpenid, answerWorkos, csrf, session, startSignIn, Visitor } from "../lib/visitor.js";
import { startWorld } from "../lib/world.js";

let world, browser, authUrl, configuration;
before(async () => {
  world = await startWorld();
  browser = await launch();
  authUrl = world.front.authUrl;
  configuration = `${authUrl}/error?error=Configuration`;
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

const tokenRequests = () => world.workos.seen.token.length + world.op.seen.token;

/** Up to the callback URL, which is not visited. */
async function untilCallback(visitor, provider = "workos") {
  const { url } = await startSignIn(visitor, authUrl, provider, { query: provider === "workos" ? { domain: "acme.example" } : {} });
  return new URL(await (provider === "workos" ? answerWorkos(visitor, url) : answerOpenid(visitor, url)));
}

async function signedIn(visitor = new Visitor()) {
  await visitor.request(await untilCallback(visitor));
  assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
  return visitor;
}

/** Visits a callback that must be refused. */
async function refused(visitor, url, location = configuration) {
  const before = tokenRequests();
  const answer = await visitor.request(url);
  assert.deepEqual([answer.status, answer.location], [302, location]);
  assert.equal(tokenRequests(), before, "the token endpoint was asked");
  assert.equal((await session(visitor, authUrl)).value, null);
}

describe("denied consent", () => {
  for (const version of ["v4", "v5"]) {
    for (const [name, start, answer] of [
      ["WorkOS", (page) => signInByDomain(page), (page) => answerWorkosPage(page, { answer: "Deny" })],
      ["OpenID Connect", (page) => signInWith(page, "op"), (page) => answerOpenidPages(page, { answer: "Deny" })],
    ]) {
      test(`${name}, next-auth ${version}: the sign-in page says so, nobody is signed in`, async () => {
        const person = await browser.person();
        const page = await person.newPage();
        await openApp(page, world.front, version);
        await start(page);
        await answer(page);
        await page.waitForURL(`${authUrl}/signin?error=OAuthCallbackError`);
        assert.match(await page.getByRole("alert").textContent(), /Try signing in with a different account/);
        await openApp(page, world.front, version);
        assert.equal(await settled(page), "unauthenticated");
        assert.deepEqual((await person.cookies()).filter(({ name }) => /tx|session/.test(name)), []);
        await person.close();
      });
    }
  }
});

describe("callback", () => {
  for (const provider of ["workos", "op"]) {
    test(`${provider}: a tampered state`, async () => {
      const visitor = new Visitor();
      const url = await untilCallback(visitor, provider);
      const state = url.searchParams.get("state");
      url.searchParams.set("state", (state[0] === "A" ? "B" : "A") + state.slice(1));
      await refused(visitor, url);
    });

    test(`${provider}: no state`, async () => {
      const visitor = new Visitor();
      const url = await untilCallback(visitor, provider);
      url.searchParams.delete("state");
      await refused(visitor, url);
    });

    test(`${provider}: in a browser that did not begin it`, async () => {
      const url = await untilCallback(new Visitor(), provider);
      await refused(new Visitor(), url);
    });

    test(`${provider}: replayed, the second time it is refused and the session stays as it was`, async () => {
      const visitor = new Visitor();
      const url = await untilCallback(visitor, provider);
      assert.equal(new URL((await visitor.request(url)).location).origin, world.front.origin);
      const who = (await session(visitor, authUrl)).value.user.email;
      const before = tokenRequests();
      assert.equal((await visitor.request(url)).location, configuration);
      assert.equal(tokenRequests(), before);
      assert.equal((await session(visitor, authUrl)).value.user.email, who);
    });

    test(`${provider}: replayed with the cookies of the first time`, async () => {
      const visitor = new Visitor();
      const url = await untilCallback(visitor, provider);
      const cookie = visitor.cookieHeader(url);
      assert.match(cookie, /authcfg\.tx\./);
      await visitor.request(url);
      const before = tokenRequests();
      const again = await new Visitor().request(url, { headers: { cookie } });
      assert.equal(again.location, configuration);
      assert.equal(tokenRequests(), before);
      assert.ok(!again.headers.getSetCookie().some((line) => /session-token=[^;]/.test(line)), "a session was given");
    });
  }

  test("a provider's answer at another provider's callback", async () => {
    const visitor = new Visitor();
    const url = await untilCallback(visitor, "op");
    await refused(visitor, url.href.replace("/callback/op", "/callback/workos"));
  });

  for (const [name, change] of [
    ["a parameter twice", (url) => url.searchParams.append("code", "another")],
    ["a state twice", (url) => url.searchParams.append("state", "another")],
    ["code and error together", (url) => url.searchParams.set("error", "access_denied")],
    ["an empty code", (url) => url.searchParams.set("code", "")],
    ["no code", (url) => url.searchParams.delete("code")],
    ["the issuer of somebody else", (url) => url.searchParams.set("iss", "https://evil.example")],
  ]) {
    test(name, async () => {
      const visitor = new Visitor();
      const url = await untilCallback(visitor, "op");
      change(url);
      await refused(visitor, url);
    });
  }

  test("a callback by POST where a GET is due", async () => {
    const visitor = new Visitor();
    const url = await untilCallback(visitor);
    const before = tokenRequests();
    const answer = await visitor.request(url.origin + url.pathname, { form: Object.fromEntries(url.searchParams) });
    assert.equal(answer.location, configuration);
    assert.equal(tokenRequests(), before);
  });

  test("a code that has expired: WorkOS repeats the code in its error, the log does not", async () => {
    const visitor = new Visitor();
    const url = await untilCallback(visitor);
    world.workos.options.now = () => Date.now() + 11 * 60 * 1000;
    const answer = await visitor.request(url);
    world.workos.options.now = () => Date.now();
    assert.equal(answer.location, configuration);
    assert.equal((await session(visitor, authUrl)).value, null);
    assert.match(world.logs(), /invalid_grant/);
    assert.ok(!world.logs().includes(url.searchParams.get("code")), "the code is in the log");
  });
});

describe("forms that are not ours", () => {
  const missing = () => `${authUrl}/signin?error=MissingCSRF`;

  for (const [name, token] of [["a wrong token", async () => "0".repeat(64)], ["no token", async () => ""], ["another browser's token", async () => await csrf(new Visitor(), authUrl)]]) {
    test(`sign-in with ${name}`, async () => {
      const visitor = new Visitor();
      await csrf(visitor, authUrl);
      const { url, headers } = await startSignIn(visitor, authUrl, "workos", { query: { domain: "acme.example" }, csrfToken: await token() });
      assert.equal(url, missing());
      assert.ok(!headers.getSetCookie().some((line) => line.includes("tx")), "a sign-in was begun");
    });

    test(`sign-out with ${name} signs nobody out`, async () => {
      const visitor = await signedIn();
      const answer = await visitor.request(`${authUrl}/signout`, { form: { csrfToken: await token() } });
      assert.equal(answer.location, missing());
      assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
    });
  }

  for (const [name, headers] of [["Sec-Fetch-Site: cross-site", { "sec-fetch-site": "cross-site" }], ["Sec-Fetch-Site: same-site", { "sec-fetch-site": "same-site" }], ["a foreign Origin", { origin: "https://evil.example" }]]) {
    test(`a good token with ${name} is refused`, async () => {
      const { url } = await startSignIn(new Visitor(), authUrl, "workos", { query: { domain: "acme.example" }, headers });
      assert.equal(new URL(url).origin, world.front.origin);
      assert.match(url, /error=/);
    });
  }

  test("GET signs nobody out and sends nobody to a provider", async () => {
    const visitor = await signedIn();
    assert.equal((await visitor.request(`${authUrl}/signout`)).status, 200);
    assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
    const begun = await visitor.request(`${authUrl}/signin/workos?domain=acme.example`);
    assert.ok(!begun.location?.startsWith(world.workos.issuer), `sent to ${begun.location}`);
  });

  test("a page of another site posts the sign-out form in Chromium: still signed in", async () => {
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, "v5");
    await signInByDomain(page);
    await answerWorkosPage(page);
    await page.waitForURL(`${world.front.origin}/v5/`);
    assert.equal(await settled(page), "authenticated");
    const evil = http.createServer((_, response) => response.writeHead(200, { "content-type": "text/html" })
      .end(`<form method="post" action="${authUrl}/signout"></form><script>document.forms[0].submit()</script>`));
    const port = await listen(evil);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForURL((url) => url.origin === world.front.origin);
    await openApp(page, world.front, "v5");
    assert.equal(await settled(page), "authenticated");
    await person.close();
    await close(evil);
  });
});

describe("what a visitor sends", () => {
  test("garbage cookies are nobody, never an error", async () => {
    for (const cookie of ["authjs.session-token=garbage", "authjs.session-token.0=a; authjs.session-token.2=b", "authjs.callback-url=%E0%A4%A", "authjs.callback-url=not a url", "authjs.csrf-token=x|y", "authcfg.tx.0123456789abcdef=garbage", "a=\"b; ;;=; =x", `x=${"y".repeat(4000)}`]) {
      const headers = { cookie };
      const nobody = await new Visitor().request(`${authUrl}/session`, { headers });
      assert.deepEqual([cookie, nobody.status, nobody.text], [cookie, 200, "null"]);
      for (const path of ["signin", "csrf", "providers", "signout"]) assert.equal((await new Visitor().request(`${authUrl}/${path}`, { headers })).status, 200, `${path} with ${cookie}`);
    }
  });

  test("a stray cookie beside a good session leaves it good", async () => {
    const visitor = await signedIn();
    visitor.set("localhost", "authjs.session-token-of-another-app", "x");
    assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
  });

  test("markup in the address is no markup on the page", async () => {
    const person = await browser.person();
    const page = await person.newPage();
    const evil = encodeURIComponent(`"><img src=x onerror=alert(1)><script>alert(1)</script>`);
    page.on("dialog", () => assert.fail("a script ran"));
    for (const path of [`signin?error=${evil}`, `signin?callbackUrl=${evil}`, `error?error=${evil}`, `verify-request?provider=${evil}`, `signout?callbackUrl=${evil}`]) {
      await page.goto(`${authUrl}/${path}`);
      assert.equal(await page.locator("script, img[src=x]").count(), 0, path);
    }
    await person.close();
  });

  test("a Host that is not ours changes no address", async () => {
    const ask = (path, headers) => new Promise((resolve, reject) => {
      http.get(`${world.front.state.backend}/api/auth/${path}`, { headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk)).on("end", () => resolve({ status: response.statusCode, text }));
      }).on("error", reject);
    });
    for (const headers of [{ host: "evil.example" }, { host: new URL(world.front.origin).host, "x-forwarded-host": "evil.example" }, { host: new URL(world.front.origin).host, forwarded: "host=evil.example;proto=https" }]) {
      const { text } = await ask("providers", headers);
      assert.doesNotMatch(text, /evil\.example/);
    }
    assert.match((await ask("providers", { host: new URL(world.front.origin).host })).text, /callback\/workos/);
  });

  test("every answer says: no store, no sniffing, no frames", async () => {
    for (const path of ["signin", "signout", "error?error=Configuration", "session", "csrf", "providers", "nonsense"]) {
      const { headers } = await new Visitor().request(`${authUrl}/${path}`);
      assert.match(headers.get("cache-control") ?? "", /no-store/, path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(headers.get("x-frame-options"), "DENY", path);
      assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/, path);
      assert.equal(headers.get("referrer-policy"), "same-origin", path);
    }
  });
});

test("oidc-provider had nothing to complain about", () => assert.deepEqual(world.op.problems, []));
test("no secret is in the logs", () => world.assertNoSecretLogged());
