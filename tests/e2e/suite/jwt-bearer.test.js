// A token for an assertion that the client signs (RFC 7523 §2.1), at a real authorization server that checks it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAuthlib } from "../lib/authlib.js";
import { BINARY, folder } from "../lib/authcfg.js";
import { keyPair } from "../lib/keys.js";
import { Program, run } from "../lib/program.js";

const SUB = "ada@service.example";
let server, here, env;

before(async () => {
  const [own, other] = [keyPair("rsa", { modulusLength: 2048 }), keyPair("rsa", { modulusLength: 2048 })];
  const pem = ({ privateKey }) => privateKey.export({ type: "pkcs8", format: "pem" });
  server = await startAuthlib({ client_id: "service", key: own.publicKey.export({ type: "spki", format: "pem" }), scopes: ["calendar.read", "calendar.write"], sub: SUB });
  const file = (id, aud, sub) => `
id: ${id}
name: Service
authorization_endpoint: ${server.origin}/authorize
token_endpoint: ${server.origin}/token
client: {private_key: {format: pem, secret: true}}
token_endpoint_auth_method: none
scopes: {default: [calendar.read]}
sign_in: false
jwt_bearer:
  assertion: {alg: RS256, ttl: 300, claims: {iss: "{{ client.id }}", sub: ${sub}, aud: "${aud}"}}
`;
  const client = (key, use = "") => `{${use}client_id: service, client: {private_key: {env: ${key}}}}`;
  const aud = `${server.origin}/token`;
  here = folder({
    "authcfg.yaml": `
providers:
  service: ${client("OWN_KEY")}
  elsewhere: ${client("OWN_KEY")}
  another: ${client("OWN_KEY")}
  stolen: ${client("OTHER_KEY", "use: service, ")}
`,
    "providers/service.yaml": file("service", aud, SUB),
    "providers/elsewhere.yaml": file("elsewhere", "https://elsewhere.example/token", SUB),
    "providers/another.yaml": file("another", aud, "eve@service.example"),
  });
  env = { OWN_KEY: pem(own), OTHER_KEY: pem(other), NO_COLOR: "1", XDG_STATE_HOME: `${here.path}/state` };
});
after(async () => {
  await server?.stop();
  here?.remove();
});

const token = (id, ...args) => run(BINARY, ["token", id, "--jwt-bearer", ...args], { cwd: here.path, env });

test("a service gets a token for its own assertion, and keeps it", async () => {
  const { code, output } = await token("service", "--format", "json");
  assert.equal(code, 0, output);
  const [[given, sub]] = await server.issued();
  assert.deepEqual([sub, given.scope], [SUB, "calendar.read"]);
  const printed = JSON.parse(output.slice(output.indexOf("{")));
  assert.deepEqual([printed.access_token, printed.token_type, printed.scope], [given.access_token, "Bearer", "calendar.read"]);
  assert.equal((await token("service")).output.trim(), given.access_token);
  const other = await token("service", "--scope", "calendar.write");
  assert.notEqual(other.output.trim(), given.access_token);
  assert.equal((await server.issued()).at(-1)[0].scope, "calendar.write");
});

test("an assertion with another key, for another server or for somebody else is refused", async () => {
  const before = await server.issued();
  for (const id of ["stolen", "elsewhere", "another"]) {
    const { code, output } = await token(id);
    assert.equal(code, 4, `${id}: ${output}`);
    assert.match(output, /invalid_(grant|client)/, id);
  }
  assert.deepEqual(await server.issued(), before);
});

test("an assertion from elsewhere comes on standard input, and its token is not kept", async () => {
  const asked = new Program(BINARY, ["token", "service", "--jwt-bearer", "--assertion", "-"], { cwd: here.path, env, keys: true });
  asked.type("e30.e30.AAAA");
  asked.typed();
  assert.equal((await asked.exit).code, 4, asked.output);
  const { code, output } = await token("service", "--assertion", "e30.e30.AAAA");
  assert.equal(code, 2);
  assert.ok(output.includes("write - and give the token on standard input") && !output.includes("AAAA"), output);
});
