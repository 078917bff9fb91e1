import { defineConfig, type ViteUserConfig } from "vitest/config";

const root: string = new URL("..", import.meta.url).pathname;
const shared = {
  root,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Files that wait for a browser or a clock leave a core idle: one worker more than two cores uses it.
  maxWorkers: 3,
  // Most files share their modules, and reading them again for each file takes longer than the tests.
  isolate: false,
};

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
          include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts", "examples/*/src/**/*.test.ts"],
        },
      },
      // Every attack a second time, on a store that does not call `decide`. The excluded files cover every store themselves.
      {
        test: {
          ...shared,
          name: "attacks on SQLite",
          include: ["test/attacks/*.test.ts"],
          exclude: ["test/attacks/{pre-hijack-*,lapsed-domain,unfinished-sign-ins}.test.ts"],
          env: { LATCHKEY_STORE: "sqlite" },
        },
      },
    ],
  },
});
export default config;
