// Authlib: an authorization server in Python, `authlib_provider.py`, that gives a token for an assertion of a client.
import { fileURLToPath } from "node:url";
import { folder } from "./authcfg.js";
import { freePort, Program } from "./program.js";
import { pythonTools } from "./python.js";

const PROVIDER = fileURLToPath(new URL("authlib_provider.py", import.meta.url));

/** Starts it for one client: `client_id`, the public `key` as PEM, the `scopes` it may have, the one `sub` it acts for. */
export async function startAuthlib(client, lifetime = 3600) {
  const [python, here, port] = [`${await pythonTools()}/python`, folder(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const program = new Program(python, ["-B", PROVIDER], { cwd: here.path, env: { PROVIDER: JSON.stringify({ ...client, lifetime, port, origin }) } });
  const stop = async () => {
    await program.stop();
    here.remove();
  };
  try {
    await program.until(/listening/);
  } catch (error) {
    await stop();
    throw error;
  }
  /** What was given, with whom the client acts for. */
  const issued = async () => (await fetch(`${origin}/tokens`)).json();
  return { origin, program, issued, stop };
}
