// A command on a terminal of its own: what a person would see there, escape sequences and all.
import { run } from "./program.js";

const PTY = `
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Runs a command on a terminal with so many columns. */
export async function onTerminal(columns, command, args, { env, cwd } = {}) {
  return await run("python3", ["-c", PTY, String(columns), command, ...args], { cwd, env: { TERM: "xterm-256color", ...env } });
}
