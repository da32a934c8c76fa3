// nginx before several servers: whoever it cannot reach it leaves out, and asks the next. Or with servers of a test's own.
import { existsSync } from "node:fs";
import { folder } from "./authcfg.js";
import { Program } from "./program.js";

const BINARY = "/usr/sbin/nginx";

/** Starts it on `port`, before the ports of `backends`; `set` gives it others, as somebody does who adds a machine. */
export async function startNginx({ port, backends }) {
  const nginx = await startNginxWith({ port, http: balanced(port, backends) });
  return { set: (others) => nginx.set(balanced(port, others)), stop: nginx.stop };
}

/** Starts it with what stands in its `http` block; it answers on `port` then. */
export async function startNginxWith({ port, http }) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: apt-get install --no-install-recommends nginx-light`);
  const here = folder({ "nginx.conf": configuration(http) });
  const program = new Program(BINARY, ["-p", here.path, "-c", "nginx.conf", "-e", "stderr"], { cwd: here.path });
  for (let tries = 0; ; tries += 1) {
    if (await fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false)) break;
    if (tries === 100 || program.ended) throw new Error(`nginx does not answer:\n${program.output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    set(other) {
      here.write("nginx.conf", configuration(other));
      process.kill(program.pid, "SIGHUP");
    },
    async stop() {
      await program.stop();
      here.remove();
    },
  };
}

const configuration = (http) => `
daemon off;
pid nginx.pid;
${process.getuid() === 0 ? "user root;" : ""}
worker_processes 1;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${http}
}
`;

const balanced = (port, backends) => `
upstream authcfg {
  ${backends.map((backend) => `server 127.0.0.1:${backend} max_fails=1 fail_timeout=1s;`).join("\n  ")}
  keepalive 32;
}
server {
  listen 127.0.0.1:${port};
  location / {
    proxy_pass http://authcfg;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_next_upstream error timeout;
  }
}
`;
