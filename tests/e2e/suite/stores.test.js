// Sessions in SQLite, Redis and PostgreSQL while what keeps them, or who reads them, is killed, stopped, or added: nobody who was
// told that they are signed in is signed out, and nobody is somebody else.
//
// `KILLS=200` kills each 200 times instead of 20, `AWAY=60` takes a store away for a minute, `STORES=redis` leaves the others out.
// How long answers take is printed; `STRICT=1`, on a machine that does nothing else, holds them to 250 ms, and the way back to 2 s.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { authcfg, folder, serve } from "../lib/authcfg.js";
import { startNginx } from "../lib/nginx.js";
import { freePort } from "../lib/program.js";
import { startScripted } from "../lib/scripted.js";
import { STORES } from "../lib/stores.js";
import { csrf, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary } from "../lib/world.js";

const KILLS = Number(process.env.KILLS ?? 20);
const AWAY = Number(process.env.AWAY ?? 3);
const names = process.env.STORES?.split(",") ?? Object.keys(STORES);
const remote = names.filter((name) => name !== "sqlite");
const COOKIE = "authjs.session-token";
const WORKERS = 4;
/** The answer of a server whose store is away, and of one whose store is back. Without `STRICT` they only bound a hang. */
const [FAILS_WITHIN_MS, IS_BACK_WITHIN_MS] = process.env.STRICT ? [250, 2000] : [5000, 30_000];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let provider, providerSecret;
before(async () => {
  providerSecret = canary("scripted-secret");
  provider = await startScripted({ clientSecret: providerSecret });
});
after(() => provider?.stop());

const deployment = (authUrl) => `
base_url: ${authUrl}
providers:
  fine: {use: oidc, issuer: "${provider.issuer("fine")}"}
session: {strategy: database, store: {env: SESSION_STORE_URL}}
`;

/** A server with a store, known under `authUrl`, its own address where there is no other. */
async function start(store, { secrets, port, authUrl, level = "info" } = {}) {
  port ??= await freePort();
  authUrl ??= `http://localhost:${port}/api/auth`;
  const env = { AUTH_FINE_ID: provider.clientId, AUTH_FINE_SECRET: providerSecret, SESSION_STORE_URL: store.url, RUST_LOG: level, ...secrets };
  const server = await serve({ files: { "authcfg.yaml": deployment(authUrl) }, env, listen: `127.0.0.1:${port}` });
  return { ...server, port, authUrl };
}

/** Signs somebody in: the value of their cookie, or `undefined` where they were not told that they are. */
async function signIn(authUrl, person) {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, "fine", { query: { login_hint: person } });
  await visitor.request((await visitor.request(url)).location);
  return visitor.cookie(COOKIE);
}

/** What somebody is told, how long that took, and the cookie that they have then. */
async function read(authUrl, cookie) {
  const visitor = new Visitor();
  visitor.set("localhost", COOKIE, cookie);
  const began = performance.now();
  const { status, text } = await visitor.request(`${authUrl}/session`);
  return { status, text, took: performance.now() - began, name: JSON.parse(text)?.user?.name, cookie: visitor.cookie(COOKIE) };
}

/** Everybody who was told that they are signed in is, as themselves. */
async function all(authUrl, people) {
  const entries = [...people];
  for (let from = 0; from < entries.length; from += 50) {
    const answers = entries.slice(from, from + 50).map(async ([person, cookie]) => [person, (await read(authUrl, cookie)).name]);
    for (const [person, name] of await Promise.all(answers)) assert.equal(name, person);
  }
}

/** People who sign in, read their session and sign out, until `stop`; those who are signed in then, and how many left. */
function crowd(authUrl, label) {
  const people = new Map();
  let [going, left, number] = [true, 0, 0];
  const worker = async () => {
    while (going) {
      const person = `${label}-${(number += 1)}`;
      try {
        const cookie = await signIn(authUrl, person);
        if (!cookie) continue;
        people.set(person, cookie);
        if (number % 5 === 0) {
          people.delete(person); // whatever comes of it, they are not sure to be signed in
          await signOut(authUrl, cookie);
          left += 1;
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        await pause(20); // nobody answers: somebody was killed
      }
    }
  };
  const workers = Array.from({ length: WORKERS }, worker);
  return {
    people,
    /** Some are signed in, and others are about to be. */
    async begun() {
      for (let tries = 0; people.size < WORKERS && tries < 1000; tries += 1) await pause(10);
      await pause(Math.random() * 200);
    },
    async stop() {
      going = false;
      await Promise.all(workers);
      return { people, left };
    },
  };
}

async function signOut(authUrl, cookie) {
  const visitor = new Visitor();
  visitor.set("localhost", COOKIE, cookie);
  const csrfToken = await csrf(visitor, authUrl);
  await visitor.request(`${authUrl}/signout`, { form: { csrfToken } });
}

for (const name of names) {
  describe(`${name}: kill -9 under load`, () => {
    let store, server, secrets;
    before(async () => {
      secrets = { AUTH_SECRET: canary("auth-secret") };
      store = await STORES[name]();
      server = await start(store, { secrets });
    });
    after(async () => {
      await server?.stop();
      await store?.stop();
    });

    test(`of the server, ${KILLS} times, loses no session that was acknowledged`, async () => {
      const { authUrl, port } = server;
      let acknowledged = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = crowd(authUrl, `server-${kill}`);
        await before.begun();
        process.kill(server.program.pid, "SIGKILL");
        await server.program.exit;
        const { people } = await before.stop();
        await server.stop();
        server = await start(store, { secrets, port });
        await all(authUrl, people);
        acknowledged += people.size;
      }
      assert.ok(acknowledged >= KILLS, `only ${acknowledged} people signed in`);
      console.log(`${name}: ${KILLS} kills of the server, ${acknowledged} sessions, none lost`);
    });

    test(`of the store, ${KILLS} times, loses no session that was acknowledged`, { skip: name === "sqlite" && "it has no process" }, async () => {
      const { authUrl } = server;
      let acknowledged = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = crowd(authUrl, `store-${kill}`);
        await before.begun();
        await store.crash();
        const { people } = await before.stop();
        await store.start();
        await answers(authUrl);
        await all(authUrl, people);
        acknowledged += people.size;
      }
      assert.ok(acknowledged >= KILLS, `only ${acknowledged} people signed in`);
      console.log(`${name}: ${KILLS} kills of the store, ${acknowledged} sessions, none lost`);
    });
  });
}

/** Waits until the store of a server is back; how long that took. */
async function answers(authUrl) {
  const began = performance.now();
  while ((await fetch(new URL("/readyz", authUrl))).status !== 200) {
    assert.ok(performance.now() - began < 30_000, "the store does not come back");
    await pause(10);
  }
  return performance.now() - began;
}

for (const name of remote) {
  describe(`${name}: a store that is away`, () => {
    let store, server, cookie;
    before(async () => {
      store = await STORES[name]({ password: canary("store-password"), tls: true });
      server = await start(store, { secrets: { AUTH_SECRET: canary("auth-secret") }, level: "trace" });
      cookie = await signIn(server.authUrl, "ada");
    });
    after(async () => {
      await server?.stop();
      await store?.stop();
    });

    const ways = {
      "that says nothing": [() => store.freeze(), () => store.thaw()],
      "that was ended": [() => store.end(), () => store.start()],
      "that was killed": [() => store.crash(), () => store.start()],
    };
    for (const [way, [leave, comeBack]] of Object.entries(ways)) {
      test(`${way} is 503 in time, and signs nobody out`, async () => {
        assert.equal((await read(server.authUrl, cookie)).name, "ada");
        const end = performance.now() + AWAY * 1000;
        await leave();
        let [slowest, count] = [0, 0];
        while (performance.now() < end) {
          const several = await Promise.all(Array.from({ length: 8 }, () => read(server.authUrl, cookie)));
          for (const one of several) {
            assert.equal(one.status, 503, one.text);
            assert.equal(one.cookie, cookie, "the cookie stays");
            slowest = Math.max(slowest, one.took);
            count += 1;
          }
          assert.equal((await fetch(new URL("/readyz", server.authUrl))).status, 503);
          assert.equal((await fetch(new URL("/healthz", server.authUrl))).status, 200);
          await pause(20);
        }
        assert.equal(await signIn(server.authUrl, "eve").catch(() => undefined), undefined, "nobody new either");
        await comeBack();
        const took = await answers(server.authUrl);
        assert.equal((await read(server.authUrl, cookie)).name, "ada");
        console.log(`${name} ${way}: ${count} answers, the slowest after ${slowest.toFixed(0)} ms, back after ${took.toFixed(0)} ms`);
        assert.ok(slowest < FAILS_WITHIN_MS, `an answer took ${slowest} ms`);
        assert.ok(took < IS_BACK_WITHIN_MS, `it took ${took} ms to be back`);
      });
    }

    test("is known by its certificate", async () => {
      const other = folder({ "other.pem": (await import("../lib/tls.js")).selfSigned().cert });
      const wrong = store.url.replace(/(cacert|sslrootcert)=[^&]*/, `$1=${other.path}/other.pem`);
      const here = folder({ "authcfg.yaml": deployment("http://localhost:1/api/auth") });
      const env = { AUTH_SECRET: canary("auth-secret"), AUTH_FINE_ID: "a", AUTH_FINE_SECRET: "b", SESSION_STORE_URL: wrong };
      const { code, output } = await authcfg(["serve", "--listen", `127.0.0.1:${await freePort()}`], { cwd: here.path, env });
      assert.equal(code, 3, output);
      assert.match(output, /the session store: .* at localhost:\d+: .*certificate/i);
      for (const one of [here, other]) one.remove();
    });

    test("its password is in no log", () => {
      const password = decodeURIComponent(new URL(store.url.replace(/^\w+:/, "http:")).password);
      assert.ok(password.length > 10 && server.program.output.includes("the session store"));
      assert.ok(!server.program.output.includes(password));
      assert.ok(!server.program.output.includes(encodeURIComponent(password)));
    });
  });

  describe(`${name}: two servers behind nginx`, () => {
    let store, front, servers, secrets, authUrl;
    before(async () => {
      secrets = { AUTH_SECRET: canary("auth-secret") };
      store = await STORES[name]();
      const ports = [await freePort(), await freePort()];
      const frontPort = await freePort();
      authUrl = `http://localhost:${frontPort}/api/auth`;
      servers = await Promise.all(ports.map((port) => start(store, { secrets, port, authUrl })));
      front = await startNginx({ port: frontPort, backends: ports });
    });
    after(async () => {
      for (const server of servers ?? []) await server.stop();
      await front?.stop();
      await store?.stop();
    });

    test("one is killed and one is added, and nobody notices", async () => {
      const people = new Map();
      for (let number = 0; number < 10; number += 1) people.set(`person-${number}`, await signIn(authUrl, `person-${number}`));
      let [going, reads] = [true, 0];
      const readers = [...people].map(async ([person, cookie]) => {
        while (going) {
          const { status, text } = await alone(`${authUrl}/session`, { cookie: `${COOKIE}=${cookie}` });
          assert.deepEqual([status, JSON.parse(text)?.user?.name], [200, person], text);
          reads += 1;
        }
      });
      await pause(500);
      process.kill(servers[0].program.pid, "SIGKILL");
      await servers[0].program.exit;
      await pause(500);
      servers.push(await start(store, { secrets, authUrl }));
      front.set([servers[1].port, servers[2].port]);
      await pause(500);
      process.kill(servers[1].program.pid, "SIGTERM");
      await pause(500);
      going = false;
      await Promise.all(readers);
      assert.ok(reads > 100, `${reads} reads`);
      console.log(`${name}: ${reads} reads while servers came and went`);
    });

    test("a copied cookie of a sign-in is used once, at whichever server", async () => {
      const [one, other] = [servers.at(-1), await start(store, { secrets, authUrl })];
      servers.push(other);
      const visitor = new Visitor();
      const { url } = await startSignIn(visitor, authUrl, "fine");
      assert.match(url, /authorize/);
      const callback = new URL((await visitor.request(url)).location);
      const cookies = visitor.cookieHeader(callback);
      const answer = async (server) => {
        const target = new URL(callback);
        target.port = server.port;
        return (await alone(target, { host: callback.host, cookie: cookies })).headers;
      };
      const both = await Promise.all([answer(one), answer(other)]);
      const signedIn = both.filter((headers) => headers["set-cookie"]?.some((line) => new RegExp(`^${COOKIE}=[\\w-]{43};`).test(line)));
      assert.equal(signedIn.length, 1, JSON.stringify(both));
      assert.match(both.find((headers) => !signedIn.includes(headers)).location, /error=Configuration/);
    });
  });

  test(`${name}: sessions outlive a new secret while the old one is kept, and end with it`, async () => {
    const [old, fresh] = [canary("auth-secret"), canary("auth-secret")];
    const store = await STORES[name]();
    let server = await start(store, { secrets: { AUTH_SECRET: old } });
    const again = async (secrets) => {
      await server.stop();
      server = await start(store, { secrets, port: server.port });
    };
    try {
      const cookie = await signIn(server.authUrl, "ada");
      await again({ AUTH_SECRET: old, AUTH_SECRET_1: fresh });
      assert.equal((await read(server.authUrl, cookie)).name, "ada");
      const later = await signIn(server.authUrl, "grace");
      await again({ AUTH_SECRET: fresh });
      assert.equal((await read(server.authUrl, later)).name, "grace");
      assert.equal((await read(server.authUrl, cookie)).text, "null");
    } finally {
      await server.stop();
      await store.stop();
    }
  });
}

/** A request over a connection of its own: one that is kept open may be gone when nginx is set anew. `headers` may have another `Host`. */
async function alone(url, headers) {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false }, async (response) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    sent.on("error", reject).end();
  });
}
