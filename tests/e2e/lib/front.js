// What a deployment has in front: one origin where /api/auth/* is the sign-in server and the rest is the application.
//
// On the way through it notes every secret that passes (codes, states, cookie values), so that the logs can be searched for them.
import { mkdirSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { close, listen } from "./program.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));
export const CACHE = `${HERE}.cache/`;
mkdirSync(CACHE, { recursive: true });

/** The React application with one of the two clients, as text. */
async function bundle(version) {
  const { outputFiles } = await build({
    absWorkingDir: HERE, entryPoints: ["app/main.jsx"],
    alias: { "next-auth/react": `next-auth-${version}/react` },
    define: { "process.env.NODE_ENV": '"production"', "process.env": "{}" },
    bundle: true, minify: true, write: false, jsx: "automatic", format: "iife", target: "chrome120", logLevel: "warning",
  });
  return outputFiles[0].text;
}

let bundles;

export async function startFront({ host = "localhost", tls, basePath = "/api/auth" } = {}) {
  bundles ??= Promise.all(["v4", "v5"].map(bundle));
  const [v4, v5] = await bundles;
  const scripts = { "/app/v4.js": v4, "/app/v5.js": v5 };
  const secrets = new Set();
  const requests = [];
  const state = { backend: null };

  function proxy(request, response) {
    note(request, secrets);
    const forwarded = tls ? { "x-forwarded-proto": "https", "x-forwarded-host": request.headers.host, "x-forwarded-for": "192.0.2.1" } : {};
    const upstream = http.request(`${state.backend}${request.url}`, { method: request.method, headers: { ...request.headers, ...forwarded } }, (answer) => {
      requests.push({ method: request.method, path: request.url.split("?")[0], status: answer.statusCode, headers: answer.headers });
      for (const cookie of answer.headers["set-cookie"] ?? []) noteCookie(cookie, secrets);
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on("error", () => response.writeHead(502).end("bad gateway"));
    request.pipe(upstream);
  }

  function application(request, response) {
    const path = request.url.split("?")[0];
    if (path in scripts) return response.writeHead(200, { "content-type": "text/javascript" }).end(scripts[path]);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    const version = path.startsWith("/v4") ? "v4" : "v5";
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" })
      .end(`<!doctype html><html lang="en"><title>An application</title><div id="root"></div><script src="/app/${version}.js"></script></html>`);
  }

  const handle = (request, response) => (request.url.startsWith(`${basePath}/`) ? proxy(request, response) : application(request, response));
  const server = tls ? https.createServer(tls, handle) : http.createServer(handle);
  const port = await listen(server, host);
  const origin = `${tls ? "https" : "http"}://${host}:${port}`;
  return { origin, authUrl: `${origin}${basePath}`, secrets, requests, state, stop: () => close(server) };
}

function note(request, secrets) {
  const query = new URL(request.url, "http://front.invalid").searchParams;
  for (const name of ["code", "state"]) if (query.get(name)?.length > 15) secrets.add(query.get(name));
}

/** Session, transaction and CSRF cookies are secrets; the callback URL is not. */
function noteCookie(cookie, secrets) {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
  if (!value || name.includes("callback-url")) return;
  for (const part of decodeURIComponent(value).split("|")) if (part.length > 15) secrets.add(part);
}
