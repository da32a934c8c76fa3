// Where `authcfg validate` runs by itself: the pre-commit hook in the real pre-commit, the GitHub Action, and the snippets of the manual.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { load } from "js-yaml";
import { BINARY, folder } from "../lib/authcfg.js";
import { block, ROOT } from "../lib/manual.js";
import { run } from "../lib/program.js";
import { must, pythonTools } from "../lib/python.js";

const ACTION = `${ROOT}.github/actions/validate/action.yml`;
const HOOKS = `${ROOT}.pre-commit-hooks.yaml`;
const ACME = "id: acme\nname: Acme\nprotocol: oidc\nissuer: https://login.acme.example\ndiscovery: true\n";
const BROKEN = ACME.replace("issuer", "isuer");

let tools, place, path;
before(async () => {
  tools = await pythonTools();
  place = folder();
  // A PATH with the program under test and what a machine has anyway.
  mkdirSync(join(place.path, "bin"));
  symlinkSync(BINARY, join(place.path, "bin/authcfg"));
  path = `${join(place.path, "bin")}:${process.env.PATH}`;
});
after(() => place?.remove());

/** A git repository of its own, with all its files committed; `git` runs a command in it. */
async function repository(name, files) {
  const cwd = join(place.path, name);
  const git = (...args) => must("git", ["-c", "user.name=e2e", "-c", "user.email=e2e@authcfg.example", ...args], { cwd });
  for (const [file, text] of Object.entries(files)) place.write(join(name, file), text);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "Begin");
  return { cwd, git };
}

test("the hook in pre-commit: a mistake does not get in, a right file does, others are not its business", async () => {
  const hooks = await repository("hooks", { ".pre-commit-hooks.yaml": readFileSync(HOOKS, "utf8") });
  await hooks.git("tag", "v0.1.0");
  const config = block("editors", ".pre-commit-config.yaml").replace("https://github.com/OWNER/authcfg", hooks.cwd).replace(/id: authcfg$/m, "id: authcfg-system");
  assert.match(config, /rev: v0\.1\.0/);
  const { cwd, git } = await repository("project", { ".pre-commit-config.yaml": config, "README.md": "A project\n", "providers/acme.yaml": ACME });
  const commit = async (files) => {
    for (const [file, text] of Object.entries(files)) place.write(join("project", file), text);
    await git("add", ".");
    return await run(`${tools}/pre-commit`, ["run", "--color", "never"], { cwd, env: { PATH: path, PRE_COMMIT_HOME: join(place.path, "pre-commit") } });
  };
  const broken = await commit({ "providers/acme.yaml": BROKEN });
  assert.equal(broken.code, 1, broken.output);
  assert.match(broken.output, /authcfg validate\.+Failed/);
  assert.match(broken.output, /unknown field `isuer`\n +--> providers\/acme\.yaml:4:1/);
  const right = await commit({ "providers/acme.yaml": `${ACME}docs: https://acme.example/docs\n` });
  assert.equal(right.code, 0, right.output);
  assert.match(right.output, /authcfg validate\.+Passed/);
  await git("commit", "--quiet", "--message", "Add a page");
  const other = await commit({ "README.md": "A small project\n" });
  assert.match(other.output, /authcfg validate\.+\(no files to check\)Skipped/);
  // A finding between a changed file and one that stayed.
  const twice = await commit({ "providers/globex.yaml": ACME });
  assert.equal(twice.code, 1, twice.output);
});

test("the hooks, the action and the snippets are what their readers take", async () => {
  const schema = (name, file) => must(`${tools}/check-jsonschema`, ["--builtin-schema", `vendor.${name}`, file], { cwd: place.path });
  for (const file of [".gitlab-ci.yml", ".github/workflows/authcfg.yml", ".pre-commit-config.yaml"]) place.write(file, block("editors", file));
  place.write(".github/workflows/code-scanning.yml", block("validate", ".github/workflows/code-scanning.yml"));
  place.write("action.yml", readFileSync(ACTION, "utf8").replace("using: composite", "using: compositee"));
  await Promise.all([
    must(`${tools}/pre-commit`, ["validate-manifest", HOOKS]),
    must(`${tools}/pre-commit`, ["validate-config", ".pre-commit-config.yaml"], { cwd: place.path }),
    schema("github-actions", ACTION),
    schema("github-workflows", ".github/workflows/authcfg.yml"),
    schema("github-workflows", ".github/workflows/code-scanning.yml"),
    schema("github-workflows", `${ROOT}.github/workflows/ci.yml`),
    schema("gitlab-ci", ".gitlab-ci.yml"),
    assert.rejects(schema("github-actions", "action.yml"), /compositee|using/),
  ]);
});

const action = load(readFileSync(ACTION, "utf8"));
const step = (name) => action.runs.steps.find((step) => step.name === name);
/** Runs a step's script as GitHub does. */
const script = (name, cwd, env) => run("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step(name).run], { cwd, env: { PATH: path, ...env } });

test("the action hands its inputs on as variables, never inside a script", () => {
  assert.deepEqual(Object.keys(action.inputs), ["paths", "deny", "format"]);
  for (const { run, shell, uses } of action.runs.steps) {
    assert.ok(uses || shell === "bash");
    assert.doesNotMatch(run ?? "", /\$\{\{/);
  }
  const given = Object.fromEntries(Object.keys(action.inputs).map((name) => [name.toUpperCase(), `\${{ inputs.${name} }}`]));
  assert.deepEqual(step("Validate").env, given);
  for (const input of Object.values(action.inputs)) assert.ok(input.description);
  assert.equal(action.inputs.format.default, "github");
});

test("the action marks a finding and fails; warnings only where they are denied; a path is a path", async () => {
  place.write("action/providers/acme.yaml", BROKEN);
  place.write("action/fine/acme.yaml", ACME);
  const cwd = join(place.path, "action");
  const defaults = { PATHS: action.inputs.paths.default, DENY: action.inputs.deny.default, FORMAT: action.inputs.format.default };
  const validate = (env) => script("Validate", cwd, { ...defaults, ...env });
  const found = await validate({});
  assert.equal(found.code, 1);
  assert.match(found.output, /^::error file=providers\/acme\.yaml,line=4,.*title=unknown-field::unknown field `isuer`: not a field of a provider file%0Ahelp: .*`issuer`$/m);
  assert.equal((await validate({ PATHS: "fine" })).code, 0);
  assert.equal((await validate({ PATHS: "fine providers/acme.yaml", FORMAT: "concise" })).code, 1);
  const denied = await validate({ PATHS: "fine", DENY: "warnings" });
  assert.equal(denied.code, 1);
  assert.match(denied.output, /^::warning .*title=missing-test::/m);
  for (const PATHS of ["$(touch", "`touch`", "--format", "fine; touch made"]) {
    const { code, output } = await validate({ PATHS });
    assert.equal(code, 1, output);
    assert.match(output, /title=unreadable-file/);
  }
});

test("the action builds authcfg only where there is none, and anew for other sources", async () => {
  place.write("output", "");
  const env = { GITHUB_ACTION_PATH: `${ROOT}.github/actions/validate`, GITHUB_OUTPUT: join(place.path, "output") };
  const output = () => readFileSync(env.GITHUB_OUTPUT, "utf8");
  assert.equal((await script("Name the build", place.path, env)).code, 0);
  assert.equal(output(), "");
  assert.equal((await script("Name the build", place.path, { ...env, PATH: process.env.PATH })).code, 0);
  assert.match(output(), /^sources=[0-9a-f]{40}\n$/);
  for (const name of ["Take the build from the cache", "Build authcfg"]) assert.equal(step(name).if, "steps.build.outputs.sources");
});
