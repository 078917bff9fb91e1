import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { reference } from "./reference.ts";
import { type Repository, repository } from "./repository.ts";
import { parseSource } from "./source.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CORE = "packages/core/src";
const real = readPackages();

/** The packages, the README and the pages of docs. */
function readPackages(): Repository {
  const patterns = [
    "packages/*/src/**/*.{ts,tsx}",
    "packages/*/package.json",
    "docs/**/*.{md,txt}",
    "README.md",
  ];
  const paths = globSync(patterns, { cwd: ROOT }).filter((path) => !/\.test|node_modules/.test(path));
  return repository(new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")])));
}

/** The violations after the changes, each without its detail. */
function judge(changes: ReadonlyMap<string, string>): readonly string[] {
  const changed = [...changes].filter(([path]) => path.endsWith(".ts"));
  const sources = new Map([
    ...real.sources,
    ...changed.map(([path, text]) => [path, parseSource(path, text)] as const),
  ]);
  const found = reference({ files: new Map([...real.files, ...changes]), sources });
  // Every change of a page changes the text of all pages too.
  const others = found.filter(({ path }) => !path.startsWith("docs/public/") || changes.has(path));
  return others.map(({ path, line, rule }) => `${path}:${line} ${rule}`).sort();
}

/** Replaces a text of a source, which occurs once. */
function replaced(path: string, before: string, after: string): readonly [string, string] {
  const text = real.files.get(path) ?? "";
  expect(text.split(before), `${path}: ${before}`).toHaveLength(2);
  return [path, text.replace(before, after)];
}

it("accepts the project", () => {
  expect(reference(real)).toEqual([]);
});

it("finds what a document names and no package has, at its line", () => {
  const right = [
    "The code `not_found`, the event `session.ended`, the member `session.userId` and the `refresh_token`.",
    "`GET /me`, `HEAD /auth/session`, `DELETE /sessions/abc`, `/login?error=oauth_denied`, `@latchkey/core/oauth`.",
    "`createAuth({ linkByEmail: false, rateLimit: { mail: { limit: 1, window: 60 } } })`, `accessToken.lifetime`.",
    '```ts\nimport { createAuth, type Auth as A } from "@latchkey/core";\napp.get("/mine", handle);\n```',
    "`GET /mine` is a route of the application.",
  ];
  const wrong = [
    "`session_expird`",
    "`/login?error=oauth_denid`",
    "`session.endet`",
    "`accessToken.lifetim`",
    "`POST /singup`",
    "`PUT /auth/me`",
    "`createAuth({ linkByMail: false })`",
    "`@latchkey/core/oath`",
    '```ts\nimport { createAuht } from "@latchkey/core";\n```',
    "```ts\ncreateAuth({\n  refreshToken: { lifetim: 1 },\n});\n```",
  ];
  const line = (index: number): number =>
    wrong.slice(0, index).join("\n").split("\n").length + (index === 0 ? 0 : 1);
  const places = wrong.map((_, index) => line(index) + (index === 8 ? 1 : index === 9 ? 2 : 0));
  expect(judge(new Map([["docs/right.md", right.join("\n")]]))).toEqual([]);
  expect(judge(new Map([["docs/wrong.md", wrong.join("\n")]]))).toEqual(
    places.map((place) => `docs/wrong.md:${place} unknown-name`).sort(),
  );
});

it("finds a public name without its explanation", () => {
  const changes = new Map([
    replaced(
      "packages/hono/src/host.ts",
      "export function requestHost",
      "export type Bare = 1;\nexport function requestHost",
    ),
    replaced(
      "packages/hono/src/index.ts",
      "export { requestHost } from",
      "export { type Bare, requestHost } from",
    ),
    replaced(
      `${CORE}/auth/options.ts`,
      "  readonly storeTimeout?:",
      "  readonly bare?: number;\n  readonly storeTimeout?:",
    ),
    replaced(
      `${CORE}/platform/errors.ts`,
      '  | "internal_error";',
      '  | "internal_error"\n  | "bare_error";',
    ),
    replaced(`${CORE}/sessions/events.ts`, "/** An event, and its time. */", ""),
  ]);
  const found = judge(changes);
  expect(
    found.filter((each) => each.endsWith("undocumented")).map((each) => each.replace(/:\d+/, "")),
  ).toEqual(
    [
      `${CORE}/auth/options.ts undocumented`,
      `${CORE}/platform/errors.ts undocumented`,
      `${CORE}/sessions/events.ts undocumented`,
      "packages/hono/src/host.ts undocumented",
    ].sort(),
  );
});

it("finds a page that the command would write in another way", () => {
  const doc = replaced(
    `${CORE}/auth/options.ts`,
    "Default 5. */\n  readonly storeTimeout",
    "Default 6. */\n  readonly storeTimeout",
  );
  expect(judge(new Map([doc]))).toEqual(["docs/reference/options.md:1 stale"]);
  expect(judge(new Map([["docs/reference/events.md", "# Events\n"]]))).toEqual([
    "docs/reference/events.md:1 stale",
  ]);
  expect(judge(new Map([["docs/public/llms.txt", ""]]))).toEqual(["docs/public/llms.txt:1 stale"]);
});
