// The drop-in, as a user does it: an empty folder, one YAML file for a provider that is not built in, the environment. No Rust, no
// rebuild, no deployment file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authcfg, folder } from "../lib/authcfg.js";
import { answerOpenidPages, launch, openApp, sessionShown, settled } from "../lib/browser.js";
import { canary, startWorld } from "../lib/world.js";

const ACME_YAML = (issuer) => `id: acme
name: Acme
docs: https://acme.example/docs/sign-in
verified: {on: 2026-11-24, how: docs}
protocol: oidc
discovery: true
issuer: ${issuer}
tests:
  - name: a sign-in
    claims: {sub: "1"}
    token_response: {access_token: AT, token_type: Bearer}
    userinfo: {sub: "1", name: Ada, email: ada@acme.example}
    profile: {sub: "1", name: Ada, email: ada@acme.example, email_verified: false}
  - name: a code that was used before
    token_response: {http: {status: 400, body: {error: invalid_grant}}}
    error: invalid_grant
`;

let world, browser;
before(async () => {
  world = await startWorld({
    deployment: null,
    files: ({ op }) => ({ "providers/acme.yaml": ACME_YAML(op.issuer) }),
    env: ({ front, opSecret }) => ({
      AUTH_URL: front.authUrl, AUTH_ACME_ID: "client-of-op", AUTH_ACME_SECRET: opSecret,
      // Nothing of the other tests' providers.
      AUTH_WORKOS_ID: undefined, AUTH_WORKOS_SECRET: undefined, AUTH_OP_ID: undefined, AUTH_OP_SECRET: undefined, AUTH_FAST_ID: undefined, AUTH_FAST_SECRET: undefined,
    }),
  });
  browser = await launch();
});
after(async () => {
  await browser?.stop();
  await world?.stop();
});

/** An empty folder with only this provider file in it. */
async function validate(text, args = []) {
  const here = folder({ "providers/acme.yaml": text });
  const { code, output } = await authcfg(["validate", ...args], { cwd: here.path });
  here.remove();
  return { code, output };
}

test("validate is clean", async () => {
  const { code, output } = await validate(ACME_YAML(world.op.issuer));
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /error|warning\[/);
});

test("its own tests pass", async () => {
  const here = folder({ "providers/acme.yaml": ACME_YAML(world.op.issuer) });
  const { code, output } = await authcfg(["test", "acme"], { cwd: here.path });
  here.remove();
  assert.equal(code, 0, output);
  assert.match(output, /2 passed, 0 failed/);
});

test("validate finds a typo: exit code 1, line, column, and the fix", async () => {
  const typo = ACME_YAML(world.op.issuer).replace("protocol:", "protocl:");
  const { code, output } = await validate(typo);
  assert.equal(code, 1, output);
  assert.match(output, /providers\/acme\.yaml:5:1/);
  assert.match(output, /unknown field `protocl`/);
  assert.match(output, /^5 \| protocol: oidc$/m, "the line as it should be");
});

test("the same typo for a program: JSON with place and help", async () => {
  const typo = ACME_YAML(world.op.issuer).replace("discovery: true", "discovry: true");
  const { code, output } = await validate(typo, ["--format", "json"]);
  assert.equal(code, 1);
  const { findings, errors } = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  assert.ok(errors >= 1);
  const finding = findings.find(({ line }) => line === 6);
  assert.deepEqual([finding.column, finding.severity, finding.code], [1, "error", "unknown-field"]);
  assert.match(finding.file, /acme\.yaml$/);
  assert.match(finding.help, /discovery/);
});

test("serve offers Acme, and only Acme", async () => {
  const providers = await (await fetch(`${world.front.authUrl}/providers`)).json();
  assert.deepEqual(Object.values(providers).map(({ id, name, type }) => [id, name, type]), [["acme", "Acme", "oidc"]]);
});

test("the start screen has the callback URL, ready to paste", () => {
  assert.ok(world.logs().includes(`${world.front.authUrl}/callback/acme`), world.logs());
});

test("the built-in page signs a browser in at Acme", async () => {
  const person = await browser.person({ javaScriptEnabled: false });
  const page = await person.newPage();
  await page.goto(`${world.front.authUrl}/signin`);
  await page.getByRole("button", { name: "Acme" }).click();
  await answerOpenidPages(page);
  await page.waitForURL((url) => url.origin === world.front.origin);
  await page.goto(`${world.front.authUrl}/session`);
  assert.equal(JSON.parse(await page.textContent("body")).user.email, "grace@op.example");
  await person.close();
});

for (const version of ["v4", "v5"]) {
  test(`next-auth ${version} signs a browser in at Acme`, async () => {
    const person = await browser.person();
    const page = await person.newPage();
    await openApp(page, world.front, version);
    await page.getByRole("button", { name: "Sign in with Acme" }).click();
    await answerOpenidPages(page);
    await page.waitForURL(`${world.front.origin}/${version}/`);
    assert.equal(await settled(page), "authenticated");
    assert.equal((await sessionShown(page)).user.name, "grace Example");
    await person.close();
  });
}

test("serve refuses to start with a typo, and shows it", async () => {
  const here = folder({ "providers/acme.yaml": ACME_YAML(world.op.issuer).replace("issuer:", "isuer:") });
  const env = { AUTH_SECRET: canary("drop-in"), AUTH_ACME_ID: "x", AUTH_ACME_SECRET: "y" };
  const { code, output } = await authcfg(["serve", "--listen", "127.0.0.1:0"], { cwd: here.path, env });
  here.remove();
  assert.equal(code, 1, output);
  assert.match(output, /providers\/acme\.yaml:7:1/);
  assert.match(output, /unknown field `isuer`/);
});

for (const [name, env, word] of [
  ["without AUTH_SECRET", { AUTH_ACME_ID: "x", AUTH_ACME_SECRET: "y" }, /AUTH_SECRET/],
  ["with a short AUTH_SECRET", { AUTH_SECRET: "short", AUTH_ACME_ID: "x", AUTH_ACME_SECRET: "y" }, /AUTH_SECRET/],
  ["without AUTH_ACME_SECRET", { AUTH_SECRET: canary("drop-in"), AUTH_ACME_ID: "x" }, /AUTH_ACME_SECRET/],
]) {
  test(`serve refuses to start ${name}, and names the variable`, async () => {
    const here = folder({ "providers/acme.yaml": ACME_YAML(world.op.issuer) });
    const { code, output } = await authcfg(["serve", "--listen", "127.0.0.1:0"], { cwd: here.path, env });
    here.remove();
    assert.equal(code, 1, output);
    assert.match(output, word);
    for (const value of Object.values(env).filter((one) => one.length > 3)) assert.ok(!output.includes(value), "the value is shown");
  });
}

test("no secret is in the logs", () => world.assertNoSecretLogged());
