// Hostile files, one process of `authcfg validate` each: how long it takes, how much memory it has at most, and what it says.
//
//     cargo build --release && AUTHCFG_PROBES=target/probes cargo test --test suite probes && node tests/bench/probes.mjs [binary] [folder] [runs]
//
// The probes are those of `tests/suite/probes`, which leaves them in the folder. The memory is the maximum resident set size of the
// process itself, by GNU time; the time is the best of the runs, as a hostile file is to be slow every time. "one right file" is the
// baseline. The limits are 50 ms and 16 MB; what is over one of them is marked, and the exit code tells. Every process has a stack of
// 2 MiB, and so has each of its threads. Full deployment files, of 4 MB or 200,000 keys and values, are measured as well: they
// are the operator's own, and have no limit.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMITS = { ms: 50, mb: 16 };
const STACK_KB = 2048;

const [binary = "target/release/authcfg", folder = "target/probes", runs = 5] = process.argv.slice(2);
const place = mkdtempSync(join(tmpdir(), "authcfg-probes-"));
try {
  const probes = [{ name: "one right file", paths: [join(ROOT, "tests/suite/probes/acme.yaml")] }, ...read(resolve(folder))];
  const measured = ({ name, paths }) => ({ name, ...best(resolve(binary), paths, Number(runs)) });
  const rows = probes.map(measured);
  console.log(`Each with a stack of ${STACK_KB} KB:\n`);
  print(rows);
  console.log("\nDeployment files, without a limit:\n");
  print(deployments().map(measured).map((row) => ({ ...row, marks: "" })));
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

/** Deployment files that are as large as one may be. */
function deployments() {
  const head = "base_url: https://app.example.com\nproviders:\n";
  const list = (count, member) => Array.from({ length: count }, (_, n) => member(n)).join("");
  const texts = {
    "4 MB of comments": `${head}  github: {client_id: a}\n${"#\n".repeat(2_097_000)}`,
    "190,000 domains of a route": `${head}  github: {client_id: a}\nroutes:\n  - provider: github\n    domains: [${list(190_000, (n) => `a${n}.example,`)}]\n`,
    "28,000 routes": `${head}  github: {client_id: a}\nroutes:\n${list(28_000, (n) => `  - {provider: github, domains: [a${n}.example]}\n`)}`,
    "28,000 routes to nobody": `${head}  github: {client_id: a}\nroutes:\n${list(28_000, (n) => `  - {provider: g${n}, domains: [a${n}.example]}\n`)}`,
    "2,000 providers": `${head}${list(2_000, (n) => `  a${n}: {use: github, client_id: a, scopes: [a]}\n`)}`,
    "66,000 providers": `${head}${list(66_000, (n) => `  a${n}: {}\n`)}`,
    "49,000 unknown fields": `${head}${list(49_000, (n) => `  a${n}: {a: 1}\n`)}`,
    "99,000 unknown keys": `${head}  a: {}\n${list(99_000, (n) => `k${n}: 1\n`)}`,
  };
  return Object.entries(texts).map(([name, text]) => {
    const folder = join(place, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "authcfg.yaml"), text);
    return { name, paths: [join(folder, "authcfg.yaml")] };
  });
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
  const command = ["/usr/bin/time", "--format", "%M", "--output", figures, binary, "validate", "--format", "concise", ...paths];
  const { status, stderr, error } = spawnSync("/bin/sh", ["-c", `ulimit -s ${STACK_KB} && exec "$@"`, "sh", ...command], {
    env: { ...process.env, RUST_MIN_STACK: `${STACK_KB * 1024}` },
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
