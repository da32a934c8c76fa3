// The Python tools of `requirements.txt`, in a virtual environment of their own that is made once and kept in `.cache/`.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./program.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));

/** The folder with the tools' commands. */
export async function pythonTools() {
  const wanted = createHash("sha256").update(readFileSync(`${HERE}requirements.txt`)).digest("hex").slice(0, 12);
  const venv = `${HERE}.cache/python-${wanted}`;
  const done = `${venv}/done`;
  if (!existsSync(done)) {
    rmSync(venv, { recursive: true, force: true });
    await must("python3", ["-m", "venv", venv]);
    await must(`${venv}/bin/pip`, ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", `${HERE}requirements.txt`], { env: process.env });
    writeFileSync(done, "");
  }
  return `${venv}/bin`;
}

/** Runs a command that has to work; its output. */
export async function must(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}\n${output}`);
  return output;
}
