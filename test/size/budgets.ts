/** A thing to import, and what it may weigh: minified and gzipped, with everything that it loads at once. */
export interface Budget {
  readonly name: string;
  /** The module that an application would write. */
  readonly source: string;
  /** Left to the application: what it has anyhow. */
  readonly external: readonly string[];
  /** What it weighed at the last change of this file, in bytes; 5 % more fails. */
  readonly bytes: number;
  /** The same with everything that it may load later; left out where that is nothing. */
  readonly whole?: number;
  /** What it may never weigh, with everything that it may load later; null where nothing is promised. */
  readonly limit: number | null;
  /** Parts of the repository that must not be in it. */
  readonly without: readonly string[];
}

const CORE = ["@latchkey/core", "hono", "next", "next/*", "react"];

/** Loaded with the first call that needs it, and not before. */
const ON_DEMAND = [
  "core/src/password/blocklist.ts",
  "core/src/mail/texts.ts",
  "core/src/accounts/later-profile.ts",
  "core/src/oauth/openid.ts",
  "core/src/http/flow-end.ts",
  "core/src/oauth/diagnosis.ts",
  "core/src/http/form-post.ts",
  "core/src/oauth/plain.ts",
  "core/src/keys/remote.ts",
  "node_modules/arctic/",
  "@noble/hashes",
];

export const budgets: readonly Budget[] = [
  {
    name: "createValidator",
    source: 'export { createValidator } from "@latchkey/core/validator";',
    external: [],
    bytes: 15_900,
    whole: 20_100,
    limit: null,
    without: ["core/src/oauth/", "core/src/password/", "core/src/auth/", "valibot"],
  },
  {
    name: "core with password, GitHub and Google",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";
export { github, google } from "@latchkey/core/oauth";`,
    external: [],
    bytes: 90_200,
    whole: 118_300,
    limit: null,
    without: ON_DEMAND,
  },
  {
    name: "core with password",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";`,
    external: [],
    bytes: 86_900,
    whole: 102_200,
    limit: null,
    without: ["core/src/oauth/providers/", ...ON_DEMAND],
  },
  {
    name: "@latchkey/hono",
    source: 'export * from "@latchkey/hono";',
    external: CORE,
    bytes: 1_080,
    limit: 2_000,
    without: [],
  },
  {
    name: "@latchkey/next",
    source: 'export * from "@latchkey/next";',
    external: CORE,
    bytes: 2_290,
    limit: 2_500,
    without: [],
  },
  {
    name: "@latchkey/client",
    source: 'export * from "@latchkey/client";',
    external: [],
    bytes: 5_830,
    limit: 5_900,
    without: ["react"],
  },
  {
    name: "@latchkey/client/react, besides the client",
    source: 'export * from "@latchkey/client/react";',
    external: ["react"],
    bytes: 400,
    limit: 1_500,
    without: [],
  },
];
