// `authcfg lsp` in the real Neovim, beside the real yaml-language-server, with the configuration that the manual prints.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { authcfg, BINARY, folder } from "../lib/authcfg.js";
import { blocks } from "../lib/manual.js";
import { startNeovim } from "../lib/neovim.js";

const YAML_SERVER = fileURLToPath(new URL("../node_modules/.bin/yaml-language-server", import.meta.url));
// The wheel with Neovim is for this kind of machine.
const skip = process.platform !== "linux" || process.arch !== "x64" ? "there is no Neovim for this machine in requirements.txt" : false;
const ACME = `id: acme
name: Acme
vars: {tenant: {title: Tenant, pattern: "^[a-z]+$"}}
authorization_endpoint: https://acme.example/{{ vars.tenant }}/authorize
token_enpoint: https://acme.example/token
userinfo_endpoint: https://acme.example/me
profile: {sub: $.userinfo.id, nickname: 🔑, name: "{{ vras.tenant }}"}
tests:
  - vars: {tenant: one}
    token_response: {http: {status: 400, body: {error: invalid_grant}}}
    error: invalid_grant
`;
const MENDED = ACME.replace("enpoint", "endpoint").replace("vras", "vars");

let project, editor;
const path = () => join(project.path, "providers/acme.yaml");
const text = () => editor.lua('table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n") .. "\\n"');
const cursor = "vim.api.nvim_win_get_cursor(0)";
const menu = 'vim.fn.complete_info({"items"}).items';
/** Opens the file as it is on the disk, and waits for both servers. */
async function open() {
  project.write("providers/acme.yaml", ACME);
  await editor.keys("<Esc>:edit! providers/acme.yaml<CR>:edit!<CR>");
  await editor.until("#vim.lsp.get_clients({bufnr = 0})", (count) => count === 2);
  await editor.until(shown("authcfg"), (all) => all.length > 0);
}
/** Puts the cursor on the first `word` of the text. */
const on = (word) => editor.keys(`gg0/${word}<CR>`);
/** What one server shows: line, column and end, counted from 1 and in bytes, code and the first line of the message. */
const shown = (source) => `vim.tbl_map(function(d) return {d.lnum + 1, d.col + 1, d.end_col + 1, d.code, vim.split(d.message, "\\n")[1]} end,
  vim.tbl_filter(function(d) return vim.startswith(d.source or "", "${source}") end, vim.diagnostic.get(0)))`;
/** The text of the window that floats above the others. */
const floating = `(function() for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= "" then
    return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\\n") end end end)()`;

before(async () => {
  if (skip) return;
  project = folder({ "authcfg.yaml": "base_url: https://app.example.com\nproviders: {}\n", "providers/acme.yaml": ACME });
  for (const name of ["provider", "config"]) project.write(`schema/${name}.schema.json`, (await authcfg(["schema", name])).output);
  mkdirSync(join(project.path, "bin"));
  symlinkSync(BINARY, join(project.path, "bin/authcfg"));
  symlinkSync(YAML_SERVER, join(project.path, "bin/yaml-language-server"));
  const init = blocks("editors", "~/.config/nvim/init.lua").join("\n");
  editor = await startNeovim(init, { cwd: project.path, bin: join(project.path, "bin") });
});
after(async () => {
  const code = await editor?.stop();
  project?.remove();
  if (editor) assert.equal(code, 0);
});

test("both servers mark what is wrong, each what it knows", { skip }, async () => {
  await open();
  const both = (all) => all.length === 2;
  assert.deepEqual(await editor.until(shown("authcfg"), both), [
    [5, 1, 14, "unknown-field", "unknown field `token_enpoint`"],
    [7, 57, 61, "unknown-name", "unknown name `vras`"],
  ]);
  const schema = await editor.until(shown("yaml"), (all) => all.length > 0);
  assert.deepEqual(schema.map(([line, column, end, , message]) => [line, column, end, message]), [[5, 1, 14, "Property token_enpoint is not allowed."]]);
  await editor.keys(":edit authcfg.yaml<CR>");
  await editor.until("vim.api.nvim_buf_get_name(0)", (name) => name.endsWith("authcfg.yaml"));
  await editor.keys("Gosesion: {}<Esc>");
  const config = await editor.until(shown("authcfg"), (all) => all.some(([, , , code]) => code === "unknown-field"));
  assert.deepEqual(config[0], [3, 1, 7, "unknown-field", "unknown field `sesion`"]);
  await editor.keys(":edit! providers/acme.yaml<CR>");
});

test("the cursor shows the doc text of a key, and what a variable is", { skip }, async () => {
  await open();
  await on("authorization_endpoint");
  await editor.keys("K");
  assert.match(await editor.until(floating), /RFC 6749/);
  await editor.keys("<Esc>:fclose!<CR>");
  await on("tenant }}");
  await editor.keys("K");
  assert.match(await editor.until(floating), /vars\.tenant[^]*Tenant[^]*\^\[a-z\]\+\$/);
  await editor.keys(":fclose!<CR>");
});

test("a jump goes to the declaration of a variable", { skip }, async () => {
  await open();
  await on("tenant }}");
  assert.deepEqual(await editor.until(cursor, ([line]) => line === 4), [4, 53]);
  await editor.keys("<C-]>");
  assert.deepEqual(await editor.until(cursor, ([line]) => line === 3), [3, 7]);
});

test("completion offers names as they are typed, and the word chosen is written", { skip }, async () => {
  await open();
  await editor.keys("Go<C-u>scopes: {supported: [\"{{ vars.<C-x><C-o>");
  const names = await editor.until(menu, (items) => items.length > 0);
  assert.deepEqual(names.map(({ word }) => word), ["tenant"]);
  await editor.keys("<C-y><Esc>");
  assert.ok((await text()).endsWith('\nscopes: {supported: ["{{ vars.tenant\n'), await text());
  await editor.keys("cc<C-u>pkc<C-x><C-o>");
  await editor.until(menu, (items) => items.some(({ abbr }) => abbr === "pkce"));
  await editor.keys("<Esc>");
});

test("a quick fix mends its finding, and all of them together write what `--fix` writes", { skip }, async () => {
  await open();
  await on("token_enpoint");
  await editor.keys(":lua vim.lsp.buf.code_action({apply = true, filter = function(it) return it.isPreferred end})<CR>");
  const once = ACME.replace("enpoint", "endpoint");
  await editor.until(`vim.api.nvim_buf_get_lines(0, 4, 5, false)[1] == "token_endpoint: https://acme.example/token"`);
  assert.equal(await text(), once);
  await editor.until(shown("yaml"), (all) => all.length === 0);
  await open();
  await editor.keys(':lua vim.lsp.buf.code_action({apply = true, context = {only = {"source.fixAll"}, diagnostics = {}}})<CR>');
  await editor.until(shown("authcfg"), (all) => all.length === 0);
  const fixed = await text();
  assert.equal(fixed, MENDED);
  await authcfg(["validate", "--fix", "providers/acme.yaml"], { cwd: project.path });
  assert.equal(readFileSync(path(), "utf8"), fixed);
});

test("a variable gets another name everywhere, and its uses are listed", { skip }, async () => {
  project.write("authcfg.yaml", "base_url: https://app.example.com\nproviders:\n  acme: {client_id: a, vars: {tenant: engines}}\n");
  await editor.keys("<Esc>:edit! authcfg.yaml<CR>:edit!<CR>");
  await editor.until("vim.api.nvim_buf_line_count(0)", (lines) => lines === 3);
  await open();
  await on("tenant }}");
  await editor.until(cursor, ([line]) => line === 4);
  await editor.keys(":lua vim.lsp.buf.references()<CR>");
  const list = "vim.tbl_map(function(it) return it.lnum end, vim.fn.getqflist())";
  assert.deepEqual(await editor.until(list, (all) => all.length === 4), [3, 3, 4, 9], "the deployment file, and three lines of this one");
  await editor.keys(':cclose<CR>:lua vim.lsp.buf.rename("realm")<CR>');
  const renamed = ACME.replace("{tenant: {title", "{realm: {title").replace("{{ vars.tenant", "{{ vars.realm").replace("{tenant: one", "{realm: one");
  await editor.until(`vim.api.nvim_buf_get_lines(0, 2, 3, false)[1]:find("realm") ~= nil`);
  assert.equal(await text(), renamed);
  await editor.keys(":wall<CR>");
  await editor.until('#vim.tbl_filter(function(it) return it.changed == 1 end, vim.fn.getbufinfo())', (changed) => changed === 0);
  assert.match(readFileSync(join(project.path, "authcfg.yaml"), "utf8"), /vars: \{realm: engines\}/);
});

test("an id that another file claims is marked in both, without saving", { skip }, async () => {
  project.write("providers/other.yaml", MENDED.replace("id: acme", "id: other"));
  await open();
  await on("name: Acme");
  await editor.keys("Oaliases: [other]<Esc>");
  const twice = (all) => all.some(([, , , code]) => code === "duplicate-id");
  await editor.until(shown("authcfg"), twice);
  await editor.keys(":edit! providers/other.yaml<CR>");
  const marks = await editor.until(shown("authcfg"), twice);
  assert.deepEqual(marks.find(([, , , code]) => code === "duplicate-id").slice(0, 3), [1, 5, 10]);
});
