// `authcfg validate` beside ajv with js-yaml and beside check-jsonschema: 1,000 provider files, the same for all, in one run.
//
//     cargo build --release && node tests/bench/validate.mjs [binary] [files] [runs]
//
// The default binary is target/release/authcfg. The files are the built-in ones under ids of their own, drawn by a seeded generator,
// once with their tests and once without. Each figure is the median over the runs of the wall time of a whole process, in turn with
// the others; "a process" starts and does nothing, as a floor. authcfg checks structure and meaning, the other two structure alone.
// Before anything is timed, each tool has to take all the files and to refuse them with one wrong key in the last.
// Figures, no verdict, and minutes of them, nearly all of check-jsonschema. `npm --prefix tests/e2e ci` installs what it needs; that one
// comes from PyPI into tests/e2e/.cache the first time.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCHEMA = join(ROOT, "schema/provider.schema.json");
const SEED = 4;

/** What the ajv side is: read, parse, validate, tell how many are wrong. */
if (process.argv[2] === "ajv") await ajv(process.argv[3]);
else await main(process.argv[2] ?? "target/release/authcfg", Number(process.argv[3] ?? 1000), Number(process.argv[4] ?? 5));

async function ajv(folder) {
  const require = createRequire(join(ROOT, "tests/e2e/package.json"));
  const { Ajv2020 } = require("ajv/dist/2020.js");
  const { load } = require("js-yaml");
  const validate = new Ajv2020().compile(JSON.parse(readFileSync(SCHEMA, "utf8")));
  const wrong = readdirSync(folder).filter((name) => !validate(load(readFileSync(join(folder, name), "utf8"))));
  console.log(`${wrong.length} wrong`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

async function main(binary, count, runs) {
  const { pythonTools } = await import(pathToFileURL(join(ROOT, "tests/e2e/lib/python.js")));
  const bin = await pythonTools();
  const program = resolve(binary);
  const place = mkdtempSync(join(tmpdir(), "authcfg-bench-"));
  const tools = {
    "a process": () => ["/bin/true"],
    authcfg: (folder) => [program, "validate", "--format", "concise", folder],
    "ajv, js-yaml": (folder) => [process.execPath, fileURLToPath(import.meta.url), "ajv", folder],
    "check-jsonschema": (folder) => [join(bin, "check-jsonschema"), "--schemafile", SCHEMA, ...readdirSync(folder).map((name) => join(folder, name))],
  };
  try {
    console.log(`${binary}, ${count} files, median of ${runs} runs on ${cpus().length} cores\n`);
    for (const withTests of [true, false]) {
      const folder = join(place, withTests ? "with-tests" : "without-tests", "providers");
      const bytes = write(folder, count, withTests);
      prove(tools, folder);
      const times = measure(tools, folder, runs);
      print(`${withTests ? "with" : "without"} tests, ${(bytes / 1e6).toFixed(1)} MB`, times);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Writes the files; how many bytes they are. */
function write(folder, count, withTests) {
  mkdirSync(folder, { recursive: true });
  const random = generator(SEED);
  const originals = readdirSync(join(ROOT, "providers")).sort().map((name) => readFileSync(join(ROOT, "providers", name), "utf8"));
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const original = originals[Math.floor(random() * originals.length)];
    const id = `${/^id: (\S+)/m.exec(original)[1]}-${i}`;
    // An alias may be taken once, and a deprecated provider is no matter here.
    let text = original.replace(/^id: .*$/m, `id: ${id}`).replace(/^aliases: .*\n/m, "");
    if (!withTests) text = text.replace(/^tests:.*\n(?:(?:[ #-].*)?\n)*/m, "");
    writeFileSync(join(folder, `${id}.yaml`), text);
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}

/** mulberry32: the same files in every run and on every machine. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function start([command, ...args]) {
  return spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
}

/** Each tool really looks: it takes the files as they are, and refuses them once the last has a wrong key. */
function prove(tools, folder) {
  const last = join(folder, readdirSync(folder).at(-1));
  const right = readFileSync(last, "utf8");
  for (const [name, command] of Object.entries(tools)) {
    if (name === "a process") continue;
    const fine = start(command(folder));
    if (fine.status !== 0) throw new Error(`${name} refuses the files: ${fine.error ?? (fine.stdout + fine.stderr).slice(-2000)}`);
    writeFileSync(last, right.replace("\nname:", "\nnmae:"));
    const { status } = start(command(folder));
    writeFileSync(last, right);
    if (status !== 1) throw new Error(`${name} did not see the wrong key`);
  }
}

/** Milliseconds by tool, every tool once in each round, so that a busy moment meets all of them. */
function measure(tools, folder, runs) {
  const times = Object.fromEntries(Object.keys(tools).map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, command] of Object.entries(tools)) {
      const words = command(folder);
      const began = process.hrtime.bigint();
      start(words);
      times[name].push(Number(process.hrtime.bigint() - began) / 1e6);
    }
  }
  return times;
}

function print(title, times) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const base = median(times.authcfg);
  const milliseconds = (value) => `${value.toFixed(1)} ms`;
  const rows = Object.entries(times).map(([name, values]) => [name, milliseconds(median(values)), milliseconds(Math.min(...values)), `${(median(values) / base).toFixed(1)} ×`]);
  const table = [[title, "median", "best", "of authcfg"], ...rows];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  for (const [i, row] of table.entries()) {
    console.log(`| ${row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join(" | ")} |`);
    if (i === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
  console.log();
}
