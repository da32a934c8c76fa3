// What a provider is asked: a proxy between it and everybody, so that every provider is watched in the same way.
import http from "node:http";
import { close, listen } from "./program.js";

const SECRETS = ["access_token", "refresh_token", "id_token", "device_code"];

/**
 * Listens, and starts the provider that `start(origin)` returns: to the world it is at `origin`, its own address is its `backend`.
 *
 * `requests` are `{method, path, form, status, answer}` in the order of their answers, of which `answer` is JSON or null.
 * `secrets` are the tokens that passed.
 */
export async function watched(start) {
  const [requests, secrets] = [[], new Set()];
  const server = http.createServer((request, response) => {
    pass(request, response).catch((error) => response.writeHead(502).end(`${error}`));
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  let provider;
  try {
    provider = await start(origin);
  } catch (error) {
    await close(server);
    throw error;
  }

  async function pass(request, response) {
    const sent = await whole(request);
    const answer = await new Promise((resolve, reject) => {
      const options = { method: request.method, headers: { ...request.headers, "accept-encoding": "identity" } };
      http.request(`${provider.backend}${request.url}`, options, resolve).on("error", reject).end(sent);
    });
    const received = await whole(answer);
    note(request, sent.toString(), answer, received.toString());
    response.writeHead(answer.statusCode, answer.rawHeaders).end(received);
  }

  function note(request, sent, answer, received) {
    const json = answer.headers["content-type"]?.includes("json") ? JSON.parse(received || "null") : null;
    for (const name of SECRETS) if (json?.[name]) secrets.add(json[name]);
    requests.push({ method: request.method, path: request.url.split("?")[0], form: Object.fromEntries(new URLSearchParams(sent)), status: answer.statusCode, answer: json });
  }

  return {
    ...provider, origin, requests, secrets,
    async stop() {
      await provider.stop();
      await close(server);
    },
  };
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
