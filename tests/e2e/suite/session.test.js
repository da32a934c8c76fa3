// The session cookie is Auth.js's own: `@auth/core/jwt` reads what we write and we read what it writes, with the same AUTH_SECRET.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decode, encode, getToken } from "@auth/core/jwt";
import { answerOpenid, answerWorkos, csrf, session, startSignIn, Visitor } from "../lib/visitor.js";
import { canary, startWorld } from "../lib/world.js";

const COOKIE = "authjs.session-token";
const DAY = 86_400;
let world, authUrl;
before(async () => {
  world = await startWorld();
  authUrl = world.front.authUrl;
});
after(() => world?.stop());

async function signIn(provider = "workos") {
  const visitor = new Visitor();
  const { url } = await startSignIn(visitor, authUrl, provider, { query: provider === "workos" ? { domain: "acme.example" } : {} });
  await visitor.request(await (provider === "workos" ? answerWorkos(visitor, url) : answerOpenid(visitor, url)));
  return visitor;
}

const read = (token, secret = world.secret) => decode({ token, secret, salt: COOKIE });
const write = (token, { secret = world.secret, salt = COOKIE, maxAge = 30 * DAY } = {}) => encode({ token, secret, salt, maxAge });

/** What a browser with this cookie value is told, and what it holds afterwards. Long values go in chunks, as Auth.js cuts them. */
async function withCookie(value) {
  const visitor = new Visitor();
  if (value.length <= 3936) visitor.set("localhost", COOKIE, value);
  else for (let i = 0; i * 3936 < value.length; i += 1) visitor.set("localhost", `${COOKIE}.${i}`, value.slice(i * 3936, (i + 1) * 3936));
  return { visitor, ...(await session(visitor, authUrl)) };
}

describe("@auth/core/jwt reads our cookie", () => {
  test("WorkOS: name, e-mail, picture, and a subject that says whose it is", async () => {
    const claims = await read((await signIn()).cookie(COOKIE));
    const { sub, iat, exp, jti, ...rest } = claims;
    assert.deepEqual(rest.name, "Ada Lovelace");
    assert.deepEqual([rest.email, rest.picture], ["ada@acme.example", "https://images.example.com/ada.png"]);
    assert.match(sub, /^workos:prof_[0-9A-F]{20}$/);
    assert.equal(exp - iat, 30 * DAY);
    assert.match(jti, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("OpenID Connect: the profile comes from userinfo, the id_token of this provider is thin", async () => {
    const claims = await read((await signIn("op")).cookie(COOKIE));
    assert.deepEqual([claims.sub, claims.email, claims.name], ["op:grace@op.example", "grace@op.example", "grace Example"]);
  });

  test("the subject is the same at every sign-in, the token is not", async () => {
    const [first, second] = await Promise.all([signIn(), signIn()].map(async (visitor) => read((await visitor).cookie(COOKIE))));
    assert.equal(first.sub, second.sub);
    assert.notEqual(first.jti, second.jti);
  });

  test("getToken finds it in a request", async () => {
    const visitor = await signIn();
    const cookie = visitor.cookieHeader(new URL(authUrl));
    const token = await getToken({ req: { headers: new Headers({ cookie }) }, secret: world.secret, salt: COOKIE });
    assert.equal(token.email, "ada@acme.example");
  });

  test("not with another secret", async () => {
    const token = (await signIn()).cookie(COOKIE);
    await assert.rejects(read(token, canary("other")));
  });

  test("each reading of /session renews it", async () => {
    const visitor = await signIn();
    const first = visitor.cookie(COOKIE);
    await session(visitor, authUrl);
    const second = visitor.cookie(COOKIE);
    assert.notEqual(first, second);
    assert.equal((await read(second)).sub, (await read(first)).sub);
  });
});

describe("we read the cookie of @auth/core/jwt", () => {
  const somebody = { name: "Konrad", email: "konrad@elsewhere.example", picture: "https://images.example.com/k.png", sub: "42" };

  test("its user is signed in here", async () => {
    const { value } = await withCookie(await write(somebody));
    assert.deepEqual(value.user, { name: "Konrad", email: "konrad@elsewhere.example", image: "https://images.example.com/k.png" });
    assert.ok(Math.abs(Date.parse(value.expires) - Date.now() - 30 * DAY * 1000) < 60_000);
  });

  test("what another application put into the token survives a renewal, and /session does not show it", async () => {
    const { value, visitor } = await withCookie(await write({ ...somebody, role: "admin", nested: { a: [1, null] } }));
    assert.deepEqual(Object.keys(value).sort(), ["expires", "user"]);
    const renewed = await read(visitor.cookie(COOKIE));
    assert.deepEqual([renewed.role, renewed.nested, renewed.sub], ["admin", { a: [1, null] }, "42"]);
  });

  test("in chunks", async () => {
    const { value, visitor } = await withCookie(await write({ ...somebody, long: "x".repeat(6000) }));
    assert.equal(value?.user.name, "Konrad");
    const names = visitor.cookieNames.filter((name) => name.startsWith(COOKIE));
    assert.deepEqual(names.sort(), [`${COOKIE}.0`, `${COOKIE}.1`, `${COOKIE}.2`]);
    const joined = names.sort().map((name) => visitor.cookie(name)).join("");
    assert.equal((await read(joined)).long.length, 6000);
  });

  test("a member that is absent stays absent, null stays null", async () => {
    const { value } = await withCookie(await write({ email: "only@elsewhere.example", name: null, sub: "1" }));
    assert.deepEqual(value.user, { name: null, email: "only@elsewhere.example" });
  });

  for (const [name, make] of [
    ["expired", () => write(somebody, { maxAge: -60 })],
    ["of another secret", () => write(somebody, { secret: canary("other") })],
    ["made for another cookie", () => write(somebody, { salt: "authjs.state" })],
    ["made for the https cookie", () => write(somebody, { salt: `__Secure-${COOKIE}` })],
    ["with a character changed", async () => {
      const token = await write(somebody);
      return token.slice(0, -10) + (token.at(-10) === "A" ? "B" : "A") + token.slice(-9);
    }],
  ]) {
    test(`a token ${name} is nobody, and its cookie is taken away`, async () => {
      const { value, status, visitor } = await withCookie(await make());
      assert.deepEqual([status, value], [200, null]);
      assert.equal(visitor.cookie(COOKIE), undefined);
    });
  }

  test("a chunk missing is nobody", async () => {
    const token = await write({ ...somebody, long: "x".repeat(6000) });
    const visitor = new Visitor();
    visitor.set("localhost", `${COOKIE}.0`, token.slice(0, 3936));
    visitor.set("localhost", `${COOKIE}.2`, token.slice(2 * 3936));
    assert.equal((await session(visitor, authUrl)).value, null);
  });
});

describe("update()", () => {
  test("POST /session with the CSRF token answers the session", async () => {
    const visitor = await signIn();
    const csrfToken = await csrf(visitor, authUrl);
    const answer = await visitor.request(`${authUrl}/session`, { json: { csrfToken, data: { user: { email: "evil@evil.example" }, name: "evil" } } });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.text).user.email, "ada@acme.example", "what a browser sends changes nobody's e-mail");
  });

  test("without it, 400 and null", async () => {
    const visitor = await signIn();
    await csrf(visitor, authUrl);
    const answer = await visitor.request(`${authUrl}/session`, { json: { csrfToken: "0".repeat(64) } });
    assert.deepEqual([answer.status, answer.text], [400, "null"]);
  });
});

describe("secrets rotate", () => {
  const [old, young] = [canary("rotation-old"), canary("rotation-new")];

  test("the new one seals, the old one still opens; without the old one its sessions end", async () => {
    await world.restart({ env: { AUTH_SECRET: old } });
    const visitor = await signIn();
    const sealedOld = visitor.cookie(COOKIE);
    assert.equal((await read(sealedOld, old)).email, "ada@acme.example");

    await world.restart({ env: { AUTH_SECRET: old, AUTH_SECRET_1: young } });
    assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example", "a session of before is still one");
    const sealedNew = visitor.cookie(COOKIE);
    assert.equal((await read(sealedNew, young)).email, "ada@acme.example");
    await assert.rejects(read(sealedNew, old), "it is sealed with the new secret");
    assert.equal((await read(sealedNew, [young, old])).email, "ada@acme.example");

    await world.restart({ env: { AUTH_SECRET: young } });
    assert.equal((await session(visitor, authUrl)).value.user.email, "ada@acme.example");
    assert.equal((await withCookie(sealedOld)).value, null);
    for (const secret of [old, young]) assert.ok(!world.logs().includes(secret));
  });

  test("a sign-in begun before a rotation ends after it", async () => {
    await world.restart({ env: { AUTH_SECRET: old } });
    const visitor = new Visitor();
    const { url } = await startSignIn(visitor, authUrl, "workos", { query: { domain: "acme.example" } });
    await world.restart({ env: { AUTH_SECRET: old, AUTH_SECRET_1: young } });
    await visitor.request(await answerWorkos(visitor, url));
    assert.equal((await session(visitor, authUrl)).value?.user.email, "ada@acme.example");
  });
});

test("no secret is in the logs", () => world.assertNoSecretLogged());
