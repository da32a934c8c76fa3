// Everything a test needs, started on free loopback ports: the providers, the application's front, and authcfg behind it.
//
// The application is on `localhost`, the providers on 127.0.0.1: different sites for a browser, as in life.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { serve } from "./authcfg.js";
import { startFront } from "./front.js";
import { startOpenid } from "./openid.js";
import { Program } from "./program.js";
import { startScripted } from "./scripted.js";
import { ACME, startWorkos } from "./workos.js";

export const DEPLOYMENT = ({ front, workos, op, scripted }) => `
base_url: ${front.authUrl}
providers:
  workos: {issuer: "${workos.issuer}"}
  op: {use: oidc, name: Example ID, issuer: "${op.issuer}"}
  fast: {use: oidc, name: Fast ID, issuer: "${scripted.issuer("fine")}"}
routes:
  - {domains: [op.example], provider: op}
  - {domains: [acme.example, "*.acme.example"], provider: workos, request: {organization: ${ACME.organization}}}
`;

/** A secret nobody else has: found in a log, it is ours that leaked. */
export function canary(name) {
  return `canary-${name}-${randomBytes(24).toString("hex")}`;
}

/** Starts a world. `deployment` and `env` are functions of its parts; what they return is laid over the defaults. */
export async function startWorld({ deployment = DEPLOYMENT, env = () => ({}), files = () => ({}), tls, workosOptions } = {}) {
  const stops = [];
  const keep = (part) => (stops.push(part), part);
  try {
    const front = keep(await startFront({ tls }));
    const secret = canary("auth-secret");
    const workos = keep(await startWorkos({ clientSecret: canary("workos-secret"), redirectUris: [`${front.authUrl}/callback/workos`], tls, ...workosOptions }));
    const opSecret = canary("op-secret");
    const redirect_uris = ["op", "acme", "form", "signed"].map((id) => `${front.authUrl}/callback/${id}`);
    const op = keep(await startOpenid({ clients: [{ client_id: "client-of-op", client_secret: opSecret, redirect_uris }], features: { jwtResponseModes: { enabled: true } } }));
    const scripted = keep(await startScripted({ clientSecret: canary("scripted-secret") }));
    const parts = { front, workos, op, opSecret, scripted, secret };
    const environment = {
      AUTH_SECRET: secret, AUTH_WORKOS_ID: workos.clientId, AUTH_WORKOS_SECRET: workos.clientSecret,
      AUTH_OP_ID: "client-of-op", AUTH_OP_SECRET: opSecret, AUTH_FAST_ID: scripted.clientId, AUTH_FAST_SECRET: scripted.clientSecret, ...env(parts),
    };
    const world = {
      ...parts,
      logs: () => server.program.output,
      /** Replaces the running server, as a deployment does: other secrets, other file, the same origin. */
      async restart({ deployment: other = deployment, env: changed = {} } = {}) {
        await server.stop();
        earlier.push(server.program.output);
        server = await start(other, { ...environment, ...changed });
        front.state.backend = server.backend;
      },
      /** The last assertion of each file: no secret that this world knows is in any log line. */
      assertNoSecretLogged() {
        const log = [...earlier, server.program.output].join("\n");
        const known = [secret, opSecret, workos.clientSecret, scripted.clientSecret, ...front.secrets, ...workos.seen.secrets, ...op.seen.secrets, ...scripted.seen.secrets];
        assert.ok(known.length > 5, "the run left secrets to look for");
        assert.ok(log.length > 0, "the server logged something");
        const leaked = firstIn(log, known);
        assert.equal(leaked, undefined, `the log holds a secret: ${leaked && lineWith(log, leaked)}`);
      },
      async stop() {
        for (const part of stops.reverse()) await part.stop();
      },
    };
    const start = async (file, variables) => (process.env.E2E_ENGINE === "authjs" ? await startAuthjs(parts, variables) : await serve({ files: { ...(file && { "authcfg.yaml": file(parts) }), ...files(parts) }, env: variables }));
    const earlier = [];
    let server = await start(deployment, environment);
    keep({ stop: () => server.stop() });
    front.state.backend = server.backend;
    return world;
  } catch (error) {
    for (const part of stops.reverse()) await part.stop();
    throw error;
  }
}

/** `E2E_ENGINE=authjs`: the same tests against Auth.js, to see that a test fails for authcfg's sake and not for its own. */
async function startAuthjs({ front, workos, op, scripted }, env) {
  const script = fileURLToPath(new URL("../../bench/authjs.mjs", import.meta.url));
  const program = new Program(process.execPath, [script], { env: { ...env, AUTH_URL: front.authUrl, AUTH_WORKOS_ISSUER: workos.issuer, AUTH_OP_ISSUER: op.issuer, AUTH_FAST_ISSUER: scripted.issuer("fine") } });
  const [, backend] = await program.until(/listening on (\S+)/);
  return { program, backend, stop: () => program.stop() };
}

/** The first of `texts` that `log` holds. One pass over the log, whatever their number: logs at TRACE are long. */
function firstIn(log, texts) {
  const LENGTH = 12;
  const byStart = new Map();
  for (const text of texts) {
    const start = text.slice(0, LENGTH);
    byStart.set(start, [...(byStart.get(start) ?? []), text]);
  }
  for (let at = 0; at + LENGTH <= log.length; at += 1) {
    const found = byStart.get(log.slice(at, at + LENGTH))?.find((text) => log.startsWith(text, at));
    if (found) return found;
  }
}

function lineWith(log, text) {
  const line = log.split("\n").find((one) => one.includes(text)) ?? "";
  return line.replaceAll(text, "<secret>");
}
