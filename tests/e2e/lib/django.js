// Django OAuth Toolkit: a provider in Python, `django_provider.py`, with the login page of Django's administration.
import { fileURLToPath } from "node:url";
import { folder } from "./authcfg.js";
import { keyPair } from "./keys.js";
import { Program } from "./program.js";
import { pythonTools } from "./python.js";
import { submit } from "./visitor.js";

const PROVIDER = fileURLToPath(new URL("django_provider.py", import.meta.url));
const PERSON = { username: "ada", password: "a password of this test", first_name: "Ada", last_name: "Example", email: "ada@op.example" };
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/**
 * Starts it for one client, `{id, secret, redirectUris, postLogoutRedirectUri}`, to be reached at `origin`. `lifetime`: seconds that an
 * access token lives. A refresh token is good once. A client has one grant here, so `ID-device` is another one, for devices.
 */
export async function startDjango({ origin, client, lifetime }) {
  const [python, here] = [`${await pythonTools()}/python`, folder()];
  const key = keyPair("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const named = (id) => ({ name: id, client_id: id, client_secret: client.secret });
  const clients = [
    { ...named(client.id), authorization_grant_type: "authorization-code", redirect_uris: client.redirectUris.join(" "), post_logout_redirect_uris: client.postLogoutRedirectUri },
    { ...named(`${client.id}-device`), authorization_grant_type: DEVICE_CODE },
  ];
  const given = { origin, key, lifetime, clients, person: PERSON, database: `${here.path}/provider.db` };
  const program = new Program(python, ["-B", PROVIDER], { cwd: here.path, env: { PROVIDER: JSON.stringify(given) } });
  const stop = async () => {
    await program.stop();
    here.remove();
  };
  try {
    const [, port] = await program.until(/listening on (\d+)/);
    const issuer = `${origin}/o`;
    return { issuer, introspection: `${issuer}/introspect/`, backend: `http://127.0.0.1:${port}`, program, answer, typeIn, endSession, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Signs in where somebody has to before a page is shown. */
async function signIn(visitor, url) {
  const { location } = await visitor.request(url);
  if (location) await submit(visitor, location, { username: PERSON.username, password: PERSON.password });
}

/** From the authorization URL to the callback URL. */
async function answer(visitor, url) {
  await signIn(visitor, url);
  return (await submit(visitor, url, { allow: "Authorize" })).location;
}

/** Types the code of a device in. */
async function typeIn(visitor, address, user_code) {
  await signIn(visitor, address);
  const { location } = await submit(visitor, address, { user_code });
  await submit(visitor, location, { action: "accept" });
}

/** From the end_session_endpoint to where it sends the browser. */
const endSession = async (visitor, url) => (await submit(visitor, url, { allow: "Logout" })).location;
