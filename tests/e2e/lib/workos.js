// A service as WorkOS documents its SSO API (https://workos.com/docs/reference/sso), and strict about it.
//
// Exactly one connection selector; `domain` is refused since 2024; a code lives ten minutes and works once; the access
// token opens the profile once. It shows the customer's identity provider as a login page, on an origin of its own if asked.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { close, listen } from "./program.js";

const CODE_LIFE_MS = 10 * 60 * 1000;
const SELECTORS = ["connection", "organization", "provider", "domain"];
const DOCUMENTED = [...SELECTORS, "client_id", "redirect_uri", "response_type", "state", "domain_hint", "login_hint", "nonce",
  "code_challenge", "code_challenge_method", "provider_scopes", "provider_query_params"];
const OAUTH_PROVIDERS = ["AppleOAuth", "GitHubOAuth", "GoogleOAuth", "MicrosoftOAuth"];

export const ACME = { organization: "org_01ACME", connection: "conn_01ACME", domains: ["acme.example", "eu.acme.example"] };
export const GLOBEX = { organization: "org_01GLOBEX", connection: "conn_01GLOBEX", domains: ["globex.example"] };

export async function startWorkos({ clientId = "client_01E2E", clientSecret, redirectUris, tls, idpHost = "127.0.0.2", idpElsewhere = false }) {
  const codes = new Map();
  const tokens = new Map();
  const seen = { authorize: [], token: [], profile: 0, secrets: new Set() };
  const options = { people: {}, tokenResponse: (answer) => answer, now: () => Date.now() };

  // Endpoints of WorkOS itself.
  function authorize(url, response) {
    const parameters = [...url.searchParams];
    const query = Object.fromEntries(parameters);
    seen.authorize.push({ query, unknown: Object.keys(query).filter((name) => !DOCUMENTED.includes(name)) });
    if (parameters.length !== Object.keys(query).length) return page(response, 400, "A parameter is given twice");
    if (query.client_id !== clientId) return page(response, 400, "Invalid client ID");
    if (!redirectUris.includes(query.redirect_uri)) return page(response, 400, "This is not a valid redirect URI");
    const refuse = (error, description) => redirect(response, back(query, { error, error_description: description }));
    if (query.response_type !== "code") return refuse("unsupported_response_type", "The only valid response type is code");
    if ("domain" in query) return refuse("domain_connection_selector_not_allowed", "The domain selector is no longer valid. Use organization or connection.");
    const selectors = SELECTORS.filter((name) => name in query);
    if (selectors.length !== 1 || !query[selectors[0]]) return refuse("invalid_connection_selector", "Valid connection selectors are either connection, organization, or provider");
    const customer = [ACME, GLOBEX].find((one) => one.organization === query.organization || one.connection === query.connection);
    if (query.organization && !customer) return refuse("organization_invalid", "No connection associated with organization");
    if (query.connection && !customer) return refuse("connection_invalid", "No connection associated with ID");
    if (query.provider && !OAUTH_PROVIDERS.includes(query.provider)) return refuse("invalid_connection_selector", "The provider is not known");
    const base = idpElsewhere ? idp.origin : origin;
    redirect(response, `${base}/idp/login?${new URLSearchParams({ request: JSON.stringify(query) })}`);
  }

  function token(request, form, response) {
    const type = request.headers["content-type"] ?? "";
    seen.token.push({ type, authorization: request.headers.authorization, cookie: request.headers.cookie, form });
    const refuse = (status, error, description) => json(response, status, { error, error_description: description });
    if (form.client_id !== clientId) return refuse(400, "invalid_client", "Invalid client ID.");
    if (form.client_secret !== clientSecret) return refuse(400, "invalid_client", "Invalid client secret.");
    if (form.grant_type !== "authorization_code") return refuse(400, "unsupported_grant_type", "The grant type is not supported.");
    const granted = codes.get(form.code);
    codes.delete(form.code);
    const expired = !granted || granted.created + CODE_LIFE_MS < options.now();
    // The code is in the text, as WorkOS does it: a log that repeats the text would repeat the code.
    if (expired) return refuse(400, "invalid_grant", `The code '${form.code}' has expired or is invalid.`);
    const challenge = granted.query.code_challenge;
    if (challenge && challenge !== createHash("sha256").update(form.code_verifier ?? "").digest("base64url")) {
      return refuse(400, "invalid_grant", "Invalid code verifier.");
    }
    const accessToken = secret("workos-at");
    tokens.set(accessToken, granted);
    const answer = { token_type: "Bearer", access_token: accessToken, expires_in: 600, profile: profileOf(granted) };
    json(response, 200, options.tokenResponse(answer));
  }

  function profile(request, response) {
    seen.profile += 1;
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const granted = tokens.get(bearer);
    tokens.delete(bearer);
    if (!granted) return json(response, 401, { message: "Unauthorized" });
    json(response, 200, profileOf(granted));
  }

  function profileOf({ query, email }) {
    const customer = [ACME, GLOBEX].find((one) => one.organization === query.organization || one.connection === query.connection);
    const id = `prof_${createHash("sha256").update(email).digest("hex").slice(0, 20).toUpperCase()}`;
    return {
      object: "profile", id, organization_id: customer?.organization ?? null, connection_id: customer?.connection ?? "conn_01OAUTH",
      connection_type: query.provider ?? "OktaSAML", idp_id: `idp|${email}`, email, first_name: "Ada", last_name: "Lovelace",
      role: { slug: "member" }, groups: ["Engineering"], custom_attributes: {}, raw_attributes: { picture: "https://images.example.com/ada.png" },
      ...options.people[email],
    };
  }

  // The login page of the customer's identity provider.
  function login(url, response) {
    const query = JSON.parse(url.searchParams.get("request"));
    const field = (name, value) => `<input type="hidden" name="${name}" value="${escape(value)}">`;
    page(response, 200, `Sign in to ${escape(query.organization ?? query.connection ?? query.provider)}`, `
      <form method="post" action="/idp/login">${field("request", JSON.stringify(query))}
        <p><label>E-mail <input name="email" value="${escape(query.login_hint ?? "")}"></label></p>
        <button name="answer" value="allow">Sign in</button> <button name="answer" value="deny">Deny</button>
      </form>`);
  }

  function answerLogin(form, response) {
    const query = JSON.parse(form.request);
    const email = form.email;
    const domain = email.split("@")[1];
    const refuse = (error, description) => redirect(response, back(query, { error, error_description: description }));
    if (form.answer !== "allow") return refuse("access_denied", "The user denied the request");
    const customer = [ACME, GLOBEX].find((one) => one.organization === query.organization || one.connection === query.connection);
    if (customer && !customer.domains.includes(domain)) return refuse("profile_not_allowed_outside_organization", "The e-mail is outside the organization");
    const code = secret("workos-code");
    codes.set(code, { query, email, created: options.now() });
    redirect(response, back(query, { code }));
  }

  function secret(kind) {
    const value = `${kind}-${randomBytes(16).toString("hex")}`;
    seen.secrets.add(value);
    return value;
  }

  async function handle(request, response) {
    const url = new URL(request.url, "http://service.invalid");
    const route = `${request.method} ${url.pathname}`;
    if (route === "GET /sso/authorize") return authorize(url, response);
    if (route === "POST /sso/token") return token(request, await body(request), response);
    if (route === "GET /sso/profile") return profile(request, response);
    if (route === "GET /idp/login") return login(url, response);
    if (route === "POST /idp/login") return answerLogin(await body(request), response);
    json(response, 404, { message: "Not Found" });
  }

  const listener = (request, response) => handle(request, response).catch((error) => json(response, 500, { message: String(error) }));
  const make = () => (tls ? https.createServer(tls, listener) : http.createServer(listener));
  // The API in clear text on loopback; what the browser visits over TLS where the test is about TLS.
  const api = http.createServer(listener);
  const visited = tls ? make() : api;
  const elsewhere = make();
  const apiPort = await listen(api);
  const visitedPort = tls ? await listen(visited) : apiPort;
  const idp = { origin: `${tls ? "https" : "http"}://${idpHost}:${await listen(elsewhere, idpHost)}` };
  const origin = `${tls ? "https" : "http"}://127.0.0.1:${visitedPort}`;
  return {
    clientId, clientSecret, seen, options, origin, idpOrigin: idp.origin, issuer: `http://127.0.0.1:${apiPort}`,
    stop: () => Promise.all([...new Set([api, visited, elsewhere])].map(close)),
  };
}

function back(query, parameters) {
  const url = new URL(query.redirect_uri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (query.state !== undefined) url.searchParams.set("state", query.state);
  return url.href;
}

async function body(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return (request.headers["content-type"] ?? "").startsWith("application/json") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}

function redirect(response, location) {
  response.writeHead(302, { location }).end();
}

function json(response, status, value) {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
}

function page(response, status, title, html = "") {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(`<!doctype html><title>${title}</title><h1>${title}</h1>${html}`);
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
