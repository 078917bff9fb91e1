import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { freePort, startServer } from "../e2e/demo-process.ts";

const DEV = fileURLToPath(new URL("../../examples/react-spa/dev.ts", import.meta.url));

it("starts the React example and its API at once, and stops both", async () => {
  const [port, apiPort] = await Promise.all([freePort(), freePort()]);
  const dir = mkdtempSync(join(tmpdir(), "latchkey-spa-dev-"));
  const env = { API_PORT: String(apiPort), LATCHKEY_DEMO_DIR: dir, NODE_ENV: "development" };
  const page = await startServer({ script: DEV, port, env });
  const session = `http://localhost:${apiPort}/auth/session`;
  await expect.poll(() => page.output(), { timeout: 20_000 }).toContain("Latchkey demo:");
  expect(await (await fetch(page.url)).text()).toContain('<div id="root">');
  expect(await (await fetch(`${page.url}/src/auth.ts`)).text()).toContain(`http://localhost:${apiPort}/auth`);
  const answer = await fetch(session, { headers: { origin: page.url } });
  expect(answer.headers.get("access-control-allow-origin")).toBe(page.url);
  expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
  const elsewhere = await fetch(session, { headers: { origin: `http://localhost:${apiPort + 1}` } });
  expect(elsewhere.headers.has("access-control-allow-origin")).toBe(false);
  expect((await page.stop("SIGINT")).code).toBe(0);
  await expect(fetch(session)).rejects.toThrow();
  await expect(fetch(page.url)).rejects.toThrow();
  rmSync(dir, { recursive: true, force: true });
});
