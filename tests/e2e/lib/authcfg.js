// The program under test: the authcfg binary, in an empty folder of its own, with nothing in its environment but what a test gives it.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, Program, run } from "./program.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const BINARY = resolve(ROOT, process.env.AUTHCFG_BIN ?? "target/debug/authcfg");

/** A temporary folder holding `files`: `{path: text}`. */
export function folder(files = {}) {
  const path = mkdtempSync(join(tmpdir(), "authcfg-e2e-"));
  const write = (name, text) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a command of authcfg to its end. */
export async function authcfg(args, { cwd, env } = {}) {
  requireBinary();
  return await run(BINARY, args, { cwd, env });
}

/** Starts `authcfg serve` on a free port and waits until it answers. */
export async function serve({ files = {}, env = {}, listen }) {
  requireBinary();
  const here = folder(files);
  listen ??= `127.0.0.1:${await freePort()}`;
  const program = new Program(BINARY, ["serve", "--listen", listen], { cwd: here.path, env: { RUST_LOG: "trace", ...env } });
  try {
    await program.until(/listening on \S+/);
  } catch (error) {
    await program.stop();
    here.remove();
    throw error;
  }
  return {
    program, folder: here, backend: `http://${listen}`,
    async stop() {
      await program.stop();
      here.remove();
    },
  };
}

function requireBinary() {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: run cargo build, or set AUTHCFG_BIN`);
}
