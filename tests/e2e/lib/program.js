// A child process of ours: its output is kept line by line, and it is the only thing `stop` ever ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

let made;

/** Where programs keep state, so that none of it gets into the home of whoever runs the tests. */
function state() {
  if (!made) {
    made = mkdtempSync(join(tmpdir(), "authcfg-e2e-state-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  return made;
}

export class Program {
  #child;
  #waiting = [];

  /**
   * Starts `command`; nothing of this process's environment but PATH and HOME is passed on. With `keys` it can be typed into; `hear` is
   * told of each piece of output.
   */
  constructor(command, args, { env = {}, cwd, keys = false, hear = () => {} } = {}) {
    this.output = "";
    this.ended = null;
    const { PATH, HOME } = process.env;
    const set = Object.fromEntries(Object.entries({ PATH, HOME, XDG_STATE_HOME: state(), ...env }).filter(([, value]) => value !== undefined));
    this.#child = spawn(command, args, { cwd, env: set, stdio: [keys ? "pipe" : "ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
        hear(text);
        this.#look();
      });
    }
    this.exit = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve({ code: null, error }));
      this.#child.on("close", (code, signal) => resolve({ code, signal }));
    });
    this.exit.then((how) => {
      this.ended = how;
      this.#look();
    });
  }

  get pid() {
    return this.#child.pid;
  }

  type(text) {
    this.#child.stdin.write(text);
  }

  /** Says that nothing more is typed. */
  typed() {
    this.#child.stdin.end();
  }

  get lines() {
    return this.output.split("\n");
  }

  /** Resolves with the match once the output holds `pattern`; fails when the process ends before, or after `seconds`. */
  async until(pattern, seconds = 20) {
    return await new Promise((resolve, reject) => {
      const waiting = { pattern, resolve, reject };
      waiting.timer = setTimeout(() => reject(new Error(`no ${pattern} within ${seconds} s in:\n${this.output}`)), seconds * 1000);
      this.#waiting.push(waiting);
      this.#look();
    });
  }

  /** Asks the process to end (SIGTERM), insists after five seconds, and returns how it ended. */
  async stop() {
    if (this.ended) return this.ended;
    this.#child.kill("SIGTERM");
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    const how = await this.exit;
    clearTimeout(insist);
    return how;
  }

  #look() {
    this.#waiting = this.#waiting.filter((waiting) => {
      const match = this.output.match(waiting.pattern);
      if (!match && !this.ended) return true;
      clearTimeout(waiting.timer);
      if (match) waiting.resolve(match);
      else waiting.reject(new Error(`ended (${JSON.stringify(this.ended)}) without ${waiting.pattern}:\n${this.output}`));
      return false;
    });
  }
}

/** Runs a command to its end. */
export async function run(command, args, options) {
  const program = new Program(command, args, options);
  const { code, error } = await program.exit;
  if (error) throw error;
  return { code, output: program.output };
}

/** Listens on a free port of `host` and says which. */
export async function listen(server, host = "127.0.0.1", port = 0) {
  server.listen(port, host);
  await once(server, "listening");
  return server.address().port;
}

/** Closes a server of ours, its open connections too. */
export async function close(server) {
  server.closeAllConnections?.();
  await new Promise((resolve) => server.close(resolve));
}

/** A port that was free a moment ago, for a program that cannot choose its own, or for an address where nobody answers. */
export async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  return port;
}
