/** A thing to import, and what it may weigh: minified and gzipped, with everything that it loads at once. */
export interface Budget {
  readonly name: string;
  /** The module that an application would write. */
  readonly source: string;
  /** Left to the application: what it has anyhow. */
  readonly external: readonly string[];
  /** What it weighed when somebody last looked, in bytes; 5 % more fails. */
  readonly bytes: number;
  /** What it may never weigh; null where nothing is promised. */
  readonly limit: number | null;
  /** Parts of the repository that must not be in it. */
  readonly without: readonly string[];
}

const CORE = ["@latchkey/core", "hono", "next", "next/*", "react"];

export const budgets: readonly Budget[] = [
  {
    name: "createValidator",
    source: 'export { createValidator } from "@latchkey/core/validator";',
    external: [],
    bytes: 7_900,
    limit: 8_000,
    without: ["core/src/oauth/", "core/src/password/", "core/src/auth/", "node_modules/jose/", "valibot"],
  },
  {
    name: "core with password, GitHub and Google",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";
export { github, google } from "@latchkey/core/oauth";`,
    external: [],
    bytes: 55_000,
    limit: null,
    // Loaded where a runtime has no scrypt of its own, and only then.
    without: ["@noble/hashes"],
  },
  {
    name: "core with password",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";`,
    external: [],
    bytes: 44_300,
    limit: null,
    without: ["core/src/oauth/providers/", "node_modules/arctic/", "@noble/hashes"],
  },
  {
    name: "@latchkey/hono",
    source: 'export * from "@latchkey/hono";',
    external: CORE,
    bytes: 1_200,
    limit: 2_000,
    without: [],
  },
  {
    name: "@latchkey/next",
    source: 'export * from "@latchkey/next";',
    external: CORE,
    bytes: 2_000,
    limit: 2_000,
    without: [],
  },
  {
    name: "@latchkey/client",
    source: 'export * from "@latchkey/client";',
    external: [],
    bytes: 4_400,
    limit: 5_000,
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
