import { defineConfig, type ViteUserConfig } from "vitest/config";

const root: string = new URL("..", import.meta.url).pathname;
const shared = {
  root,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // By default vitest leaves one core of two idle, and reads every module anew for every file.
  maxWorkers: "100%",
  isolate: false,
};

const config: ViteUserConfig = defineConfig({
  test: {
    root,
    projects: [
      {
        test: {
          ...shared,
          name: "all",
          include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts", "examples/*/src/**/*.test.ts"],
        },
      },
      // Every attack once more, on a store that is not the one that calls `decide`.
      {
        test: {
          ...shared,
          name: "attacks on SQLite",
          include: ["test/attacks/*.test.ts"],
          env: { LATCHKEY_STORE: "sqlite" },
        },
      },
    ],
  },
});
export default config;
