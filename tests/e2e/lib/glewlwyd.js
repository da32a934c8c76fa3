// Glewlwyd, as Debian has it: a provider in C on one SQLite file, set up through its own administration API.
import { existsSync } from "node:fs";
import { keyPair } from "./keys.js";
import { folder } from "./authcfg.js";
import { freePort, Program } from "./program.js";
import { must } from "./python.js";
import { Visitor } from "./visitor.js";

const BINARY = "/usr/bin/glewlwyd";
const TABLES = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
// What these tables know as `post_logout_redirect_uri`, the end_session_endpoint looks up as a list of another name.
const LOGOUT = `UPDATE g_client_module_instance SET gcmi_parameters =
  json_set(gcmi_parameters, '$.data-format.post_logout_redirect_uris', json('{"multiple": true, "read": true, "write": true}'))`;
const PERSON = { username: "ada", password: "a password of this test", name: "Ada Example", email: "ada@op.example" };
const SCOPES = ["profile", "email"];

/**
 * Starts it for one client, `{id, secret, redirectUris, postLogoutRedirectUri}`, to be reached at `origin`. `lifetime`: seconds that an
 * access token lives. A refresh token is good once.
 */
export async function startGlewlwyd({ origin, client, lifetime }) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: apt-get install --no-install-recommends glewlwyd sqlite3`);
  const port = await freePort();
  const here = folder({ "glewlwyd.conf": configuration(origin, port) });
  await must("sqlite3", ["glewlwyd.db", `.read ${TABLES}`, LOGOUT], { cwd: here.path });
  const program = new Program(BINARY, ["--config-file=glewlwyd.conf"], { cwd: here.path });
  const stop = async () => {
    await program.stop();
    here.remove();
  };
  const backend = `http://127.0.0.1:${port}`;
  try {
    await program.until(/Glewlwyd started on port/);
    await setUp(`${backend}/api`, `${origin}/api/oidc`, client, lifetime);
  } catch (error) {
    await stop();
    throw error;
  }
  return { issuer: `${origin}/api/oidc`, introspection: `${origin}/api/oidc/introspect`, backend, program, answer, typeIn, endSession, stop };
}

/** From the authorization URL to the callback URL, as its login page does it. */
async function answer(visitor, url) {
  const login = new URL((await visitor.request(url)).location);
  if (!login.pathname.endsWith("/login.html")) return login.href;
  const api = new URL("/api/auth/", login);
  const { username, password } = PERSON;
  await ok(visitor.request(api, { json: { username, password } }));
  const query = login.searchParams;
  const grant = new URL(`grant/${query.get("client_id")}`, api);
  await ok(visitor.request(grant, { method: "PUT", json: { scope: query.get("scope") } }));
  return (await visitor.request(`${query.get("callback_url")}&g_continue`)).location;
}

/** Types the code of a device in. */
const typeIn = (visitor, address, code) => answer(visitor, `${address}?code=${code}`);

/** From the end_session_endpoint to where its page sends the browser. */
async function endSession(visitor, url) {
  const { searchParams: query, origin } = new URL((await visitor.request(url)).location);
  const session = `${origin}/api/${query.get("plugin")}/session/${query.get("sid")}`;
  await ok(visitor.request(session, { method: "DELETE" }));
  await ok(visitor.request(`${origin}/api/auth/`, { method: "DELETE" }));
  return query.get("callback_url");
}

async function ok(asked) {
  const answer = await asked;
  if (answer.status !== 200) throw new Error(`Glewlwyd: ${answer.status} ${answer.text}`);
  return answer;
}

const configuration = (origin, port) => `
port = ${port}
bind_address = "127.0.0.1"
external_url = "${origin}/"
login_url = "login.html"
api_prefix = "api"
static_files_path = "/usr/share/glewlwyd/webapp/"
log_mode = "console"
log_level = "INFO"
cookie_domain = "127.0.0.1"
cookie_secure = false
session_expiration = 3600
session_key = "GLEWLWYD2_SESSION_ID"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "/usr/lib/glewlwyd/user"
user_middleware_module_path = "/usr/lib/glewlwyd/user_middleware"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = { type = "sqlite3" path = "glewlwyd.db" };
`;

async function setUp(api, issuer, client, lifetime) {
  const admin = new Visitor();
  const add = (path, json) => ok(admin.request(`${api}${path}`, { json }));
  await add("/auth/", { username: "admin", password: "password" });
  for (const name of SCOPES) await add("/scope/", { name, display_name: name, description: name, password_required: false, password_max_age: 0, scheme: {} });
  await add("/user/", { ...PERSON, scope: ["g_profile", "openid", ...SCOPES], enabled: true });
  await add("/client/", {
    client_id: client.id, name: client.id, confidential: true, client_secret: client.secret, enabled: true, scope: [],
    token_endpoint_auth_method: ["client_secret_basic"], redirect_uri: client.redirectUris, post_logout_redirect_uris: [client.postLogoutRedirectUri],
    authorization_type: ["code", "refresh_token", "client_credentials", "device_authorization"],
  });
  const { privateKey, publicKey } = keyPair("rsa", { modulusLength: 2048 });
  await add("/mod/plugin/", {
    module: "oidc", name: "oidc", display_name: "OpenID Connect", enabled: true,
    parameters: {
      iss: issuer, "jwt-type": "rsa", "jwt-key-size": "256", "jwks-show": true,
      key: privateKey.export({ type: "pkcs8", format: "pem" }), cert: publicKey.export({ type: "spki", format: "pem" }),
      "access-token-duration": lifetime, "refresh-token-duration": 3600, "code-duration": 60,
      "refresh-token-rolling": true, "refresh-token-one-use": "always", "subject-type": "public",
      "allow-non-oidc": true, "auth-type-code-enabled": true, "auth-type-code-revoke-replayed": true, "auth-type-refresh-enabled": true,
      "auth-type-token-enabled": false, "auth-type-id-token-enabled": true, "auth-type-password-enabled": false,
      "auth-type-client-enabled": true, "auth-type-device-enabled": true, "device-authorization-expiration": 60, "device-authorization-interval": 1,
      "pkce-allowed": true, "pkce-required": true, "pkce-method-plain-allowed": false, "oauth-as-iss-id": true,
      "introspection-revocation-allowed": true, "introspection-revocation-allow-target-client": true,
      "session-management-allowed": true, "session-cookie-name": "GLEWLWYD2_OIDC_SID", "session-cookie-expiration": 3600,
      "back-channel-logout-allowed": true, "front-channel-logout-allowed": false,
      "allowed-scope": ["openid", ...SCOPES], scope: [], claims: [],
      "name-claim": "on-demand", "name-claim-scope": ["profile"], "email-claim": "on-demand", "email-claim-scope": ["email"], "scope-claim": "no",
    },
  });
}
