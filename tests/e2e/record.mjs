// Records `authcfg login acme --device` at oidc-provider, in a shell on a terminal of its own, for the manual: an asciicast, version 2.
// `npm --prefix tests/e2e run record` writes it anew; `asciinema play src/manual/login-device.cast` plays it.
import { chmodSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BINARY, folder } from "./lib/authcfg.js";
import { CAST } from "./lib/manual.js";
import { startOpenid } from "./lib/openid.js";
import { startOnTerminal } from "./lib/terminal.js";
import { typeInCode, Visitor } from "./lib/visitor.js";
import { canary } from "./lib/world.js";

const COMMAND = "authcfg login acme --device";
const SIZE = { columns: 110, rows: 46 };

const secret = canary("client-secret");
const client = { client_id: "client-of-acme", client_secret: secret, redirect_uris: ["http://127.0.0.1/callback"], grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"] };
const op = await startOpenid({ clients: [client] });
const here = folder({ prompt: "PS1='$ '\n", "authcfg.yaml": `providers:\n  acme: {use: oidc, name: Acme, issuer: "${op.issuer}"}\n`, "state/authcfg/tokens/earlier.json": "" });
// Tokens of an earlier sign-in: the first one says where they are kept.
for (const [path, mode] of [["", 0o700], ["/earlier.json", 0o600]]) chmodSync(`${here.path}/state/authcfg/tokens${path}`, mode);
const events = [];
const start = Date.now();
const terminal = startOnTerminal(SIZE, "bash", ["--rcfile", "prompt", "--noediting", "-i"], {
  cwd: here.path,
  env: { AUTH_ACME_ID: client.client_id, AUTH_ACME_SECRET: secret, PATH: `${dirname(BINARY)}:${process.env.PATH}`, XDG_STATE_HOME: `${here.path}/state` },
  hear: (text) => events.push([(Date.now() - start) / 1000, "o", text]),
});
try {
  await terminal.until(/\$ $/);
  for (const key of COMMAND) {
    await sleep(40);
    terminal.type(key);
  }
  terminal.type("\r");
  const [, address, code] = await terminal.until(/open \S*?(http[^\s\x1b]+)\S*\s+and type in\s+(?:\x1b\[\d+m)?([A-Z-]+)/);
  await sleep(3000);
  await typeInCode(new Visitor(), address, code, { confirm: "yes" });
  await terminal.until(/authcfg token acme prints the access token\s+\$ $/);
} finally {
  await terminal.stop();
  await op.stop();
  here.remove();
}
for (const text of [secret, ...op.seen.secrets]) if (terminal.output.includes(text)) throw new Error(`a secret is on the screen:\n${terminal.output}`);
const header = { version: 2, width: SIZE.columns, height: SIZE.rows, idle_time_limit: 2, title: COMMAND };
writeFileSync(CAST, [header, ...events].map((line) => `${JSON.stringify(line)}\n`).join(""));
console.log(`${CAST}: ${events.length} events, ${op.seen.secrets.size} secrets that are not in it`);
