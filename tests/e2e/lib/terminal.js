// A command on a terminal of its own: what a person would see there, escape sequences and all.
import { Program } from "./program.js";

const PTY = `
import fcntl, os, pty, select, struct, sys, termios
columns, rows = int(sys.argv[1]), int(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
sources, shown = [0, terminal], True
while shown:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if source == terminal:
            shown = os.write(1, data) if data else False
        elif data:
            os.write(terminal, data)
        else:
            sources.remove(source)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Starts a command on a terminal of that size. `program.type(text)` presses keys, `hear` is told of each piece of output. */
export function startOnTerminal({ columns, rows = 24 }, command, args, { env, cwd, hear } = {}) {
  return new Program("python3", ["-c", PTY, String(columns), String(rows), command, ...args], { cwd, hear, keys: true, env: { TERM: "xterm-256color", ...env } });
}

/** Runs a command on a terminal with so many columns. */
export async function onTerminal(columns, command, args, options) {
  const program = startOnTerminal({ columns }, command, args, options);
  const { code, error } = await program.exit;
  if (error) throw error;
  return { code, output: program.output };
}
