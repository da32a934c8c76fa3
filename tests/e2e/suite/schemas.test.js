// `schema/*.json` in the validators that people have: ajv with js-yaml, and check-jsonschema. No option makes them pass.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { load } from "js-yaml";
import { authcfg, folder } from "../lib/authcfg.js";
import { ROOT } from "../lib/manual.js";
import { run } from "../lib/program.js";
import { pythonTools } from "../lib/python.js";

const SCHEMAS = { provider: join(ROOT, "schema/provider.schema.json"), config: join(ROOT, "schema/config.schema.json") };
const PROVIDERS = readdirSync(join(ROOT, "providers")).map((name) => join(ROOT, "providers", name));
const DEPLOYMENT = "base_url: https://app.example.com\nproviders: {workos: {}}\nroutes: [{domains: [acme.example], provider: workos, request: {organization: org_01}}]\n";
// A whole file, and one mistake in each of the others: what it is, and what it is about.
const ACME = "id: acme\nname: Acme\nprotocol: oidc\nissuer: https://login.acme.example\n";
const BROKEN = {
  "unknown-key.yaml": [`${ACME}isuer: x\n`, "isuer"],
  "unknown-inner-key.yaml": [`${ACME}token: {respons: {}}\n`, "token"],
  "wrong-value.yaml": [ACME.replace("oidc", "oidcc"), "protocol"],
  "wrong-type.yaml": [`${ACME}scopes: {default: openid}\n`, "scopes"],
  "missing-key.yaml": [ACME.replace("name: Acme\n", ""), "name"],
  "pattern.yaml": [ACME.replace("acme\n", "Ac me\n"), "id"],
};

let bin, files;
before(async () => {
  bin = await pythonTools();
  files = folder({ "acme.yaml": ACME, "authcfg.yaml": DEPLOYMENT, "authcfg-broken.yaml": DEPLOYMENT.replace("routes", "rotes") });
  for (const [name, [text]] of Object.entries(BROKEN)) files.write(name, text);
});
after(() => files?.remove());

/** Strict mode in all its parts: an unknown keyword or a type that contradicts another is an error. */
function compile(name) {
  return new Ajv({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync(SCHEMAS[name], "utf8")));
}

test("ajv in strict mode takes the schemas, and every built-in file", () => {
  const [provider, config] = [compile("provider"), compile("config")];
  assert.ok(PROVIDERS.length > 40);
  for (const path of [...PROVIDERS, join(files.path, "acme.yaml")]) assert.ok(provider(load(readFileSync(path, "utf8"))), `${path}: ${JSON.stringify(provider.errors)}`);
  assert.ok(config(load(DEPLOYMENT)), JSON.stringify(config.errors));
});

test("ajv refuses each mistake, and tells where", () => {
  const [provider, config] = [compile("provider"), compile("config")];
  for (const [name, [text, about]] of Object.entries(BROKEN)) {
    assert.ok(!provider(load(text)), name);
    assert.ok(JSON.stringify(provider.errors).includes(about), `${name}: ${JSON.stringify(provider.errors)}`);
  }
  assert.ok(!config(load(DEPLOYMENT.replace("routes", "rotes"))));
});

const check = (name, ...paths) => run(`${bin}/check-jsonschema`, ["--schemafile", SCHEMAS[name], ...paths], { cwd: files.path });

test("check-jsonschema takes the schemas, and every built-in file", async () => {
  const results = await Promise.all([
    run(`${bin}/check-jsonschema`, ["--check-metaschema", ...Object.values(SCHEMAS)]),
    check("provider", ...PROVIDERS, "acme.yaml"),
    check("config", "authcfg.yaml"),
  ]);
  for (const { code, output } of results) assert.equal(code, 0, output);
});

test("check-jsonschema refuses each mistake, and tells where", async () => {
  const { code, output } = await check("provider", "acme.yaml", ...Object.keys(BROKEN));
  assert.equal(code, 1, output);
  for (const [name, [, about]] of Object.entries(BROKEN)) assert.match(output, new RegExp(`^ *${name}::.*${about}`, "m"), name);
  assert.doesNotMatch(output, /^ *acme\.yaml::/m);
  const deployment = await check("config", "authcfg-broken.yaml");
  assert.equal(deployment.code, 1);
  assert.match(deployment.output, /rotes/);
});

test("authcfg says the same of the same files", async () => {
  const { code, output } = await authcfg(["validate", "--format", "concise", "acme.yaml", ...Object.keys(BROKEN)], { cwd: files.path });
  assert.equal(code, 1, output);
  for (const name of Object.keys(BROKEN)) assert.match(output, new RegExp(`^${name}:`, "m"), output);
});
