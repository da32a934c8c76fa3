// Tokens for an MCP server that nobody here knows: it names its authorization server (RFC 9728), the client registers itself there
// (RFC 7591), and the token is for this resource alone (RFC 8707). The authorization server is a real one.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { authcfg, BINARY, folder, serve } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { close, listen, Program } from "../lib/program.js";
import { answerOpenid, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const LIFETIME = 3;
let op, mcp, resource, here, env;

before(async () => {
  mcp = http.createServer(answer);
  const origin = `http://127.0.0.1:${await listen(mcp)}`;
  resource = `${origin}/v1/mcp`;
  const resourceIndicators = {
    enabled: true, defaultResource: () => undefined, useGrantedResource: () => false,
    getResourceServerInfo: (_, asked) => {
      if (asked !== resource) throw Object.assign(new Error("invalid_target"), { error: "invalid_target", status: 400, statusCode: 400, expose: true });
      return { scope: "tools", audience: asked, accessTokenTTL: LIFETIME, accessTokenFormat: "opaque" };
    },
  };
  op = await startOpenid({ clients: [], accessToken: LIFETIME, features: { registration: { enabled: true }, resourceIndicators } });
  const mine = "mcp: {scopes: [tools, offline_access], authorization: {params: {prompt: consent}}}";
  here = folder({ "authcfg.yaml": `providers:\n  ${mine}\n` });
  env = { AUTH_MCP_RESOURCE: resource, NO_COLOR: "1", XDG_STATE_HOME: `${here.path}/state` };
});
after(async () => {
  await op?.stop();
  await close(mcp);
  here?.remove();
});

/** An MCP server, as far as its door goes: who has no token for it is told where to get one. */
async function answer(request, response) {
  const json = (status, body, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  if (request.url === "/.well-known/oauth-protected-resource/v1/mcp") return json(200, { resource, authorization_servers: [op.issuer] });
  if (request.url !== "/v1/mcp") return json(404, {});
  const token = await op.provider.AccessToken.find(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
  const isForUs = token?.aud === resource && token.isValid;
  return isForUs ? json(200, { client: token.clientId, scope: token.scope }) : json(401, {}, { "www-authenticate": "Bearer" });
}

const printed = ({ output }) => output.trim();

async function tools(token) {
  const answered = await fetch(resource, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  return { status: answered.status, body: await answered.json() };
}

async function login() {
  const program = new Program(BINARY, ["login", "mcp", "--no-browser"], { cwd: here.path, env });
  const [, url] = await program.until(/open in a browser\s+(http\S+)/);
  assert.equal(new URL(url).searchParams.get("resource"), resource);
  const visitor = new Visitor();
  await visitor.request(await answerOpenid(visitor, url, { login: "ada@op.example" }));
  const { code } = await program.exit;
  for (const word of op.seen.secrets) assert.ok(!program.output.includes(word), program.output);
  return { code, output: program.output, clientId: new URL(url).searchParams.get("client_id") };
}

test("somebody lets a client in that nobody knew before, and its token opens the server, renewed or not", async () => {
  const { code, output, clientId } = await login();
  assert.equal(code, 0, output);
  assert.match(output, /protected_resource\n {2}GET \S+\/\.well-known\/oauth-protected-resource\/v1\/mcp/);
  assert.match(output, /registration\n {2}POST /);
  assert.match(output, /got tokens at MCP server/);
  assert.match(clientId, /^\S{10,}$/);
  const first = await authcfg(["token", "mcp"], { cwd: here.path, env });
  assert.equal(first.code, 0, first.output);
  assert.deepEqual(await tools(printed(first)), { status: 200, body: { client: clientId, scope: "tools" } });
  await new Promise((resolve) => setTimeout(resolve, (LIFETIME + 1) * 1000));
  assert.equal((await tools(printed(first))).status, 401);
  const second = await authcfg(["token", "mcp"], { cwd: here.path, env });
  assert.equal(second.code, 0, second.output);
  assert.deepEqual(op.seen.refreshes, ["granted"]);
  assert.deepEqual(await tools(printed(second)), { status: 200, body: { client: clientId, scope: "tools" } });
  const out = await authcfg(["logout", "mcp"], { cwd: here.path, env });
  assert.equal(out.code, 0, out.output);
  assert.equal((await tools(printed(second))).status, 401);
  assert.equal((await authcfg(["token", "mcp"], { cwd: here.path, env })).code, 4);
});

test("tokens of one server are not those of another", async () => {
  assert.equal((await login()).code, 0);
  const elsewhere = { ...env, AUTH_MCP_RESOURCE: `${new URL(resource).origin}/v2/mcp` };
  assert.equal((await authcfg(["token", "mcp"], { cwd: here.path, env: elsewhere })).code, 4);
  assert.equal((await authcfg(["token", "mcp"], { cwd: here.path, env })).code, 0);
});

test("a server that names nobody lets nobody in", async () => {
  const elsewhere = { ...env, AUTH_MCP_RESOURCE: `${new URL(resource).origin}/v2/mcp` };
  const { code, output } = await authcfg(["login", "mcp", "--no-browser"], { cwd: here.path, env: elsewhere });
  assert.equal(code, 4, output);
  assert.match(output, /protected_resource: .*404/);
});

test("nobody signs in with it at a sign-in server", async () => {
  const server = await serve({ files: { "authcfg.yaml": `providers:\n  mcp: {}\n  oidc: {issuer: "${op.issuer}", client_id: c, client_secret: {env: OIDC_SECRET}}\n` }, env: { ...env, AUTH_SECRET: canary("auth-secret"), OIDC_SECRET: canary("oidc-secret") } });
  try {
    const offered = await (await fetch(`${server.backend.replace("127.0.0.1", "localhost")}/api/auth/providers`)).json();
    assert.deepEqual(Object.keys(offered), ["oidc"]);
    assert.match(server.program.output, /nobody can sign in with it/);
  } finally {
    await server.stop();
  }
});
