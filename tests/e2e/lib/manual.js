// The blocks of a page of the manual, by the comment that names the file they are: `# .gitlab-ci.yml`, `// .vscode/settings.json`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The text of the block that says it is `file`, without that line. */
export function block(page, file) {
  return blocks(page, file)[0];
}

/** The texts of all blocks that say they are `file`: what a person puts into it one after the other. */
export function blocks(page, file) {
  const text = readFileSync(`${ROOT}src/manual/${page}.md`, "utf8");
  const all = text.split("```").filter((_, i) => i % 2 === 1).map((block) => block.slice(block.indexOf("\n") + 1));
  const found = all.filter((block) => [`# ${file}`, `// ${file}`, `-- ${file}`].includes(block.split("\n", 1)[0]));
  if (found.length === 0) throw new Error(`${page}.md has no block for ${file}`);
  return found.map((block) => block.slice(block.indexOf("\n") + 1));
}

/** The recording of a sign-in by a code: `record.mjs` makes it. */
export const CAST = `${ROOT}src/manual/login-device.cast`;
