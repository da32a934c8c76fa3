// `oidc-provider`, certified by the OpenID Foundation, with PKCE required and two small pages of our own: login and consent.
import http from "node:http";
import https from "node:https";
import { Provider } from "oidc-provider";
import { keyPair } from "./keys.js";
import { close, listen } from "./program.js";

const { privateKey } = keyPair("rsa", { modulusLength: 2048 });
const signingKey = { ...privateKey.export({ format: "jwk" }), kid: "e2e", use: "sig", alg: "RS256" };

/**
 * Starts the provider for `clients`: `{client_id, client_secret, redirect_uris}`. `accessToken`: seconds that an access token lives.
 * Whoever asks for `offline_access` gets a refresh token that is good once: used again, it ends the grant.
 * With `pushed` it takes parameters only ahead of the browser (RFC 9126). `seen.authorizations` are the queries that browsers brought,
 * `seen.answers` what its token and userinfo endpoints said.
 * With `nonces` each proof of possession (RFC 9449) needs one of its nonces. `features` are laid over those of the provider.
 * With `logout` it signs people out (RP-Initiated Logout) and tells their applications (Back-Channel Logout): `seen.told`, `untold`.
 * With `mutualTls`, `{key, cert}` of its server, clients may show a certificate at addresses of their own (RFC 8705 §5): `seen.certificates`.
 * It is its own issuer, or stands behind `origin`.
 * `hold`, where it is set, is awaited twice for each refresh: as `hold("before")` and, done but not yet answered, as `hold("after")`.
 */
export async function startOpenid({ clients, accessToken = 600, pushed = false, logout = false, mutualTls, origin, nonces = false, features = {} }) {
  const seen = { secrets: new Set(), token: 0, answers: [], refreshes: [], revocations: 0, authorizations: [], told: [], untold: [], certificates: [] };
  const own = { hold: undefined };
  const server = http.createServer();
  const backend = `http://127.0.0.1:${await listen(server)}`;
  const issuer = origin ?? backend;
  const certified = mutualTls && https.createServer({ ...mutualTls, requestCert: true, rejectUnauthorized: false });
  const aliases = certified ? `https://127.0.0.1:${await listen(certified)}` : undefined;
  const getCertificate = (ctx) => ctx.socket.getPeerX509Certificate?.();
  const provider = new Provider(issuer, {
    clients,
    ...(aliases ? { discovery: { mtls_endpoint_aliases: { token_endpoint: `${aliases}/token`, userinfo_endpoint: `${aliases}/me`, revocation_endpoint: `${aliases}/token/revocation` } } } : {}),
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none", ...(aliases ? ["tls_client_auth", "self_signed_tls_client_auth"] : [])],
    jwks: { keys: [signingKey] },
    cookies: { keys: ["one key of the cookies of this test"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: logout }, backchannelLogout: { enabled: logout }, revocation: { enabled: true }, introspection: { enabled: true }, deviceFlow: { enabled: true }, mTLS: { enabled: Boolean(aliases), certificateBoundAccessTokens: true, selfSignedTlsClientAuth: true, tlsClientAuth: true, getCertificate }, pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: pushed },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, "nonces of this test"), requireNonce: () => nonces }, ...features },
    // Without the guard that keeps it from asking this machine, where the application is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    rotateRefreshToken: true,
    issueRefreshToken: async (_, client, code) => client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "given_name", "family_name", "picture", "locale"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => person(id) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: accessToken, RefreshToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  });
  const note = (body) => {
    for (const name of ["access_token", "device_code", "id_token", "refresh_token"]) if (body?.[name]) seen.secrets.add(body[name]);
  };
  provider.use(async (ctx, next) => {
    if (aliases) seen.certificates.push(`${ctx.path} ${getCertificate(ctx)?.subject ?? "none"}`);
    if (ctx.path === "/auth") seen.authorizations.push(ctx.querystring);
    if (ctx.path === "/token/revocation") seen.revocations += 1;
    if (ctx.path === "/token" && own.hold) await own.hold("before", ctx.req);
    await next();
    if (["/token", "/me"].includes(ctx.path)) seen.answers.push(`${ctx.path} ${ctx.status} ${ctx.body?.error ?? ctx.body?.token_type ?? ""}`.trim());
    if (ctx.path === "/token") {
      seen.token += 1;
      if (ctx.oidc?.params?.grant_type === "refresh_token") seen.refreshes.push(ctx.body?.error ?? "granted");
      if (own.hold) await own.hold("after", ctx.req);
    }
    note(ctx.body);
  });
  const problems = [];
  provider.on("backchannel.success", (_, client) => seen.told.push(client.clientId));
  provider.on("backchannel.error", (_, error, client) => seen.untold.push(`${client.clientId}: ${error.message}`));
  provider.on("server_error", (_, error) => problems.push(error));
  const callback = provider.callback();
  certified?.on("request", callback);
  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return callback(request, response);
    interact(provider, request, response).catch((error) => response.writeHead(500).end(`<h1>${error}</h1>`));
  });
  return { issuer, backend, seen, problems, provider, own, stop: () => Promise.all([close(server), certified && close(certified)]) };
}

function person(id) {
  const name = id.split("@")[0];
  return { sub: id, name: `${name} Example`, given_name: name, family_name: "Example", email: id, email_verified: true, locale: "en" };
}

async function interact(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    const ask = prompt.name === "login" ? `<p><label>Login <input name="login" autofocus></label></p>` : `<p>Let ${params.client_id} see ${params.scope}?</p>`;
    response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>${prompt.name}</title><h1>${prompt.name}</h1>
      <form method="post">${ask}<button name="answer" value="allow">Continue</button> <button name="answer" value="deny">Deny</button></form>`);
    return;
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  const form = Object.fromEntries(new URLSearchParams(text));
  let result;
  if (form.answer !== "allow") {
    result = { error: "access_denied", error_description: "End-User aborted interaction" };
  } else if (prompt.name === "login") {
    result = { login: { accountId: form.login } };
  } else {
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
    for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(" "));
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
