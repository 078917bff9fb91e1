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
  /** What it may never weigh, without what it may load later; null where nothing is promised. */
  readonly limit: number | null;
  /** Parts of the repository that must not be in it. */
  readonly without: readonly string[];
}

const CORE = ["@latchkey/core", "hono", "next", "next/*", "react"];

/** Loaded with the first call that needs it, and not before. */
const ON_DEMAND = [
  ...[
    "accounts",
    "change-email",
    "decide-email-change",
    "decide-mail-sign-in",
    "delete-account",
    "end-session",
    "import-users",
    "later-profile",
    "list-users",
    "mail-sign-in",
    "mail-token",
    "native-code",
    "new-password",
    "oauth-identity",
    "prove-mailbox",
    "provider-logout",
    "sign-up",
    "unlink",
    "update-user",
    "verify-email",
  ].map((name) => `core/src/accounts/${name}.ts`),
  ...["check", "user-calls", "users-by-mail"].map((name) => `core/src/auth/${name}.ts`),
  ...["flow", "flow-end", "form-post", "mail-request"].map((name) => `core/src/http/${name}.ts`),
  ...[
    "account",
    "email-change",
    "ended",
    "mail-sign-in",
    "new-password",
    "oauth-callback",
    "oauth-exchange",
    "oauth-logout",
    "oauth-start",
    "oauth-token",
    "reauthenticate",
    "sign-up",
    "verify-email",
  ].map((name) => `core/src/http/routes/${name}.ts`),
  ...[
    "app-token",
    "callback",
    "diagnosis",
    "discovery",
    "end-session",
    "fault",
    "id-token",
    "link",
    "logout-token",
    "openid",
    "plain",
    "profile",
    "provider-metadata",
    "request",
    "token-nonce",
    "transaction",
  ].map((name) => `core/src/oauth/${name}.ts`),
  "core/src/keys/remote.ts",
  "core/src/mail/texts.ts",
  "core/src/password/blocklist.ts",
  "core/src/password/legacy-verifier.ts",
  "core/src/sessions/published-ends.ts",
  "core/src/users/first-proof.ts",
  "core/src/users/profile.ts",
  "core/src/users/user-range.ts",
  "node_modules/arctic/",
  "node_modules/oauth4webapi/",
  "@oslojs/crypto/dist/hmac/",
  "@oslojs/crypto/dist/sha1/",
  "@noble/hashes",
];

export const budgets: readonly Budget[] = [
  {
    name: "createValidator",
    source: 'export { createValidator } from "@latchkey/core/validator";',
    external: [],
    bytes: 11_400,
    whole: 22_100,
    limit: 12_000,
    without: [
      ...["core/src/oauth/", "core/src/password/", "core/src/auth/", "valibot"],
      ...["core/src/http/verify-request.ts", "core/src/http/request.ts", "core/src/keys/jws.ts"],
      ...["core/src/keys/remote.ts", "core/src/keys/cache.ts", "core/src/sessions/remote-ends.ts"],
      ...["jose/dist/webapi/jws/", "jose/dist/webapi/lib/key.js"],
    ],
  },
  {
    name: "core with password, GitHub and Google",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";
export { github, google } from "@latchkey/core/oauth";`,
    external: [],
    bytes: 76_400,
    whole: 126_000,
    limit: 78_000,
    without: ON_DEMAND,
  },
  {
    name: "core with password",
    source: `export { createAuth } from "@latchkey/core";
export { password } from "@latchkey/core/password";`,
    external: [],
    bytes: 71_400,
    whole: 107_900,
    limit: null,
    without: ["core/src/oauth/providers/", ...ON_DEMAND],
  },
  {
    name: "@latchkey/hono",
    source: 'export * from "@latchkey/hono";',
    external: CORE,
    bytes: 1_170,
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
    bytes: 5_900,
    limit: 5_900,
    without: ["react"],
  },
  {
    name: "@latchkey/client/device-name",
    source: 'export * from "@latchkey/client/device-name";',
    external: [],
    bytes: 500,
    limit: 700,
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
