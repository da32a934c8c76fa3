// The schemas in an editor: the real yaml-language-server over the files of the working tree, with nothing from a network.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { authcfg, folder } from "../lib/authcfg.js";
import { startLanguageServer } from "../lib/language-server.js";
import { block, blocks, ROOT } from "../lib/manual.js";
import { must } from "../lib/python.js";

const SERVER = fileURLToPath(new URL("../node_modules/yaml-language-server/bin/yaml-language-server", import.meta.url));
const OFFLINE = { schemaStore: { enable: false }, validate: true, hover: true, completion: true };
const PROVIDER = "# yaml-language-server: $schema=../schema/provider.schema.json\n";
const DEPLOYMENT = "# yaml-language-server: $schema=schema/config.schema.json\n";
const start = (root, yaml) => startLanguageServer(process.execPath, [SERVER, "--stdio"], { root, settings: { yaml: { ...OFFLINE, ...yaml } } });
const provider = (name) => join(ROOT, "providers", name);
// A name for each document: what a server says of a closed one may come late.
const deployment = (name) => join(ROOT, name);

let server;
before(async () => {
  server = await start(ROOT);
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

test("completion offers the keys of a place, in both files", async () => {
  const token = await server.complete(provider("a.yaml"), `${PROVIDER}id: a\nname: A\ntoken:\n  |\n`);
  for (const key of ["then", "response", "auth", "params"]) assert.ok(token.includes(key), `${key} in ${token}`);
  assert.ok(!token.includes("token_endpoint"), "only what can stand there");
  const values = await server.complete(provider("b.yaml"), `${PROVIDER}id: b\nname: B\nprotocol: |\n`);
  for (const value of ["oauth2", "oidc"]) assert.ok(values.includes(value), `${value} in ${values}`);
  const session = await server.complete(deployment("1.yaml"), `${DEPLOYMENT}base_url: https://app.example.com\nproviders: {}\nsession:\n  |\n`);
  for (const key of ["max_age", "idle", "preset"]) assert.ok(session.includes(key), `${key} in ${session}`);
});

test("hover shows the doc text of a key, in both files", async () => {
  const schema = (name) => JSON.parse(readFileSync(`${ROOT}schema/${name}.schema.json`, "utf8"));
  const file = await server.open(provider("c.yaml"), `${PROVIDER}id: c\nname: C\ntoken_endpoint: https://c.example/token\n`);
  const { description } = schema("provider").properties.token_endpoint;
  assert.ok((await server.hover(file, "token_endpoint")).includes(description), description);
  assert.match(description, /RFC 6749/);
  const whole = await server.open(deployment("2.yaml"), `${DEPLOYMENT}base_url: https://app.example.com\nproviders: {}\n`);
  assert.deepEqual(whole.diagnostics, []);
  assert.ok((await server.hover(whole, "providers")).includes(schema("config").properties.providers.description));
  server.close(file);
  server.close(whole);
});

test("a wrong key and a wrong value are marked where they are, in both files", async () => {
  const marks = async (path, text) => {
    const file = await server.open(path, text);
    server.close(file);
    const found = file.diagnostics.map(({ range: { start, end }, message }) => [start.line + 1, start.character + 1, end.character + 1, message]);
    return found.sort(([a], [b]) => a - b);
  };
  const file = `${PROVIDER}id: d\nname: D\ntoken_enpoint: https://d.example/token\npkce: s256\n`;
  const [key, value, ...more] = await marks(provider("d.yaml"), file);
  assert.deepEqual(key, [4, 1, 14, "Property token_enpoint is not allowed."]);
  assert.deepEqual(value.slice(0, 3), [5, 7, 11]);
  assert.deepEqual(more, []);
  const wrong = await marks(deployment("3.yaml"), `${DEPLOYMENT}base_url: https://app.example.com\nproviders: {}\nsesion: {}\n`);
  const short = await marks(provider("e.yaml"), `# $schema: ../schema/provider.schema.json\nid: e\nname: E\nisuer: x\n`);
  assert.deepEqual(short, [[4, 1, 6, "Property isuer is not allowed."]], "the line of JetBrains");
  assert.deepEqual(wrong, [[4, 1, 7, "Property sesion is not allowed."]]);
});

test("every built-in file is in order there", async () => {
  const names = readdirSync(provider("."));
  assert.ok(names.length > 40, `${names}`);
  await Promise.all(names.map(async (name) => {
    const file = await server.open(provider(name), readFileSync(provider(name), "utf8"));
    assert.deepEqual(file.diagnostics, [], name);
  }));
});

test("the settings of the manual find the schemas that `authcfg schema` printed", async () => {
  const project = folder();
  for (const name of ["provider", "config"]) project.write(`schema/${name}.schema.json`, (await authcfg(["schema", name])).output);
  const settings = JSON.parse(block("editors", ".vscode/settings.json"));
  const schemas = Object.fromEntries(Object.entries(settings["yaml.schemas"]).map(([file, glob]) => [join(project.path, file), glob]));
  const editor = await start(project.path, { schemas });
  const wrong = await editor.open(join(project.path, "providers/acme.yaml"), "id: acme\nname: Acme\nisuer: https://login.acme.example\n");
  assert.deepEqual(wrong.diagnostics.map(({ message }) => message), ["Property isuer is not allowed."]);
  const deployment = await editor.open(join(project.path, "authcfg.yaml"), "base_url: https://app.example.com\nprovider: {}\n");
  assert.ok(deployment.diagnostics.some(({ message }) => message === "Property provider is not allowed."), JSON.stringify(deployment.diagnostics));
  const other = await editor.open(join(project.path, "compose.yaml"), "isuer: 1\n");
  assert.deepEqual(other.diagnostics, []);
  assert.equal(await editor.stop(), 0);
  project.remove();
});

test("the settings for editors that are not tried here can be read, and say the same", async () => {
  const [schemas, server] = blocks("editors", ".vscode/settings.json").map((block) => JSON.parse(block));
  assert.deepEqual(server, { "glspc.server.command": "authcfg", "glspc.server.commandArguments": ["lsp"], "glspc.server.languageId": ["yaml"] });
  const zed = JSON.parse(block("editors", ".zed/settings.json"));
  assert.deepEqual(zed.lsp["yaml-language-server"].binary, { path: "authcfg", arguments: ["lsp"] });
  const read = "import json, sys, tomllib; print(json.dumps(tomllib.loads(sys.argv[1])))";
  const helix = JSON.parse(await must("python3", ["-c", read, blocks("editors", ".helix/languages.toml").join("\n")]));
  assert.deepEqual(helix["language-server"].authcfg, { command: "authcfg", args: ["lsp"] });
  assert.deepEqual(helix["language-server"]["yaml-language-server"].config.yaml.schemas, schemas["yaml.schemas"]);
  assert.deepEqual(helix.language, [{ name: "yaml", "language-servers": ["authcfg", "yaml-language-server"] }]);
});
