import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const server = new URL("./postgres-server.ts", import.meta.url).href;

it("a program that can start PostgreSQL ends with the exit code that it sets", () => {
  const program = `await import(${JSON.stringify(server)}); process.exitCode = 3;`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
  expect(status).toBe(3);
});
