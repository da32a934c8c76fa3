// A language server driven as an editor does it: JSON-RPC over its standard input and output, one document after another.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";

const SECONDS = 20;

/** Starts a server for the folder `root`; `settings` are what an editor has under each section's name. */
export async function startLanguageServer(command, args, { root, settings = {} }) {
  const server = new LanguageServer(command, args, settings);
  const rootUri = pathToFileURL(root).href;
  const { capabilities } = await server.request("initialize", {
    processId: process.pid, rootUri, workspaceFolders: [{ uri: rootUri, name: "project" }],
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true, didChangeConfiguration: { dynamicRegistration: true } },
      textDocument: { completion: { completionItem: { snippetSupport: true } }, hover: { contentFormat: ["markdown", "plaintext"] }, publishDiagnostics: {} },
    },
  });
  server.capabilities = capabilities;
  server.notify("initialized", {});
  server.notify("workspace/didChangeConfiguration", { settings });
  return server;
}

class LanguageServer {
  #child;
  #settings;
  #buffer = Buffer.alloc(0);
  #waiting = new Map();
  #last = 0;
  #log = "";

  constructor(command, args, settings) {
    this.#settings = settings;
    const { PATH, HOME } = process.env;
    this.#child = spawn(command, args, { env: { PATH, HOME }, stdio: "pipe" });
    this.#child.stdout.on("data", (bytes) => this.#read(bytes));
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#log += text;
    });
    this.ended = once(this.#child, "close");
    this.#child.stdin.on("error", () => {});
  }

  request(method, params) {
    this.#last += 1;
    const id = this.#last;
    this.#write({ id, method, params });
    return this.#wait(`answer ${id}`, method);
  }

  notify(method, params) {
    this.#write({ method, params });
  }

  /** Opens a document and returns what the server finds in it. */
  async open(path, text) {
    const uri = pathToFileURL(path).href;
    const diagnostics = this.#wait(`diagnostics ${uri}`, `diagnostics of ${path}`);
    this.notify("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text } });
    return { uri, text, diagnostics: await diagnostics };
  }

  /** The names that completion offers behind the `|` of a document, which is opened without it. */
  async complete(path, marked) {
    const at = marked.indexOf("|");
    const document = await this.open(path, marked.slice(0, at) + marked.slice(at + 1));
    const answer = await this.request("textDocument/completion", { textDocument: { uri: document.uri }, position: position(marked, at) });
    this.close(document);
    return (answer.items ?? answer).map(({ label }) => label);
  }

  /** The hover text over the first `word` of an open document. */
  async hover({ uri, text }, word) {
    const answer = await this.request("textDocument/hover", { textDocument: { uri }, position: position(text, text.indexOf(word)) });
    return answer?.contents.value ?? "";
  }

  close({ uri }) {
    this.notify("textDocument/didClose", { textDocument: { uri } });
  }

  /** Ends the server as the protocol says; returns its exit code. */
  async stop() {
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.request("shutdown", null);
    this.notify("exit", null);
    const [code] = await this.ended;
    clearTimeout(insist);
    return code;
  }

  #wait(key, what) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} within ${SECONDS} s; the server's log:\n${this.#log}`)), SECONDS * 1000);
      this.#waiting.set(key, ({ result, error }) => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        if (error) reject(new Error(`${what}: ${error.message}`));
        else resolve(result);
      });
    });
  }

  #write(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.#child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#child.stdin.write(body);
  }

  #read(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const head = this.#buffer.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.subarray(0, Math.max(head, 0)))?.[1]);
      if (head < 0 || this.#buffer.length < head + 4 + length) return;
      const body = this.#buffer.subarray(head + 4, head + 4 + length);
      this.#buffer = this.#buffer.subarray(head + 4 + length);
      this.#receive(JSON.parse(body));
    }
  }

  #receive({ id, method, params, result, error }) {
    if (method === undefined) this.#waiting.get(`answer ${id}`)?.({ result, error });
    else if (method === "textDocument/publishDiagnostics") this.#waiting.get(`diagnostics ${params.uri}`)?.({ result: params.diagnostics });
    else if (method === "workspace/configuration") this.#write({ id, result: params.items.map(({ section }) => this.#settings[section] ?? null) });
    else if (id !== undefined) this.#write({ id, result: null });
  }
}

/** Line and column of an offset, counted as the protocol counts. */
function position(text, offset) {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length - 1, character: lines.at(-1).length };
}
