// The blocks of a page of the manual, by the comment that names the file they are: `# .gitlab-ci.yml`, `// .vscode/settings.json`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The text of the block that says it is `file`, without that line. */
export function block(page, file) {
  const text = readFileSync(`${ROOT}src/manual/${page}.md`, "utf8");
  const found = text.split("```").filter((_, i) => i % 2 === 1).map((block) => block.slice(block.indexOf("\n") + 1));
  const body = found.find((block) => [`# ${file}`, `// ${file}`, `-- ${file}`].includes(block.split("\n", 1)[0]));
  if (body === undefined) throw new Error(`${page}.md has no block for ${file}`);
  return body.slice(body.indexOf("\n") + 1);
}
