// A browser without a browser: HTTP with cookies, one step at a time. For tests of what a page never sends, and for many of them.
export class Visitor {
  #cookies = [];

  /** One request, no redirect followed. `form` makes it a POST. */
  async request(url, { method, form, json, headers = {}, cookies = true } = {}) {
    const target = new URL(url);
    const init = { method: method ?? (form || json ? "POST" : "GET"), headers: { ...headers }, redirect: "manual" };
    if (form) init.body = new URLSearchParams(form);
    if (json) Object.assign(init, { body: JSON.stringify(json), headers: { "content-type": "application/json", ...headers } });
    const sent = cookies ? this.cookieHeader(target) : "";
    if (sent) init.headers.cookie = init.headers.cookie ? `${init.headers.cookie}; ${sent}` : sent;
    const response = await fetch(target, init);
    for (const line of response.headers.getSetCookie()) this.#store(target, line);
    const text = await response.text();
    const location = response.headers.get("location");
    return { status: response.status, headers: response.headers, text, location: location && new URL(location, target).href, rawLocation: location };
  }

  cookieHeader(url) {
    const fits = ({ host, path }) => host === url.hostname && url.pathname.startsWith(path);
    return this.#cookies.filter(fits).map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  cookie(name) {
    return this.#cookies.find((cookie) => cookie.name === name)?.value;
  }

  get cookieNames() {
    return this.#cookies.map(({ name }) => name);
  }

  set(host, name, value) {
    this.#store(new URL(`http://${host}`), `${name}=${value}; Path=/`);
  }

  #store(url, line) {
    const [pair, ...attributes] = line.split("; ");
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const attribute = (wanted) => attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute("path") ?? "/";
    this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.host !== url.hostname || cookie.path !== path);
    const gone = attribute("max-age") === "0" || Date.parse(attribute("expires") ?? "") < Date.now();
    if (!gone) this.#cookies.push({ host: url.hostname, path, name, value });
  }
}

/** Starts a sign-in as next-auth's version 5 client does; returns the answer, whose `url` is where the browser goes. */
export async function startSignIn(visitor, authUrl, provider, { query = {}, callbackUrl, csrfToken, headers = {} } = {}) {
  csrfToken ??= await csrf(visitor, authUrl);
  const form = { csrfToken, ...(callbackUrl === undefined ? {} : { callbackUrl }) };
  const search = new URLSearchParams(query).size ? `?${new URLSearchParams(query)}` : "";
  const answer = await visitor.request(`${authUrl}/signin/${provider}${search}`, { form, headers: { "x-auth-return-redirect": "1", ...headers } });
  return { ...answer, url: answer.status === 200 ? JSON.parse(answer.text).url : answer.location };
}

export async function csrf(visitor, authUrl) {
  return JSON.parse((await visitor.request(`${authUrl}/csrf`)).text).csrfToken;
}

export async function session(visitor, authUrl) {
  const { status, text } = await visitor.request(`${authUrl}/session`);
  return { status, text, value: JSON.parse(text) };
}

/** A page with one form: its hidden fields go back with those of `form`, as a click on its button sends them. */
export async function submit(visitor, url, form) {
  const { text } = await visitor.request(url);
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)].map(([, name, value = ""]) => [name, value.replaceAll("&amp;", "&")]);
  return await visitor.request(url, { form: { ...Object.fromEntries(hidden), ...form } });
}

/** At the WorkOS-like service: from the authorization URL to the callback URL. */
export async function answerWorkos(visitor, authorizationUrl, { email = "ada@acme.example", answer = "allow" } = {}) {
  const login = await visitor.request(authorizationUrl);
  if (!login.location?.includes("/idp/login")) return login.location;
  const request = new URL(login.location).searchParams.get("request");
  return (await visitor.request(new URL("/idp/login", login.location), { form: { request, email, answer } })).location;
}

/** At oidc-provider: from its end_session_endpoint to where it sends the browser, if it does. */
export async function endSession(visitor, url) {
  const { text, status } = await visitor.request(url);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(text)?.[1];
  if (!xsrf) throw new Error(`no page to sign out on: ${status} ${text}`);
  return (await visitor.request(new URL("/session/end/confirm", url), { form: { xsrf, logout: "yes" } })).location;
}

/** At oidc-provider: from the authorization URL to the callback URL. */
export async function answerOpenid(visitor, authorizationUrl, { login = "grace@op.example", answer = "allow" } = {}) {
  let at = authorizationUrl;
  for (let hop = 0; hop < 10; hop += 1) {
    if (/\/callback[/?]/.test(at)) return at;
    const asks = at.includes("/interaction/");
    at = (await visitor.request(at, asks ? { form: { login, answer } } : {})).location;
  }
  throw new Error(`no callback after ten hops, at ${at}`);
}

/** At oidc-provider: types the code of a device in; `answer` ends the question whether that is wanted. */
export async function typeInCode(visitor, address, user_code, answer, { login = "grace@op.example" } = {}) {
  const xsrf = ({ text }) => /name="xsrf" value="([^"]+)"/.exec(text)[1];
  const asks = await visitor.request(address);
  const confirms = await visitor.request(address, { form: { xsrf: xsrf(asks), user_code } });
  let at = await visitor.request(address, { form: { xsrf: xsrf(confirms), user_code, ...answer } });
  for (let hop = 0; at.location && hop < 10; hop += 1) {
    const asked = at.location.includes("/interaction/");
    at = await visitor.request(at.location, asked ? { form: { login, answer: "allow" } } : {});
  }
  return at;
}
