// `authcfg validate --online` beside the discovery document of a real provider, and where there is none to be had.
import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import { after, before, test } from "node:test";
import { authcfg, folder } from "../lib/authcfg.js";
import { startOpenid } from "../lib/openid.js";
import { close, freePort, listen } from "../lib/program.js";
import { selfSigned } from "../lib/tls.js";

let openid, files;
before(async () => {
  openid = await startOpenid({ clients: [] });
  // A private network is fetched from only where the deployment file lists it.
  files = folder({ "authcfg.yaml": "providers: {oidc: {issuer: https://id.corp.example}}\nnetwork: {allow_private_networks: [127.0.0.0/8]}\n" });
});
after(async () => {
  await openid?.stop();
  files?.remove();
});

/** The findings in a file of `issuer` with these further lines: `CODE severity`, and what is said. */
async function findings(issuer, lines = "", config = ["--config", "authcfg.yaml"]) {
  files.write("acme.yaml", `id: acme\nname: Acme\nprotocol: oidc\ndiscovery: true\nissuer: ${issuer}\n${lines}`);
  const { output } = await authcfg(["validate", "--online", "--format", "json", "--allow", "missing-test", ...config, "acme.yaml"], { cwd: files.path });
  const { findings } = JSON.parse(output.slice(0, output.lastIndexOf("}") + 1));
  return findings.map(({ code, severity, message, help }) => [`${code} ${severity}`, `${message}; ${help}`]);
}

const codes = (found) => found.map(([code]) => code);

test("a file that says what the provider says has no finding", async () => {
  assert.deepEqual(await findings(openid.issuer, `token_endpoint: ${openid.issuer}/token\n`), []);
});

test("each contradiction has its finding", async () => {
  for (const [lines, code, part, ...more] of [
    [`token_endpoint: ${openid.issuer}/oauth/token\n`, "endpoint-mismatch warning", `${openid.issuer}/token`],
    ["scopes: {default: [openid, phone]}\n", "unlisted-value warning", "scope `phone`"],
    ["pkce: plain\n", "unlisted-value warning", "S256", "weak-pkce warning"],
    ["id_token: {algs: [ES384]}\n", "unlisted-value error", "RS256"],
    ["authorization_response_iss_parameter_supported: false\n", "iss-parameter-mismatch warning", "iss"],
  ]) {
    const found = await findings(openid.issuer, lines);
    assert.deepEqual(codes(found), [code, ...more], lines);
    assert.ok(found[0][1].includes(part), `${part} in ${found[0][1]}`);
  }
  assert.deepEqual(codes(await findings(`${openid.issuer}/`)), ["issuer-mismatch error"]);
});

test("a network that is not listed is not connected to", async () => {
  const found = await findings(openid.issuer, "", []);
  assert.deepEqual(codes(found), ["unusable-discovery warning"]);
  assert.match(found[0][1], /network that is not connected to/);
});

test("why there is no document is said, and is a warning", async () => {
  const answer = async (server, scheme, why) => {
    const port = await listen(server);
    const found = await findings(`${scheme}://127.0.0.1:${port}`);
    await close(server);
    assert.deepEqual(codes(found), ["unusable-discovery warning"]);
    assert.match(found[0][1], why);
  };
  await answer(http.createServer((_, response) => response.writeHead(403).end()), "http", /the answer is 403/);
  await answer(http.createServer((_, response) => response.end("<h1>Sign in to the hotel</h1>")), "http", /not JSON/);
  await answer(http.createServer((_, response) => response.end(" ".repeat(200_000))), "http", /more than is read/);
  await answer(http.createServer((_, response) => response.writeHead(302, { location: "/x" }).end()), "http", /the answer is 302/);
  await answer(https.createServer(selfSigned(), (_, response) => response.end("{}")), "https", /no valid certificate/);
  await answer(http.createServer(() => {}), "http", /did not answer in time/);
  const refused = await findings(`http://127.0.0.1:${await freePort()}`);
  assert.deepEqual(codes(refused), ["unusable-discovery warning"]);
  assert.match(refused[0][1], /cannot be reached/);
});

test("a reserved name is never called known", async () => {
  // RFC 6761 §6.4: `.invalid` does not exist. A machine without names to ask cannot know that.
  const found = await findings(openid.issuer, "docs: https://gone.invalid\n");
  assert.ok(["unknown-host warning", "unanswered-lookup warning"].includes(found[0]?.[0]), JSON.stringify(found));
});
