import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRepository } from "../gates/repository.ts";
import { makeReference } from "./reference.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { files, faults } = makeReference(readRepository(root));
for (const { path, line, detail } of faults) console.error(`${path}:${line} ${detail}`);
if (faults.length > 0) process.exitCode = 1;
else {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  console.log(`reference: ${files.size} files`);
}
