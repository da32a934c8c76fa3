// Forward authentication: the configurations of the manual in the real nginx and the real Caddy, before an application that says what it got.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/authcfg.js";
import { answerOpenidPages, launch } from "../lib/browser.js";
import { startCaddy } from "../lib/caddy.js";
import { block } from "../lib/manual.js";
import { startNginxWith } from "../lib/nginx.js";
import { startOpenid } from "../lib/openid.js";
import { close, freePort, listen } from "../lib/program.js";
import { answerOpenid, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const GRACE = { "remote-user": "op:grace@op.example", "remote-name": "grace Example", "remote-email": "grace@op.example", "remote-groups": "" };
const NOBODY = { "remote-user": "", "remote-name": "", "remote-email": "", "remote-groups": "" };

/** What an application behind a proxy gets: it says so in its answer, also where it changes to another protocol. */
async function startApplication() {
  const seen = [];
  const told = (request, body = "") => ({ method: request.method, url: request.url, rawHeaders: request.rawHeaders, body });
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(told(request, body));
    response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>Wiki</title><pre id="got">${JSON.stringify(told(request, body))}</pre>`);
  });
  server.on("upgrade", (request, socket) => {
    seen.push(told(request));
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.on("data", (data) => socket.write(`echo ${data}`)).on("end", () => socket.end()).on("error", () => {});
  });
  const port = await listen(server);
  return { port, seen, stop: () => close(server) };
}

/** The headers that say who it is, in whatever spelling, as an application that reads `_` as `-` sees them. */
function identity({ rawHeaders }) {
  const found = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at].toLowerCase().replaceAll("_", "-");
    if (name.startsWith("remote-")) found[name] = name in found ? `${found[name]} AND ${rawHeaders[at + 1]}` : rawHeaders[at + 1];
  }
  return { ...NOBODY, ...found };
}

const MANUAL = {
  nginx: ({ port, backend, application }) => {
    const set = { "listen 443 ssl;": `listen 127.0.0.1:${port};`, "server_name wiki.example.com;": "server_name localhost;", "127.0.0.1:3100": backend, "127.0.0.1:8080": `127.0.0.1:${application}` };
    return startNginxWith({ port, http: replaced(block("forward-auth", "nginx.conf"), set) });
  },
  caddy: ({ port, backend, application }) => {
    const set = { "wiki.example.com {": `http://localhost:${port} {\n  bind 127.0.0.1`, "127.0.0.1:3100": backend, "127.0.0.1:8080": `127.0.0.1:${application}` };
    return startCaddy(replaced(block("forward-auth", "Caddyfile"), set));
  },
};

function replaced(text, set) {
  for (const [from, to] of Object.entries(set)) {
    assert.ok(text.includes(from), `the manual has ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

let op, application, server, browser;
const proxies = {};
const backendPort = await freePort();
before(async () => {
  const ports = { nginx: await freePort(), caddy: await freePort() };
  const secret = canary("op-secret");
  const redirect_uris = Object.values(ports).map((port) => `http://localhost:${port}/api/auth/callback/op`);
  op = await startOpenid({ clients: [{ client_id: "wiki", client_secret: secret, redirect_uris }] });
  application = await startApplication();
  const deployment = `
base_url: [${Object.values(ports).map((port) => `"http://localhost:${port}"`).join(", ")}]
trusted_proxies: [127.0.0.1]
providers: {op: {use: oidc, name: Example ID, issuer: "${op.issuer}"}}
forward_auth:
  routes:
    - {paths: [/]}
    - {paths: [/assets], public: true}
    - {paths: [/admin], allow: [{emails: ["ada@op.example"]}]}
`;
  server = await serve({ files: { "authcfg.yaml": deployment }, env: { AUTH_SECRET: canary("auth-secret"), AUTH_OP_ID: "wiki", AUTH_OP_SECRET: secret }, listen: `127.0.0.1:${backendPort}` });
  for (const [name, port] of Object.entries(ports)) {
    proxies[name] = { port, origin: `http://localhost:${port}`, ...(await MANUAL[name]({ port, backend: `127.0.0.1:${backendPort}`, application: application.port })) };
  }
  browser = await launch();
});
after(async () => {
  await browser?.stop();
  for (const proxy of Object.values(proxies)) await proxy.stop();
  for (const part of [server, application, op]) await part?.stop();
});

/** One request, byte for byte: what no HTTP client would send. */
async function raw(port, target, headers = [], { method = "GET", body = "" } = {}) {
  const socket = net.connect(port, "127.0.0.1");
  socket.setTimeout(10_000, () => socket.destroy());
  const lines = [`${method} ${target} HTTP/1.1`, `Host: localhost:${port}`, "Connection: close", ...headers];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  let text = "";
  socket.setEncoding("utf8").on("data", (data) => (text += data)).on("error", () => {});
  await once(socket, "close");
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}

async function signedIn({ origin }, login = "grace@op.example") {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, `${origin}/api/auth`, "op");
  await visitor.request(await answerOpenid(visitor, url, { login }));
  return { visitor, cookie: `Cookie: ${visitor.cookieHeader(new URL(origin))}` };
}

const got = (text) => JSON.parse(/<pre id="got">(.*)<\/pre>/s.exec(text)[1]);

for (const name of Object.keys(MANUAL)) {
  describe(name, () => {
    test("a page leads to the sign-in and back to where one was, in Chromium", async () => {
      const { origin } = proxies[name];
      const person = await browser.person();
      const page = await person.newPage();
      await page.goto(`${origin}/pages/Gr%C3%BC%C3%9Fe?edit=1&x=%2F`);
      assert.ok(page.url().startsWith(`${origin}/api/auth/signin?callbackUrl=`), page.url());
      await page.getByRole("button", { name: /Example ID/ }).click();
      await answerOpenidPages(page);
      await page.waitForURL(`${origin}/pages/**`);
      assert.equal(page.url(), `${origin}/pages/Gr%C3%BC%C3%9Fe?edit=1&x=%2F`);
      const seen = JSON.parse(await page.locator("#got").textContent());
      assert.equal(seen.url, "/pages/Gr%C3%BC%C3%9Fe?edit=1&x=%2F");
      assert.deepEqual(identity(seen), GRACE);
      await person.close();
    });

    test("without a session: a page is sent to sign in, anything else gets 401, nothing reaches the application", async () => {
      const { port, origin } = proxies[name];
      const before = application.seen.length;
      const page = await new Visitor().request(`${origin}/x?y=z`, { headers: { accept: "text/html" } });
      const signIn = `${origin}/api/auth/signin?callbackUrl=${encodeURIComponent(`${origin}/x?y=z`)}`;
      assert.deepEqual([page.status, page.location], [302, signIn]);
      assert.equal((await new Visitor().request(`${origin}/x`, { headers: { accept: "application/json" } })).status, 401);
      assert.equal((await new Visitor().request(`${origin}/x`, { form: { a: "b" }, headers: { accept: "text/html" } })).status, 401);
      for (const cookie of ["authjs.session-token=x", "authjs.session-token=", "authjs.session-token=a.b.c.d.e"]) {
        assert.equal((await raw(port, "/x", [`Cookie: ${cookie}`])).status, 401, cookie);
      }
      assert.equal(application.seen.length, before);
    });

    test("rules: who may not go there gets 403, who may gets through, and everybody to what is public", async () => {
      const { port } = proxies[name];
      const [grace, ada] = [await signedIn(proxies[name]), await signedIn(proxies[name], "ada@op.example")];
      assert.equal((await raw(port, "/admin/users", [grace.cookie])).status, 403);
      const admin = await raw(port, "/admin/users", [ada.cookie]);
      assert.equal(identity(got(admin.text))["remote-user"], "op:ada@op.example");
      const open = await raw(port, "/assets/x.css");
      assert.deepEqual([open.status, identity(got(open.text))], [200, NOBODY]);
    });

    test("no way of writing a path gets past a rule", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      const before = application.seen.length;
      const inside = ["/admin", "//admin", "/ADMIN", "/Admin/", "/admin;x", "/admin.", "/%61dmin", "/%2561dmin", "/%2Fadmin", "/x/../admin", "/x/%2e%2e/admin", "/x/%252e%252e/admin",
        "/x/..;/admin", "/assets/../admin", "/assets/..%2fadmin", "/assets/%2e%2e%2fadmin", "/assets%2f..%2fadmin", "/assets/..\\admin", "/assets/..%5cadmin", "/admin%00", "/admin%00.css",
        "/assets/..%00/admin", "/./admin", "/;/admin", "/admin%2f", "/admin%3bx", "/admin%20", "/admin?x=/assets", "/admin#/assets", "/admin%", "/admin%ff"];
      for (const target of inside) {
        const { status } = await raw(port, target, [cookie]);
        assert.ok([400, 403].includes(status), `${target}: ${status}`);
      }
      for (const target of inside) {
        const { status } = await raw(port, target);
        assert.ok([400, 401, 403].includes(status), `${target} without a session: ${status}`);
      }
      assert.equal(application.seen.length, before, JSON.stringify(application.seen.slice(before).map(({ url }) => url)));
      // The twin: what is not there to be got past goes through as it stands.
      const plain = await raw(port, "/a%20b/100%25/x.y?/admin", [cookie]);
      assert.equal(got(plain.text).url, "/a%20b/100%25/x.y?/admin");
    });

    test("no forged header reaches the application, whatever its case, with `_`, doubled, or where nobody is signed in", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      const forged = ["Remote-User", "remote-user", "REMOTE-USER", "Remote_User", "remote_user", "Remote-Groups", "Remote_Groups", "Remote-Email", "remote_email", "Remote-Name"].map((header) => `${header}: root`);
      for (const headers of [...forged.map((line) => [line]), [forged[0], forged[0]], forged]) {
        assert.deepEqual(identity(got((await raw(port, "/x", [cookie, ...headers])).text)), GRACE, headers.join());
        assert.deepEqual(identity(got((await raw(port, "/assets/x", headers)).text)), NOBODY, headers.join());
        assert.equal((await raw(port, "/x", headers)).status, 401, headers.join());
      }
    });

    test("a visitor does not say which request is meant, or for which host", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      const before = application.seen.length;
      for (const line of ["X-Forwarded-Uri: /assets/x", "X-Original-URL: /assets/x", "X-Original-URI: /assets/x", `X-Original-URL: http://localhost:${port}/assets/x`, "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example", "X-Rewrite-URL: /assets/x", "X-Forwarded-Prefix: /assets", "X-Forwarded-Method: OPTIONS", "X-Original-Method: OPTIONS"]) {
        assert.equal((await raw(port, "/admin", [cookie, line])).status, 403, line);
        assert.equal((await raw(port, "/x", [line])).status, 401, line);
        assert.equal(application.seen.length, before, line);
      }
    });

    test("a body goes to the application, whole, and with any method", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      const body = "x".repeat(300_000);
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const { status } = await raw(port, "/save?a=b", [cookie, `Content-Length: ${body.length}`], { method, body });
        assert.equal(status, 200, method);
        const seen = application.seen.at(-1);
        assert.deepEqual([seen.method, seen.url, seen.body.length, identity(seen)], [method, "/save?a=b", body.length, GRACE]);
      }
    });

    test("a WebSocket is opened for who is signed in, and for nobody else", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      const upgrade = (headers) => {
        const lines = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...headers];
        const socket = net.connect(port, "127.0.0.1");
        socket.write(`GET /socket HTTP/1.1\r\nHost: localhost:${port}\r\n${lines.join("\r\n")}\r\n\r\n`);
        return socket.setEncoding("utf8");
      };
      const open = upgrade([cookie]);
      let text = "";
      await new Promise((resolve, reject) => {
        open.setTimeout(10_000, () => reject(new Error(`no echo: ${text}`)));
        open.on("error", reject).on("data", (data) => {
          text += data;
          if (text.endsWith("\r\n\r\n")) open.write("hello");
          if (text.includes("echo hello")) resolve();
        });
      });
      open.destroy();
      assert.match(text, /^HTTP\/1\.1 101 /);
      assert.deepEqual(identity(application.seen.at(-1)), GRACE);
      const refused = upgrade([]);
      const [first] = await once(refused, "data");
      refused.destroy();
      assert.match(first, /^HTTP\/1\.1 401 /);
    });

    test("a sign-out counts for the next request", async () => {
      const { port, origin } = proxies[name];
      const { visitor, cookie } = await signedIn(proxies[name]);
      assert.equal((await raw(port, "/x", [cookie])).status, 200);
      const { csrfToken } = JSON.parse((await visitor.request(`${origin}/api/auth/csrf`)).text);
      await visitor.request(`${origin}/api/auth/signout`, { form: { csrfToken } });
      assert.equal((await raw(port, "/x", [`Cookie: ${visitor.cookieHeader(new URL(origin))}`])).status, 401);
    });

    test("/verify itself tells a visitor nothing", async () => {
      const { port } = proxies[name];
      const { cookie } = await signedIn(proxies[name]);
      for (const line of ["X-Forwarded-Uri: /x", "X-Original-URL: /x", "Accept: */*"]) {
        const { text } = await raw(port, "/api/auth/verify", [line]);
        assert.doesNotMatch(text, /^HTTP\/1\.1 200/, line);
      }
      const { text } = await raw(port, "/api/auth/verify", [cookie]);
      assert.doesNotMatch(text, /op:ada/);
    });
  });
}

test("while authcfg is away nobody gets through", async () => {
  await server.stop();
  for (const [name, { port }] of Object.entries(proxies)) {
    const before = application.seen.length;
    for (const target of ["/x", "/assets/x", "/admin"]) assert.ok((await raw(port, target)).status >= 500, `${name} ${target}`);
    assert.equal(application.seen.length, before);
  }
});
