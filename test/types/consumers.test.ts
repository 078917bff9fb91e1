import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, compilers, installDeclarations, outputOf, type Project } from "./project.ts";

const CONSUMERS = fileURLToPath(new URL("consumers", import.meta.url));

// A compiler takes 3 seconds of a free core, and a machine that runs other tests has none.
const TIMEOUT = 180_000;

const ALONE = ["providers.ts", "redis-store.ts", "sql-stores.ts", "token-storage.ts", "validator.ts"];

let project: Project;

beforeAll(async () => {
  project = await installDeclarations(CONSUMERS);
}, TIMEOUT);
afterAll(() => project.remove());

describe.concurrent.each(compilers)("an application that emits declarations with %s", (compiler) => {
  it.each(["bundler", "nodenext"] as const)(
    "compiles with moduleResolution %s",
    async (moduleResolution) => {
      expect(await compile(project, { compiler, moduleResolution })).toBe("");
      const out = join(project.folder, outputOf({ compiler, moduleResolution }));
      const emitted = readdirSync(out).filter((name) => name.endsWith(".d.ts"));
      expect(emitted).toHaveLength(readdirSync(CONSUMERS).length);
      const texts = emitted.map((name) => readFileSync(join(out, name), "utf8"));
      expect(texts.filter((text) => /node_modules|\/dist\/|\bany\b/.test(text))).toEqual([]);
    },
    TIMEOUT,
  );
});

// In one program with other files, a name may come from an entry that only those import.
describe.concurrent("an application that imports one package or entry alone", () => {
  it.each(ALONE)(
    "compiles %s",
    async (file) => {
      const compilation = { compiler: "typescript", moduleResolution: "nodenext", file } as const;
      expect(await compile(project, compilation)).toBe("");
    },
    TIMEOUT,
  );
});
