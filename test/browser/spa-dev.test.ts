import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { freePort, runDemo, startServer } from "../e2e/demo-process.ts";

const DEV = fileURLToPath(new URL("../../examples/react-spa/dev.ts", import.meta.url));

it("the command starts the React example and its API together, and stops both", async () => {
  const [port, apiPort] = await Promise.all([freePort(), freePort()]);
  const dir = mkdtempSync(join(tmpdir(), "latchkey-spa-dev-"));
  const env = { API_PORT: String(apiPort), LATCHKEY_DEMO_DIR: dir, NODE_ENV: "development" };
  const page = await startServer({ script: DEV, port, env });
  const session = `http://localhost:${apiPort}/auth/session`;
  await expect.poll(() => page.output(), { timeout: 60_000 }).toContain("Latchkey demo:");
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

it("the command names the port that it cannot use, and starts nothing", async () => {
  const [port, apiPort] = await Promise.all([freePort(), freePort()]);
  const own = { API_PORT: String(apiPort), NODE_ENV: "development" };
  const start = (at: number | string, env = {}) => runDemo(at, { ...own, ...env }, DEV);
  const isNoPort = (name: string, value: string): string =>
    `${name} is "${value}", but it must be a number from 1 to 65535.\n`;
  const isTaken = (name: string, taken: number): string =>
    `Port ${taken} is taken. Stop what listens there, or choose another port: ` +
    `${name}=${taken + 10} npx -y pnpm@12.21.0 --filter @latchkey/example-react-spa dev\n`;
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port: taken } = listening.address() as AddressInfo;
  const [asPage, asApi, word, apiWord, both] = await Promise.all([
    start(taken),
    start(port, { API_PORT: String(taken) }),
    start("abc"),
    start(port, { API_PORT: "80a" }),
    start(apiPort),
  ]);
  listening.close();
  expect(asPage).toEqual({ code: 1, output: isTaken("PORT", taken) });
  expect(asApi).toEqual({ code: 1, output: isTaken("API_PORT", taken) });
  expect(word).toEqual({ code: 1, output: isNoPort("PORT", "abc") });
  expect(apiWord).toEqual({ code: 1, output: isNoPort("API_PORT", "80a") });
  expect(both).toMatchObject({ code: 1, output: expect.stringContaining(`are both ${apiPort}`) });
});
