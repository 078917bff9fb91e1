import { existsSync, statfsSync } from "node:fs";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const root: string = new URL("..", import.meta.url).pathname;
const ROOM = 4 * 1024 ** 3;
const env = {
  // Many tests start processes of Node, which keep here what they have compiled.
  NODE_COMPILE_CACHE: `${root}node_modules/.cache/node`,
  ...filesInMemory(),
};
const shared = {
  root,
  env,
  // A machine three times slower, with four workers, must pass.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // On a busy machine a mail, a read or a page takes longer than the second that is the default.
  expect: { poll: { timeout: 20_000 } },
  // Files that wait for a browser, a server or a clock leave a core idle: two workers more than two cores use it.
  maxWorkers: 4,
  // Most files share their modules, and reading them again for each file takes longer than the tests.
  isolate: false,
};

// These run on every store themselves.
const COVER_EVERY_STORE = [
  "pre-hijack-*",
  "lapsed-domain",
  "unfinished-sign-ins",
  "code-lock-out",
  "email-change-theft",
];
// These open a store of their own, so a second run would repeat the first.
const NAME_THEIR_STORE = [
  ...[
    "closed-registration",
    "hostile-arguments",
    "mail-enumeration",
    "mail-token-guessing",
    "plain-http-origin",
  ],
];
// These attack signatures, cookies, headers, paths, hooks or times: they end before a store, or the store decides nothing in them.
const TOUCH_NO_STORE = [
  ...["algorithm-confusion", "forged-claims", "jwks", "unsafe-keys", "configuration"],
  ...[
    "cookie-parsing",
    "cookie-serialising",
    "cookie-tossing",
    "header-injection",
    "csrf",
    "methods-and-cors",
    "paths",
  ],
  ...["hash-flood", "hook-answers", "answer-times", "body-parsing", "password-input", "linear-work"],
];
// These put answers of their own in the place of the store's.
const ANSWER_FOR_THE_STORE = ["store-answers", "store-faults"];

const config: ViteUserConfig = defineConfig({
  test: {
    root,
    projects: [
      {
        // The build of SvelteKit makes this module.
        resolve: { alias: { "$app/env": `${root}test/hosts/servers/sveltekit-env.ts` } },
        test: {
          ...shared,
          name: "all",
          include: [
            "packages/*/src/**/*.test.ts",
            "test/**/*.test.ts",
            "examples/*/src/**/*.test.ts",
            "examples/minimal/*.test.ts",
          ],
        },
      },
      // Every attack a second time, on a store that does not call `decide`.
      {
        test: {
          ...shared,
          name: "attacks on SQLite",
          include: ["test/attacks/*.test.ts"],
          exclude: [
            ...COVER_EVERY_STORE,
            ...NAME_THEIR_STORE,
            ...TOUCH_NO_STORE,
            ...ANSWER_FOR_THE_STORE,
          ].map((name) => `test/attacks/${name}.test.ts`),
          env: { ...env, LATCHKEY_STORE: "sqlite" },
        },
      },
    ],
  },
});
export default config;

/** Tests of stores wait for the disk most of the time. Linux has a folder in memory; a container may have a small one. */
function filesInMemory(): { readonly TMPDIR?: string } {
  if (process.env["TMPDIR"] !== undefined || !existsSync("/dev/shm")) return {};
  const { bavail, bsize } = statfsSync("/dev/shm");
  return bavail * bsize > ROOM ? { TMPDIR: "/dev/shm" } : {};
}
