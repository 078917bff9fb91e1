import { fileURLToPath } from "node:url";
import { shape } from "../shape/gate.ts";
import { gates } from "./gates.ts";
import { reference } from "./reference.ts";
import { readRepository } from "./repository.ts";

// Another tree than this one can be named, which the gates' own test does.
const root = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const repository = readRepository(root);
const violations = [...gates, shape, reference].flatMap((gate) => gate(repository));
for (const { path, line, rule, detail } of violations) console.log(`${path}:${line} ${rule}: ${detail}`);
console.log(`gates: ${violations.length} violations in ${repository.files.size} files`);
process.exitCode = violations.length === 0 ? 0 : 1;
