import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeChromium, launch } from "../../test/browser/chromium.ts";
import { examine } from "../../test/browser/looks.ts";
import { freePort, type ServerProcess, startServer } from "../../test/e2e/demo-process.ts";

const script = join(import.meta.dirname, "app.ts");

it("has 60 lines at most", () => {
  expect(readFileSync(script, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(60);
});

describeChromium("the smallest application", () => {
  const cwd = mkdtempSync(join(tmpdir(), "latchkey-minimal-"));
  let server: ServerProcess;
  let browser: Awaited<ReturnType<typeof launch>>;
  beforeAll(async () => {
    const port = await freePort();
    [server, browser] = await Promise.all([startServer({ script, port, cwd }), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop("SIGKILL");
    rmSync(cwd, { recursive: true, force: true });
  });

  it("creates an account, signs out, tells what was wrong, and signs in", async () => {
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    const enter = async (password: string, button: string): Promise<void> => {
      await page.getByLabel("E-mail").fill("ada@example.com");
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: button }).click();
    };
    const hello = page.getByRole("heading", { name: "Hello, ada@example.com" });
    await page.goto("/api/mine");
    expect(JSON.parse((await page.textContent("body")) ?? "")).toMatchObject({ error: "unauthenticated" });
    await page.goto("/");
    await enter("correct horse battery", "Create an account");
    await hello.waitFor();
    await examine(page, "minimal-home");
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await enter("another horse battery", "Sign in");
    await page.getByRole("alert").filter({ hasText: "The address or the password is wrong." }).waitFor();
    await examine(page, "minimal-refused");
    await enter("correct horse battery", "Sign in");
    await hello.waitFor();
    await page.goto("/api/mine");
    expect(JSON.parse((await page.textContent("body")) ?? "")).toHaveProperty("userId");
    await context.close();
  });
});
