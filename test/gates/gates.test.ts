import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { gates } from "./gates.ts";
import { languageOf } from "./language.ts";
import { repository } from "./repository.ts";
import { sizeOf } from "./size.ts";
import { parseSource } from "./source.ts";
import { words } from "./words.ts";

type Files = Readonly<Record<string, string>>;

const CORE = "packages/core/src";

/** A small project that keeps every rule, with what looks like a breach and is none. */
const clean: Files = {
  "package.json": "{}",
  "tsconfig.json": "{}",
  "pnpm-workspace.yaml": "",
  "README.md": "",
  "pnpm-lock.yaml": "",
  "biome.json": "{}",
  LICENSE: "",
  "SECURITY.md": "",
  "CONTRIBUTING.md": "",
  "docs/README.md": "",
  ".gitignore": "dist/\n",
  "examples/app/main.ts": "export default { port: 1 };\n",
  "test/a.test.ts": `import { describe, it } from "vitest";\ndescribe.skipIf(true)("a", () => it("b", () => {}));\nlist.only.skip();\n`,
  "packages/core/package.json": manifest("@latchkey/core", {
    ".": "./src/index.ts",
    "./testing": "./src/testing.ts",
  }),
  [`${CORE}/testing.ts`]: 'export { start as signInAs } from "./sessions/start.ts";\n',
  "examples/app/main.test.ts": 'import { signInAs } from "@latchkey/core/testing";\nsignInAs();\n',
  [`${CORE}/platform/errors.ts`]: "export class AuthError extends Error {}\n",
  [`${CORE}/platform/env.ts`]: "export const clock = (): number => Date.now();\n",
  [`${CORE}/platform/time.ts`]: lines(250, "type A = 1; // a line"),
  "packages/client/src/client-session.ts": "export class ClientSession {}\n",
  [`${CORE}/cookies/parse.ts`]: `
import { encode } from "@oslojs/crypto";
import { clock } from "../platform/env.ts";
const NAMES: ReadonlySet<string> = new Set(["a"]);
const TABLE = [1, 2];
Object.assign(encode, { own: 1 });
const pattern = { Date: 1, fetch: 2 };
${fn("four(a: 1, b: 2, c: 3, d: 4)", lines(58, "encode(a);"))}
${fn("deep(env: { fetch: typeof fetch })", nested(3, "env.fetch(pattern.fetch);"))}
function elseIf(n: number, fetch: () => void) {
  if (n === 1) { return fetch(); } else if (n === 2) { return 2; } else if (n === 3) { return 3; } else if (n === 4) { return 4; }
  // not counted
  return NAMES.size + TABLE.length + clock();
}
`,
  [`${CORE}/oauth/providers/arctic.ts`]:
    "export const patch = (): void => void (globalThis.fetch = patch);\n",
  [`${CORE}/sessions/start.ts`]: `
import type { Seconds } from "../platform/time.ts";
/** Starts. */
export function start(lifetime: Seconds): number {
  const seen = new Map([[lifetime, 1]]);
  let count = seen.size;
  return count++;
}
`,
  [`${CORE}/auth/create.ts`]: `import { start } from "../sessions/start.ts";\n/** Makes. */\nexport const createAuth = (): number => start(1);\n`,
  [`${CORE}/index.ts`]: `export { createAuth } from "./auth/create.ts";\nexport { start as begin } from "./sessions/start.ts";\nexport * from "./platform/time.ts";\n`,
  [`${CORE}/auth/create.test.ts`]: "const held: any = new Date();\n",
};

/** One planted breach: the rule it breaks, where it stands, the text, and the line to be named. */
type Plant = readonly [rule: string, path: string, text: string, line?: number];

const plants: readonly Plant[] = [
  ["file-size", `${CORE}/keys/ring.ts`, lines(251, "type A = 1;")],
  ["function-size", `${CORE}/keys/ring.ts`, `\n${fn("f()", lines(59, "g();"))}`, 2],
  ["function-size", `${CORE}/keys/ring.ts`, `const f = () => {\n${lines(59, "g();")}};\n`],
  ["parameters", `${CORE}/keys/ring.ts`, fn("f(a: 1, b: 2, c: 3, d: 4, e: 5)", "")],
  ["nesting", `${CORE}/keys/ring.ts`, fn("f()", nested(4, "g();")), 2],
  [
    "nesting",
    `${CORE}/keys/ring.ts`,
    fn("f()", "try { for (;;) { switch (1) { case 1: if (a) b(); } } } catch {}"),
    2,
  ],
  ["any", `${CORE}/keys/ring.ts`, "\nexport function f(a: unknown): any { return a; }\n", 2],
  ["any", `${CORE}/keys/ring.ts`, "const a = b as any;\n"],
  ["any", "packages/sql/src/store.ts", "const a = new Map<string, any>([[b, c]]).size;\n"],
  ["double-assertion", `${CORE}/keys/ring.ts`, "const a = b as unknown as string;\n"],
  ["double-assertion", `${CORE}/keys/ring.ts`, "const a = <string>(<unknown>b);\n"],
  ["ts-directive", `${CORE}/keys/ring.ts`, "const a = 1;\n// @ts-ignore\n", 2],
  ["ts-directive", `${CORE}/keys/ring.ts`, "/* @ts-expect-error */\n"],
  ["non-null", `${CORE}/keys/ring.ts`, "const a = b!.c;\n"],
  ["non-null", `${CORE}/keys/ring.ts`, "function f() {\n  let a!: string;\n}\n", 2],
  ["enum", `${CORE}/keys/ring.ts`, "enum A { B }\n"],
  ["namespace", `${CORE}/keys/ring.ts`, "namespace A { type B = 1 }\n"],
  ["namespace", `${CORE}/keys/ring.ts`, 'declare module "hono" { interface A {} }\n'],
  ["namespace", `${CORE}/keys/ring.ts`, "declare global { interface A {} }\n"],
  ["default-export", `${CORE}/keys/ring.ts`, "export default 1;\n"],
  ["default-export", `${CORE}/keys/ring.ts`, "const a = 1;\nexport { a as default };\n", 2],
  ["class", `${CORE}/keys/ring.ts`, "class Ring {}\n"],
  ["class", `${CORE}/keys/ring.ts`, "const a = class {};\n"],
  ["class", `${CORE}/platform/errors.ts`, "export class OtherError extends Error {}\n"],
  ["class", "packages/client/src/client-session.ts", "export class OtherSession {}\n"],
  ["file-name", `${CORE}/keys/keyRing.ts`, ""],
  ["file-name", `${CORE}/keys/Ring.test.ts`, ""],
  ["file-name", "packages/client/src/state-manager.ts", ""],
  ...["utils", "helpers", "manager", "service", "common"].map(
    (word): Plant => ["file-name", `${CORE}/keys/${word}.ts`, ""],
  ),
  ["file-name", "packages/sql/src/utils/quote.ts", ""],
  ["top-level", "notes.md", ""],
  ["node-import", "packages/sql/src/store.ts", 'import { DatabaseSync } from "node:sqlite";\n'],
  ["node-import", "packages/sql/src/store.ts", '\nconst a = await import("node:fs");\n', 2],
  ["core-dependency", `${CORE}/keys/ring.ts`, 'import { z } from "zod";\n'],
  ["core-dependency", `${CORE}/keys/ring.ts`, 'import { a } from "jose-extra";\n'],
  ["core-dependency", `${CORE}/keys/ring.ts`, 'type A = import("hono").Hono;\n'],
  ["core-dependency", `${CORE}/keys/ring.ts`, 'import { trace } from "@opentelemetry/api";\n'],
  ["package-border", "packages/sql/src/store.ts", 'import { a } from "../../core/src/platform/env.ts";\n'],
  ["extension", `${CORE}/keys/ring.ts`, 'import { a } from "../platform/env";\n'],
  ["barrel", `${CORE}/keys/index.ts`, 'export { clock } from "../platform/env.ts";\n'],
  ["barrel", `${CORE}/keys/index.ts`, 'export * from "../platform/env.ts";\n'],
  ["barrel", `${CORE}/keys/index.ts`, 'import { clock } from "../platform/env.ts";\nexport { clock };\n', 2],
  ["layer", `${CORE}/keys/ring.ts`, 'import { start } from "../sessions/start.ts";\n'],
  ["layer", `${CORE}/keys/ring.ts`, '\nimport type { A } from "../cookies/parse.ts";\n', 2],
  ["layer", `${CORE}/csrf/decide.ts`, 'import type { A } from "../sessions/start.ts";\n'],
  ["layer", `${CORE}/http/router.ts`, 'import { login } from "./routes/login.ts";\n'],
  ["layer", `${CORE}/accounts/app.ts`, 'import { router } from "../http/router.ts";\n'],
  ["layer", `${CORE}/platform/time.ts`, 'type A = import("../keys/a.ts").A;\n'],
  ["layer", `${CORE}/store.ts`, 'import type { Auth } from "./auth/create.ts";\n'],
  ["layer", `${CORE}/plugins/hook.ts`, "type A = 1;\n"],
  ["test-kit", "packages/sql/src/store.ts", 'import { signInAs } from "@latchkey/core/testing";\n'],
  ["test-kit", "examples/app/server.ts", '\nconst kit = await import("@latchkey/core/testing");\n', 2],
  ["cycle", `${CORE}/keys/a.ts`, 'import type { A } from "./a.ts";\n'],
  ["effect", `${CORE}/keys/ring.ts`, "export const f = (): number => Date.now();\n"],
  ["effect", "packages/client/src/tabs.ts", "const f = () => new BroadcastChannel(a);\n"],
  ["effect", "packages/client/src/tabs.ts", "const f = () => location.href;\n"],
  ["effect", `${CORE}/keys/ring.ts`, "\nfunction f(at = new Date()) {}\n", 2],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => globalThis.Date.now();\n"],
  ["effect", `${CORE}/oauth/providers/google.ts`, "const f = () => globalThis.fetch;\n"],
  ["effect", `${CORE}/oauth/providers/arctic.ts`, "const f = () => globalThis.Date.now();\n"],
  ["effect", `${CORE}/keys/ring.ts`, 'const f = () => globalThis["fetch"](a);\n'],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => performance.now();\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => crypto.getRandomValues(a);\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => crypto.randomUUID();\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => Math.random();\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => fetch(a);\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = { get: fetch };\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => setTimeout(a, 1);\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => setInterval(a, 1);\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => AbortSignal.timeout(1);\n"],
  ["effect", `${CORE}/keys/ring.ts`, "const f = () => console.log(a);\n"],
  ["module-state", "packages/client/src/client.ts", "let count = 0;\n"],
  ["module-state", `${CORE}/keys/ring.ts`, "export let count: number;\n"],
  ["module-state", `${CORE}/keys/ring.ts`, "const cache = new Map<string, string>();\n"],
  ["module-state", `${CORE}/keys/ring.ts`, "\nexport const seen: Set<string> = new Set();\n", 2],
  ["module-state", `${CORE}/keys/ring.ts`, "const seen = new WeakMap();\n"],
  ["module-state", `${CORE}/keys/ring.ts`, "const list: string[] = [];\n"],
  ["module-state", `${CORE}/keys/ring.ts`, "const cache: Record<string, string> = {};\n"],
  ["object-assign", `${CORE}/keys/ring.ts`, "const f = (body: object) => Object.assign({}, body);\n"],
  ["object-assign", `${CORE}/keys/ring.ts`, "const f = (body: object) => Object.assign({}, { ...body });\n"],
  ["docstring", `${CORE}/index.ts`, "\nexport function f(): void {}\n", 2],
  ["docstring", `${CORE}/index.ts`, "// no docstring\nexport const f = (): void => {};\n", 2],
  ["docstring", `${CORE}/auth/create.ts`, "export function createAuth(): void {}\n"],
  ["docstring", `${CORE}/sessions/start.ts`, "/* a comment */\nfunction start() {}\nexport { start };\n", 2],
  [
    "docstring",
    `${CORE}/platform/time.ts`,
    "export function days(n: number): number;\nexport function days(n: 1) {}\n",
  ],
  ...["skip", "only", "todo", "fails"].map(
    (word): Plant => ["test-switch", "test/b.test.ts", `\nit.${word}("a", () => {});\n`, 2],
  ),
  ["test-switch", `${CORE}/keys/ring.test.ts`, 'describe.concurrent.only("a", () => {});\n'],
  ["test-switch", "examples/app/a.test.ts", 'test("a", { skip: true }, () => {});\n'],
  ["test-switch", "test/b.test.ts", 'it.each([1]).skip("a", () => {});\n'],
  ["unfinished", "README.md", `a line\n${"TO"}${"DO"}: write it\n`, 2],
  ["unfinished", `${CORE}/keys/ring.ts`, `// ${"FIX"}${"ME"} later\n`],
  ...["Nobody", "somebody", "whoever", "anew", "meanwhile", "heeded", "demands", "settles", "goes on"].map(
    (word): Plant => ["word", "packages/other/README.md", `a line\nof text, ${word}, is read\n`, 2],
  ),
  ...["be it", "what is over", "of old"].map(
    (words): Plant => ["word", "examples/other/src/main.ts", `\n// ${words.replace(" ", "\n// ")}.\n`, 2],
  ),
  ["word", "packages/other/src/a.ts", "const demandOption = 1;\n"],
  ["word", "packages/other/src/a.ts", "\nconst ON_DEMAND = 1;\n", 2],
  ["word", "packages/other/src/a.ts", 'const told = "nobody is signed in";\n'],
  ["word", "examples/other/index.html", "<p>\n<b>Nobody</b></p>\n", 2],
];

describe("the gates", () => {
  it("accept a clean project", () => {
    expect(judge({})).toEqual([]);
  });

  for (const [rule, path, text, line = 1] of plants) {
    it(`find a breach of ${rule} in ${path}: ${JSON.stringify(text).slice(0, 60)}`, () => {
      expect(judge({ [path]: text })).toEqual([`${path}:${line} ${rule}`]);
    });
  }

  it("find a missing file of the top level", () => {
    const { LICENSE: _, ...rest } = clean;
    expect(judgeAll(rest)).toEqual(["LICENSE:1 top-level"]);
  });

  it("find a cycle of several files and packages, once", () => {
    const files = {
      [`${CORE}/keys/a.ts`]: 'import type { B } from "./b.ts";\n',
      [`${CORE}/keys/b.ts`]: 'import type { C } from "./c.ts";\n',
      [`${CORE}/keys/c.ts`]: 'import { A } from "./a.ts";\nimport { B } from "./b.ts";\n',
      "packages/x/package.json": manifest("@latchkey/x", { "./y": "./src/y.ts" }),
      "packages/x/src/y.ts": 'import { z } from "@latchkey/z";\n',
      "packages/z/package.json": manifest("@latchkey/z", { ".": "./src/z.ts" }),
      "packages/z/src/z.ts": 'const y = await import("@latchkey/x/y");\n',
    };
    expect(judge(files)).toEqual([
      `${CORE}/keys/a.ts:1 cycle`,
      `${CORE}/keys/b.ts:1 cycle`,
      "packages/x/src/y.ts:1 cycle",
    ]);
  });

  it("refuse a file that does not parse", () => {
    expect(() => judge({ [`${CORE}/keys/ring.ts`]: "const = 1;" })).toThrow(SyntaxError);
  });

  it("obey the rules of size and language themselves", () => {
    const here = new URL(".", import.meta.url);
    const names = readdirSync(here).filter((name) => !name.endsWith(".test.ts"));
    expect(names).toContain("run.ts");
    for (const name of names) {
      const source = parseSource(name, readFileSync(new URL(name, here), "utf8"));
      expect([...sizeOf(source), ...languageOf(source)]).toEqual([]);
    }
  });
});

describe("the gate of words", () => {
  const found = (files: Files): string[] =>
    words(repository(new Map(Object.entries(files)))).map(({ path, line }) => `${path}:${line}`);

  it("reads the titles and the comments of a test, and not its data", () => {
    const test = `
// nobody
describe("anew", () => {
  it.each([["meanwhile"]])("%s, whoever", () => {
    /* a line,
       somebody */
    const nobody = "anew";
  });
});
`;
    const lines = [2, 3, 4, 6];
    for (const path of ["test/a.test.ts", "packages/other/src/a.test.ts"]) {
      expect(found({ [path]: test }).sort()).toEqual(lines.map((line) => `${path}:${line}`));
    }
  });

  it("accepts the names of the platform and longer words", () => {
    const text = "await Promise.allSettled([]); // goon, renewed, of old keys, unsettled\n";
    expect(found({ "packages/other/src/a.ts": text })).toEqual([]);
  });
});

describe("the gate of ids", () => {
  const LIST = "test/attacks/README.md";
  // Joined here, or the gate would find these ids in this file.
  const CASE = ["ABC", "01"].join("-");
  const OTHER = ["ABC", "02"].join("-");
  const TABLE = `# Ids\n\n| id     | case |\n| ------ | ---- |\n| ${CASE} | a    |\n| S1     | b    |\n`;

  it("accepts ids that have a row, and names that only look like ids", () => {
    const files = {
      [LIST]: TABLE,
      "README.md": `${CASE} in UTF-16, under ML-DSA-44 or P-256, as in CVE-2026-10001.\n`,
      "test/b.test.ts": `// ${CASE}\nit("S1 ${CASE} signs in", () => { f("T1", "B2"); });\n`,
    };
    expect(judge(files)).toEqual([]);
  });

  it.each([
    ["README.md", 1, `The case ${OTHER}.\n`],
    [`${CORE}/keys/ring.ts`, 2, `\n// Refused (${OTHER}).\n`],
    [`${CORE}/keys/ring.test.ts`, 1, `it.each(["${OTHER} a list"])("%s", () => {});\n`],
    ["docs/decisions/keys.md", 3, `# Keys\n\n${CASE}, ${OTHER}.\n`],
    [LIST, 7, `${TABLE}See ${OTHER}.\n`],
    ["test/b.test.ts", 2, '\ndescribe.each([1])("a feature (S2)", () => {});\n'],
  ])("finds an id without a row in %s", (path, line, text) => {
    expect(judge({ [LIST]: TABLE, [path]: text })).toEqual([`${path}:${line} unlisted-id`]);
  });

  it("finds a second row of an id", () => {
    const again = `${TABLE}| ${CASE} | c    |\n| S1     | d    |\n`;
    expect(judge({ [LIST]: again })).toEqual([`${LIST}:7 repeated-id`, `${LIST}:8 repeated-id`]);
  });
});

describe("the script of the gates", () => {
  const trees: string[] = [];
  afterEach(() => {
    for (const tree of trees.splice(0)) rmSync(tree, { recursive: true });
  });

  it("prints each violation and exits 1", () => {
    const { stdout, status } = run({ ...clean, [`${CORE}/keys/ring.ts`]: "\nlet a: any;\n" });
    expect(stdout).toContain(`${CORE}/keys/ring.ts:2 any: `);
    expect(stdout).toContain(`${CORE}/keys/ring.ts:2 module-state: `);
    expect(status).toBe(1);
  });

  it("exits 0 on a clean tree, and ignores what git ignores", () => {
    const { stdout, status } = run({ ...clean, "dist/utils.ts": "let a: any;" });
    expect(stdout).toMatch(/^gates: 0 violations in \d+ files\n$/);
    expect(status).toBe(0);
  });

  function run(files: Files): { stdout: string; status: number | null } {
    const tree = mkdtempSync(join(tmpdir(), "latchkey-gates-"));
    trees.push(tree);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(tree, dirname(path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    execFileSync("git", ["init", "--quiet"], { cwd: tree });
    const script = fileURLToPath(new URL("run.ts", import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [script, tree], { encoding: "utf8" });
    return { stdout, status };
  }
});

function judge(planted: Files): string[] {
  return judgeAll({ ...clean, ...planted });
}

function judgeAll(files: Files): string[] {
  const project = repository(new Map(Object.entries(files)));
  return gates.flatMap((gate) => gate(project).map(({ path, line, rule }) => `${path}:${line} ${rule}`));
}

function manifest(name: string, entries: Files): string {
  return JSON.stringify({ name, exports: entries });
}

function lines(count: number, text: string): string {
  return `${text}\n`.repeat(count);
}

function fn(head: string, body: string): string {
  return `function ${head} {\n${body}}\n`;
}

function nested(depth: number, inner: string): string {
  return `${"if (a) { ".repeat(depth)}${inner}${" }".repeat(depth)}\n`;
}
