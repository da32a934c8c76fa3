// The real Neovim, without a screen: keys go in as a person types them, and Lua asks what there is to see.
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { folder } from "./authcfg.js";
import { Program } from "./program.js";
import { must, pythonTools } from "./python.js";

const SECONDS = 30;

/** Starts Neovim in `cwd` with `init` as its init.lua and `bin` in front of the PATH. */
export async function startNeovim(init, { cwd, bin }) {
  const nvim = join(await pythonTools(), "nvim");
  const home = folder({ "config/nvim/init.lua": init });
  const env = {
    HOME: home.path, PATH: `${bin}:${process.env.PATH}`,
    XDG_CONFIG_HOME: join(home.path, "config"), XDG_DATA_HOME: join(home.path, "data"), XDG_STATE_HOME: join(home.path, "state"),
    // What a language server wants from the internet it does not get.
    HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:9",
  };
  const socket = join(home.path, "socket");
  const program = new Program(nvim, ["--headless", "--listen", socket], { cwd, env });
  const ask = (...args) => must(nvim, ["--server", socket, ...args], { env });
  const editor = {
    program,
    /** Types keys, written as in a mapping: `<Esc>`. */
    keys: (keys) => ask("--remote-send", keys),
    /** The value of a Lua expression. */
    lua: async (expression) => JSON.parse(await ask("--remote-expr", `luaeval('vim.json.encode(${expression.replaceAll("'", "''")})')`)),
    /** The value of a Lua expression once `ready` takes it. */
    async until(expression, ready = (value) => value) {
      let value;
      for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(50)) {
        value = await editor.lua(expression);
        if (ready(value)) return value;
      }
      throw new Error(`${expression} is still ${JSON.stringify(value)?.slice(0, 500)} after ${SECONDS} s`);
    },
    /** Leaves without saving; the exit code. */
    async stop() {
      await ask("--remote-send", "<C-\\\\><C-n>:qa!<CR>").catch(() => {});
      const { code } = await Promise.race([program.exit, sleep(10_000, {}, { ref: false })]);
      await program.stop();
      home.remove();
      return code;
    },
  };
  for (const end = Date.now() + SECONDS * 1000; ; await sleep(50)) {
    if (await editor.lua("1").catch(() => null)) return editor;
    if (Date.now() > end || program.ended) throw new Error(`Neovim did not start:\n${program.output}`);
  }
}
