// An OpenID provider without pages that fails on purpose. Each path is an issuer of its own, and its name says what goes wrong:
// `/token-html` answers HTML at its token endpoint, `/fine` is a provider in order. The browser is sent back at once. Who comes with a
// `login_hint` is that person.
import { createHash, createSign, randomBytes } from "node:crypto";
import http from "node:http";
import { keyPair } from "./keys.js";
import { close, listen } from "./program.js";

export const STEPS = ["discovery", "jwks", "token", "userinfo"];
export const KINDS = ["down", "slow", "endless", "html", "error500"];

const { privateKey, publicKey } = keyPair("rsa", { modulusLength: 2048 });
const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "scripted", use: "sig", alg: "RS256" }] };

export async function startScripted({ clientId = "client-of-scripted", clientSecret }) {
  const [codes, people] = [new Map(), new Map()];
  const seen = { secrets: new Set(), requests: {} };
  const open = new Set();
  const holding = new Map();

  const answers = {
    discovery: ({ issuer }) => ({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, userinfo_endpoint: `${issuer}/userinfo`, jwks_uri: `${issuer}/jwks`,
      response_types_supported: ["code"], subject_types_supported: ["public"], id_token_signing_alg_values_supported: ["RS256"], code_challenge_methods_supported: ["S256"],
    }),
    jwks: () => jwks,
    token({ issuer, form, authorization }) {
      const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
      const granted = codes.get(form.code);
      codes.delete(form.code);
      const challenge = createHash("sha256").update(form.code_verifier ?? "").digest("base64url");
      if (authorization !== basic || granted?.code_challenge !== challenge) return { error: "invalid_grant" };
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: issuer, aud: clientId, sub: granted.login_hint ?? "scripted-1", iat: now, exp: now + 300, nonce: granted.nonce };
      const access_token = secret("scripted-at");
      people.set(access_token, claims.sub);
      return { token_type: "Bearer", access_token, id_token: sign(claims), expires_in: 300 };
    },
    userinfo({ authorization }) {
      const sub = people.get(authorization?.replace("Bearer ", "")) ?? "scripted-1";
      const name = sub === "scripted-1" ? "Edsger Example" : sub;
      return { sub, name, email: "edsger@scripted.example", email_verified: true };
    },
  };

  function secret(kind) {
    const value = `${kind}-${randomBytes(16).toString("hex")}`;
    seen.secrets.add(value);
    return value;
  }

  function authorize(url, response) {
    const query = Object.fromEntries(url.searchParams);
    const code = secret("scripted-code");
    codes.set(code, query);
    const target = new URL(query.redirect_uri);
    target.search = new URLSearchParams({ code, state: query.state });
    response.writeHead(302, { location: target.href }).end();
  }

  async function fail(kind, response) {
    if (kind === "down") return response.destroy();
    if (kind === "slow") return;
    if (kind === "html") return response.writeHead(200, { "content-type": "text/html" }).end("<h1>Down for maintenance</h1>");
    if (kind === "error500") return response.writeHead(500, { "content-type": "application/json" }).end('{"error":"server_error"}');
    response.writeHead(200, { "content-type": "application/json" }).write('{"access_token":"');
    const flow = () => {
      while (!response.destroyed && response.write("a".repeat(16_384)));
    };
    response.on("drain", flow);
    flow();
  }

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, issuerOrigin);
    const [, name, ...rest] = url.pathname.split("/");
    const path = rest.join("/");
    if (path === "authorize") return authorize(url, response);
    const step = path === ".well-known/openid-configuration" ? "discovery" : path;
    if (!(step in answers)) return response.writeHead(404).end();
    seen.requests[name] ??= {};
    seen.requests[name][step] = (seen.requests[name][step] ?? 0) + 1;
    const [failing, kind] = name.split("-");
    if (failing === step) return await fail(kind, response);
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    await holding.get(path)?.();
    const answer = answers[step]({ issuer: `${issuerOrigin}/${name}`, form: Object.fromEntries(new URLSearchParams(text)), authorization: request.headers.authorization });
    response.writeHead(answer.error ? 400 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.on("connection", (socket) => open.add(socket) && socket.on("close", () => open.delete(socket)).on("error", () => {}));
  const issuerOrigin = `http://127.0.0.1:${await listen(server)}`;
  return {
    clientId, clientSecret, seen, issuer: (name) => `${issuerOrigin}/${name}`,
    /** Keeps the next answer of a step back: resolves `asked` when it is asked for, until `release`. */
    hold(step) {
      let release;
      const released = new Promise((resolve) => (release = resolve));
      const asked = new Promise((resolve) => {
        holding.set(step, () => {
          holding.delete(step);
          resolve();
          return released;
        });
      });
      return { asked, release };
    },
    stop() {
      for (const socket of open) socket.destroy();
      return close(server);
    },
  };
}

function sign(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part({ alg: "RS256", kid: "scripted", typ: "JWT" })}.${part(claims)}`;
  return `${input}.${createSign("sha256").update(input).sign(privateKey).toString("base64url")}`;
}
