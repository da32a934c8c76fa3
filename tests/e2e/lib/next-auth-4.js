// An application with next-auth 4 and its own GitHub provider, as a Next.js page at pages/api/auth/[...nextauth].js has it.
import http from "node:http";
import { createRequire } from "node:module";
import { close, listen } from "./program.js";

const require = createRequire(import.meta.url);
const NextAuth = require("next-auth-v4").default;
const GitHub = require("next-auth-v4/providers/github").default;

/** Starts it; `github` is the prefix of the mock's endpoints. */
export async function startNextAuth4(github) {
  const options = {
    secret: "a secret for tests alone, 32 bytes or more",
    logger: { error: () => {}, warn: () => {}, debug: () => {} },
    providers: [
      GitHub({
        clientId: "app", clientSecret: "secret",
        authorization: `${github}/login/oauth/authorize?scope=read:user+user:email`,
        token: `${github}/login/oauth/access_token`,
        // Its own `request` asks api.github.com for the addresses.
        userinfo: { url: `${github}/user`, request: ({ client, tokens }) => withEmail(client, tokens, github) },
      }),
    ],
  };
  const server = http.createServer((request, response) => void handle(request, response, options));
  const port = await listen(server, "localhost");
  process.env.NEXTAUTH_URL = `http://localhost:${port}`;
  return { origin: `http://localhost:${port}`, stop: () => close(server) };
}

async function withEmail(client, tokens, github) {
  const profile = await client.userinfo(tokens.access_token);
  const emails = await (await fetch(`${github}/user/emails`, { headers: { Authorization: `token ${tokens.access_token}` } })).json();
  return { ...profile, email: emails.find(({ primary }) => primary).email };
}

/** What Next.js adds to Node's request and response. */
async function handle(request, response, options) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  request.query = { ...Object.fromEntries(url.searchParams), nextauth: url.pathname.split("/").slice(3) };
  request.cookies = Object.fromEntries((request.headers.cookie ?? "").split("; ").filter(Boolean).map((pair) => [pair.slice(0, pair.indexOf("=")), decodeURIComponent(pair.slice(pair.indexOf("=") + 1))]));
  request.body = Object.fromEntries(new URLSearchParams(body));
  response.status = (status) => Object.assign(response, { statusCode: status });
  response.send = (body) => response.end(typeof body === "object" ? JSON.stringify(body) : body);
  response.json = response.send;
  await NextAuth(request, response, options);
}
