// `authcfg login` at a real provider: by a browser that comes back to this machine, and by a code that is typed in elsewhere.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { BINARY, folder } from "../lib/authcfg.js";
import { CAST } from "../lib/manual.js";
import { startOpenid } from "../lib/openid.js";
import { Program } from "../lib/program.js";
import { answerOpenid, typeInCode, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
let op, secret, here;

before(async () => {
  secret = canary("op-secret");
  const client = {
    client_id: "client-of-op", client_secret: secret, application_type: "native", redirect_uris: ["http://127.0.0.1/callback"],
    grant_types: ["authorization_code", DEVICE_CODE],
  };
  op = await startOpenid({ clients: [client] });
  here = folder({ "authcfg.yaml": `providers:\n  op: {use: oidc, name: Acme, issuer: "${op.issuer}"}\n` });
});
after(async () => {
  await op?.stop();
  here?.remove();
});

function login(...args) {
  const env = { AUTH_OP_ID: "client-of-op", AUTH_OP_SECRET: secret, NO_COLOR: "1" };
  return new Program(BINARY, ["login", "op", ...args], { cwd: here.path, env });
}

/** What was printed holds no secret of the client or the provider. */
function keepsSecrets(program) {
  for (const word of [secret, ...op.seen.secrets]) assert.ok(!program.output.includes(word), program.output);
}

test("a browser that comes back to this machine", async () => {
  const program = login("--no-browser");
  const [, url] = await program.until(/open in a browser\s+(http\S+)/);
  const redirectUri = new URL(new URL(url).searchParams.get("redirect_uri"));
  assert.equal(redirectUri.hostname, "127.0.0.1");
  const visitor = new Visitor();
  const stray = new Visitor();
  assert.equal((await stray.request(`${redirectUri}?code=x&state=somebody-elses`)).status, 400);
  const back = await answerOpenid(visitor, url, { login: "ada@op.example" });
  const page = await visitor.request(back);
  assert.equal(page.status, 200);
  assert.match(page.text, /You can close this window/);
  assert.equal((await program.exit).code, 0, program.output);
  assert.match(program.output, /"email": "ada@op.example"/);
  assert.match(program.output, /token\n {2}POST \S+\/token\n {4}grant_type=authorization_code code=… /);
  assert.match(program.output, /access_token=… expires_in=600 /);
  assert.match(program.output, /"sub": "ada@op.example"/);
  assert.match(program.output, /signed in at .* as ada@op.example/);
  keepsSecrets(program);
});

test("a person who says no", async () => {
  const program = login("--no-browser", "--quiet");
  const [, url] = await program.until(/open in a browser\s+(http\S+)/);
  const visitor = new Visitor();
  await visitor.request(await answerOpenid(visitor, url, { answer: "deny" }));
  assert.equal((await program.exit).code, 4, program.output);
  assert.match(program.output, /access_denied/);
});

/** The lines that somebody sees, in order of the alphabet, without what differs each time: codes, times, ports, client ids. */
function seen(text) {
  const same = text.replace(/\x1b\[\d*m|\r/g, "").replace(/[A-Z]{4}-[A-Z]{4}/g, "CODE").replace(/\d+/g, "0").replace(/client-of-\w+/g, "CLIENT").replace(/authcfg token \w+/, "authcfg token ID");
  return same.split("\n").filter((line) => !/[▀▄█]|^\$|^$/.test(line)).sort();
}

test("a code that is typed in elsewhere, as the recording in the manual shows it", async () => {
  const program = login("--device");
  const [, address, code] = await program.until(/open (http\S+)\s+and type in\s+(\S+)/);
  assert.match(program.output, /[▀▄█]{8}/, "a QR code");
  const done = await typeInCode(new Visitor(), address, code, { confirm: "yes" });
  assert.equal(done.status, 200, done.text);
  assert.equal((await program.exit).code, 0, program.output);
  assert.match(program.output, /"sub": "grace@op.example"/);
  assert.match(program.output, /grant_type=urn:ietf:params:oauth:grant-type:device_code device_code=…/);
  keepsSecrets(program);

  const [header, ...events] = readFileSync(CAST, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([header.version, new Set(events.map(([, kind]) => kind))], [2, new Set("o")]);
  const recording = events.map(([, , text]) => text).join("");
  assert.deepEqual(seen(recording), seen(program.output), "the manual shows something else: npm --prefix tests/e2e run record");
});

test("a code that nobody wants", async () => {
  const program = login("--device", "--quiet");
  const [, address, code] = await program.until(/open (http\S+)\s+and type in\s+(\S+)/);
  await typeInCode(new Visitor(), address, code, { abort: "yes" });
  assert.equal((await program.exit).code, 4, program.output);
  assert.match(program.output, /access_denied/);
});

test("what is not there is said", async () => {
  const unknown = new Program(BINARY, ["login", "opp"], { cwd: here.path, env: { AUTH_OP_ID: "client-of-op", AUTH_OP_SECRET: secret } });
  assert.equal((await unknown.exit).code, 2);
  assert.match(unknown.output, /no provider `opp`\nhelp: there is `op`/);
  const elsewhere = login("--redirect-uri", "http://acme.example/callback");
  assert.equal((await elsewhere.exit).code, 2);
  assert.match(elsewhere.output, /an address of this machine/);
});
