// Hostile files, one process of `authcfg validate` each: how long it takes, how much memory it has at most, and what it says.
//
//     cargo build --release && AUTHCFG_PROBES=target/probes cargo test --test suite probes && node tests/bench/probes.mjs [binary] [folder] [runs]
//
// The probes are those of `tests/suite/probes`, which leaves them in the folder. The memory is the maximum resident set size of the
// process itself, by GNU time; the time is the best of the runs, as a hostile file is to be slow every time. "one right file" is the
// baseline. The limits are 50 ms and 16 MB; what is over one of them is marked, and the exit code tells.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMITS = { ms: 50, mb: 16 };

const [binary = "target/release/authcfg", folder = "target/probes", runs = 5] = process.argv.slice(2);
const place = mkdtempSync(join(tmpdir(), "authcfg-probes-"));
try {
  const probes = [{ name: "one right file", paths: [join(ROOT, "tests/suite/probes/acme.yaml")] }, ...read(resolve(folder))];
  const rows = probes.map((probe) => ({ name: probe.name, ...best(resolve(binary), probe.paths, Number(runs)) }));
  print(rows);
  const over = rows.filter((row) => row.marks);
  console.log(`\n${rows.length} probes, ${over.length} over ${LIMITS.ms} ms or ${LIMITS.mb} MB`);
  process.exitCode = over.length > 0 ? 1 : 0;
} finally {
  rmSync(place, { recursive: true, force: true });
}

function read(folder) {
  const lists = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
  return lists.flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

/** The fastest run and the largest memory of one process that looks at the paths. */
function best(binary, paths, runs) {
  const all = Array.from({ length: runs }, () => run(binary, paths));
  const ms = Math.min(...all.map((run) => run.ms));
  const mb = Math.max(...all.map((run) => run.mb));
  const { exit, code } = all[0];
  return { exit, code, ms, mb, marks: (ms > LIMITS.ms ? " slow" : "") + (mb > LIMITS.mb ? " large" : "") };
}

function run(binary, paths) {
  const figures = join(place, "figures");
  const began = process.hrtime.bigint();
  // GNU time is small: a process begins with the memory of the one that started it.
  const { status, stderr, error } = spawnSync("/usr/bin/time", ["--format", "%M", "--output", figures, binary, "validate", "--format", "concise", ...paths], {
    encoding: "utf8",
    stdio: ["pipe", "ignore", "pipe"],
    maxBuffer: 1 << 28,
  });
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  if (error) throw error;
  const mb = Number(readFileSync(figures, "utf8").trim().split("\n").at(-1)) / 1024;
  const code = / (?:error|warning)\[([a-z-]+)\]/.exec(stderr)?.[1] ?? "";
  if (status !== 0 && status !== 1) throw new Error(`exit ${status}: ${paths}: ${stderr.slice(-500)}`);
  return { ms, mb, exit: status, code };
}

function print(rows) {
  const cells = rows.map((row) => [row.name, row.code, `${row.exit}`, row.ms.toFixed(1), row.mb.toFixed(1), row.marks]);
  const table = [["probe", "first finding", "exit", "ms", "MB", ""], ...cells];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => [...row[i]].length)));
  for (const [i, row] of table.entries()) {
    console.log(`| ${row.map((cell, c) => (c > 1 && c < 5 ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join(" | ")} |`);
    if (i === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
}
