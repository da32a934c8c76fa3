// GNOME Keyring, as Debian has it, on a D-Bus of its own: the keyring of a desktop, without the desktop.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { folder } from "./authcfg.js";
import { Program, run } from "./program.js";

const BUS = "/usr/bin/dbus-daemon";
const DAEMON = "/usr/bin/gnome-keyring-daemon";
// A bus that starts nothing by itself.
const configuration = (address) => `<busconfig>
  <type>session</type><listen>${address}</listen>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`;

/** Starts both; `env` is what a program of that session has in its environment. */
export async function startKeyring() {
  for (const binary of [BUS, DAEMON]) {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: apt-get install --no-install-recommends dbus-daemon gnome-keyring libsecret-tools`);
  }
  const here = folder({});
  for (const name of ["home", "run"]) mkdirSync(`${here.path}/${name}`, { mode: 0o700 });
  const address = `unix:path=${here.path}/run/bus`;
  const env = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: `${here.path}/run`, HOME: `${here.path}/home`, XDG_DATA_HOME: `${here.path}/home/data` };
  writeFileSync(`${here.path}/bus.conf`, configuration(address));
  const bus = new Program(BUS, [`--config-file=${here.path}/bus.conf`, "--nofork", "--nopidfile", "--print-address"], { env });
  let daemon;
  const keyring = {
    env,
    /** Starts the service, which until then nobody offers on this bus: unlocked by a password, or locked. */
    async open({ locked = false } = {}) {
      daemon = new Program(DAEMON, ["--foreground", ...(locked ? [] : ["--unlock"]), "--components=secrets"], { env, keys: true });
      if (!locked) daemon.type("a password of this test");
      daemon.typed();
      while (!(await keyring.tool("search", "service", "nobody")).answers) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    /** Runs secret-tool, the command of the same service. */
    async tool(...args) {
      const { code, output } = await run("secret-tool", args, { env });
      return { code, output, answers: !output.includes("org.freedesktop.secrets") };
    },
    /** Ends the service; the bus goes on. */
    async close() {
      await daemon?.stop();
      daemon = undefined;
    },
    async stop() {
      await keyring.close();
      await bus.stop();
      here.remove();
    },
  };
  try {
    await bus.until(/unix:path=/);
  } catch (error) {
    await keyring.stop();
    throw error;
  }
  return keyring;
}
