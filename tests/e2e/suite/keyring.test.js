// Tokens at a terminal beside a real keyring: sealed with a key that stands there, and what is said where it cannot be had.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { BINARY, folder } from "../lib/authcfg.js";
import { startKeyring } from "../lib/keyring.js";
import { startOpenid } from "../lib/openid.js";
import { run } from "../lib/program.js";
import { canary } from "../lib/world.js";

const KEY = ["lookup", "service", "authcfg", "username", "tokens"];
const WITHOUT = /warning: tokens are kept in .*, for this account alone, not encrypted/;
let op, here, keyring, env;

before(async () => {
  const secret = canary("op-secret");
  const client = { client_id: "client-of-op", client_secret: secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };
  op = await startOpenid({ clients: [client], features: { clientCredentials: { enabled: true } } });
  here = folder({ "authcfg.yaml": `providers:\n  op: {use: oidc, issuer: "${op.issuer}", client_id: client-of-op}\n` });
  keyring = await startKeyring();
  env = { ...keyring.env, AUTH_OP_SECRET: secret, NO_COLOR: "1", XDG_STATE_HOME: `${here.path}/state` };
});
after(async () => {
  await keyring?.stop();
  await op?.stop();
  here?.remove();
});

const authcfg = (...args) => run(BINARY, args, { cwd: here.path, env });
const token = (scope = "") => authcfg("token", "op", "--client-credentials", "--scope", scope);
const files = () => readdirSync(`${here.path}/state/authcfg/tokens`).filter((name) => name.endsWith(".json"));
const text = (name) => readFileSync(`${here.path}/state/authcfg/tokens/${name}`, "utf8");

test("a session without a keyring has its tokens in a file, and is told so", async () => {
  const { code, output } = await token();
  assert.equal(code, 0, output);
  assert.match(output, WITHOUT);
  assert.match(output, /note: the keyring of the system: /);
  assert.ok(text(files()[0]).includes(output.trim().split("\n").at(-1)));
  assert.equal((await authcfg("logout", "--all")).code, 0);
});

test("with one they are sealed, whoever made the key", async () => {
  await keyring.open();
  // Five processes at once find no key, and one of them makes it.
  const first = await Promise.all(["", "a", "b", "c", "d"].map(token));
  for (const { code, output } of first) assert.equal(code, 0, output);
  const key = (await keyring.tool(...KEY)).output;
  assert.match(key, /^[\w-]{43}$/);
  assert.equal(files().length, 5);
  for (const name of files()) {
    assert.deepEqual(Object.keys(JSON.parse(text(name))), ["sealed"]);
    for (const { output } of first) assert.ok(!text(name).includes(output.trim()) && !output.includes("warning"), output);
  }
  // The same tokens: they open again.
  assert.deepEqual(await Promise.all(["", "a", "b", "c", "d"].map(token)), first);
});

test("switched off by the environment, what is sealed stays closed", async () => {
  const { code, output } = await run(BINARY, ["token", "op", "--client-credentials", "--scope", ""], { cwd: here.path, env: { ...env, AUTHCFG_KEYRING: "off" } });
  assert.equal(code, 1);
  assert.match(output, /is sealed with a key in the keyring of the system: AUTHCFG_KEYRING is off\nhelp: unlock the keyring/);
});

test("a keyring that is gone, locked or emptied opens nothing, and the way out is to sign out", async () => {
  const sealed = await token();
  await keyring.close();
  const gone = await token();
  assert.equal(gone.code, 1, gone.output);
  assert.match(gone.output, /error: .*\.json is sealed with a key in the keyring of the system: /);
  await keyring.open({ locked: true });
  const locked = await token();
  assert.equal(locked.code, 1, locked.output);
  assert.match(locked.output, /in the keyring of the system: .*\nhelp: unlock the keyring/);
  await keyring.close();
  await keyring.open();
  assert.deepEqual(await token(), sealed);
  await keyring.tool("clear", "service", "authcfg");
  const cleared = await token();
  assert.equal(cleared.code, 1);
  assert.match(cleared.output, /it is not there any more/);
  const out = await authcfg("logout", "--all");
  assert.equal(out.code, 1, out.output);
  assert.match(out.output, /tokens that cannot be read are forgotten, not revoked/);
  assert.deepEqual(files(), []);
  assert.equal((await token()).code, 0);
});
