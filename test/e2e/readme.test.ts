import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import * as routes from "../../packages/core/src/http/routes/list.ts";
import { statuses } from "../../packages/core/src/platform/errors.ts";
import { freePort, startServer } from "./demo-process.ts";
import { openVisitor } from "./visitor.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function firstProgram(): string {
  const [, program = ""] =
    /```ts\n(import [\s\S]*?)```/.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
  return program;
}

it("the program of the README runs as printed", async () => {
  const program = firstProgram();
  expect(program.trim().split("\n").length).toBeLessThanOrEqual(20);
  // Beside the example, where the packages resolve, in a folder that git ignores.
  const folder = join(ROOT, "examples/node-hono/.latchkey");
  mkdirSync(folder, { recursive: true });
  const script = join(folder, `readme-${process.pid}.ts`);
  writeFileSync(script, program);
  const cwd = mkdtempSync(join(tmpdir(), "latchkey-readme-"));
  const server = await startServer({ script, port: await freePort(), cwd });
  try {
    const visitor = openVisitor(server.url, "Firefox");
    expect((await visitor.get("/")).text).toBe("You are not signed in.");
    expect((await visitor.get("/mine")).body).toMatchObject({ error: "unauthenticated" });
    const input = { email: "ada@example.com", password: "correct horse battery" };
    const { status, body } = await visitor.post("/auth/signup", input);
    expect(status).toBe(201);
    expect((await visitor.get("/")).text).toBe("You are signed in.");
    expect((await visitor.get("/mine")).body).toEqual({ userId: Object(body["user"]).id });
    expect((await visitor.post("/auth/logout")).status).toBe(200);
    expect((await visitor.get("/mine")).status).toBe(401);
  } finally {
    await server.stop("SIGKILL");
    rmSync(script);
    rmSync(cwd, { recursive: true });
  }
});

describe("the pages of docs", () => {
  const pageOf = (name: string) => readFileSync(join(ROOT, `docs/${name}.md`), "utf8");

  it("names every error code, with its status", () => {
    const rows = pageOf("routes")
      .split("\n")
      .filter((line) => /^\| \d{3}/.test(line));
    for (const [code, status] of Object.entries(statuses)) {
      const row = rows.find((line) => line.includes(`\`${code}\``));
      expect(row, code).toMatch(new RegExp(`^\\|[ \\d,]*\\b${status}\\b`));
    }
  });

  it("names every function of auth.users", () => {
    const pages = ["routes", "import-users", "account-flows", "sign-up", "users"].map(pageOf).join("\n");
    for (const name of Object.keys(createAuth({ store: memory() }).users))
      expect(pages, name).toMatch(new RegExp(`\\b${name}\\(`));
  });

  it("names every route", () => {
    const page = pageOf("routes");
    for (const { path } of Object.values(routes))
      for (const each of [path].flat()) expect(page.includes(each), each).toBe(true);
  });
});
