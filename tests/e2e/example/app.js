// A small application with Auth.js. With Next.js the same options go to NextAuth().
import http from "node:http";
import { Auth } from "@auth/core";
import GitHub from "@auth/core/providers/github";

/** Starts the application; `github` says where GitHub is, and is not set in production. */
export async function startApp({ github, port = 3000 }) {
  const config = {
    basePath: "/api/auth",
    secret: process.env.AUTH_SECRET ?? "a secret for tests alone, 32 bytes or more",
    trustHost: true,
    providers: [GitHub({ clientId: "app", clientSecret: "secret", enterprise: github && { baseUrl: github } })],
  };
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const ask = async (url, method = "GET", body) => await Auth(new Request(url, { method, headers: request.headers, body }), config);
    if (url.pathname === "/") {
      const session = await (await ask(new URL("/api/auth/session", url))).json();
      const shown = session ? `<p>Hello ${session.user.name}, ${session.user.email}</p>` : '<a href="/api/auth/signin">Sign in</a>';
      return response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>An application</title>${shown}`);
    }
    if (!url.pathname.startsWith("/api/auth/")) return response.writeHead(404).end();
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const answer = await ask(url, request.method, body || undefined);
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text());
  });
  await new Promise((listening) => server.listen(port, "localhost", listening));
  return { url: `http://localhost:${server.address().port}/`, stop: () => server.close() };
}
