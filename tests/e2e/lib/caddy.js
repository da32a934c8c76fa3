// Caddy with a configuration of a test's own.
import { existsSync } from "node:fs";
import { folder } from "./authcfg.js";
import { Program } from "./program.js";

const BINARY = "/usr/bin/caddy";

/** Starts it with the sites of a Caddyfile; nothing of it is left in the home of whoever runs the tests. */
export async function startCaddy(sites) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: apt-get install --no-install-recommends caddy`);
  const here = folder({ Caddyfile: `{\n  admin off\n  auto_https off\n}\n${sites}` });
  const program = new Program(BINARY, ["run", "--config", "Caddyfile", "--adapter", "caddyfile"], { cwd: here.path, env: { XDG_DATA_HOME: here.path, XDG_CONFIG_HOME: here.path } });
  await program.until(/serving initial configuration/);
  return {
    program,
    async stop() {
      await program.stop();
      here.remove();
    },
  };
}
