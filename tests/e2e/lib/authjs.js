// Auth.js itself behind the same origin, for two uses: a yardstick for the benchmark, and a check of this suite's own parts.
//
// Its WorkOS provider always sends an empty `connection`, which WorkOS refuses, so this one is written out; and since it has no
// routes, the domain of the tests becomes an organization here. `json=true` of the version 4 client is understood, which Auth.js does not.
import http from "node:http";
import { Auth } from "@auth/core";
import { ACME } from "./workos.js";

export function authjsServer(env) {
  const workos = {
    id: "workos", name: "WorkOS", type: "oauth", clientId: env.AUTH_WORKOS_ID, clientSecret: env.AUTH_WORKOS_SECRET,
    authorization: { url: `${env.AUTH_WORKOS_ISSUER}/sso/authorize`, params: { scope: "" } },
    token: `${env.AUTH_WORKOS_ISSUER}/sso/token`, userinfo: `${env.AUTH_WORKOS_ISSUER}/sso/profile`,
    client: { token_endpoint_auth_method: "client_secret_post" }, checks: ["pkce", "state"],
    profile: (profile) => ({ id: profile.id, name: `${profile.first_name} ${profile.last_name}`, email: profile.email, image: profile.raw_attributes.picture }),
  };
  const op = { id: "op", name: "Example ID", type: "oidc", issuer: env.AUTH_OP_ISSUER, idToken: false, clientId: env.AUTH_OP_ID, clientSecret: env.AUTH_OP_SECRET, checks: ["pkce", "state", "nonce"] };
  const fast = { ...op, id: "fast", name: "Fast ID", issuer: env.AUTH_FAST_ISSUER, clientId: env.AUTH_FAST_ID, clientSecret: env.AUTH_FAST_SECRET };
  const config = { basePath: "/api/auth", secret: env.AUTH_SECRET, trustHost: true, providers: [workos, op, fast], logger: { error: () => {}, warn: () => {}, debug: () => {} } };
  return http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const url = new URL(request.url, env.AUTH_URL);
    if (url.searchParams.get("domain") === "acme.example") {
      url.searchParams.delete("domain");
      url.searchParams.set("organization", ACME.organization);
    }
    const headers = new Headers(request.headers);
    if (new URLSearchParams(body).get("json") === "true") headers.set("x-auth-return-redirect", "1");
    const answer = await Auth(new Request(url, { method: request.method, headers, body: body || undefined }), config);
    const sent = [...answer.headers].filter(([name]) => name !== "set-cookie").concat(answer.headers.getSetCookie().map((cookie) => ["set-cookie", cookie]));
    response.writeHead(answer.status, sent.flat()).end(Buffer.from(await answer.arrayBuffer()));
  });
}
