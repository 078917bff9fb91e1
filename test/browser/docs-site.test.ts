import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeChromium, launch } from "./chromium.ts";
import { examine, FOUR_LOOKS } from "./looks.ts";

const DOCS = fileURLToPath(new URL("../../docs", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};

/** Serves the files of a folder on a free port. */
async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(folder, pathname === "/" ? "index.html" : pathname);
    try {
      response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain");
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describeChromium("the site of the documents", () => {
  const out = mkdtempSync(join(tmpdir(), "latchkey-docs-"));
  let browser: Browser;
  let server: Server;
  let origin = "";
  beforeAll(async () => {
    // A dead link fails the build.
    const vitepress = join(DOCS, "node_modules/vitepress/bin/vitepress.js");
    await promisify(execFile)(process.execPath, [vitepress, "build", "--outDir", out], { cwd: DOCS });
    server = await serve(out);
    const address = server.address();
    origin = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(out, { recursive: true, force: true });
  });

  it("passes the checks of axe in both colours and two widths, without errors in the console", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    for (const path of ["/", "/docs/sign-up.html", "/docs/reference/errors.html"]) {
      await page.goto(origin + path);
      await page.locator(".vp-doc h1").waitFor();
      await examine(page, `docs${path.replaceAll("/", "-")}`, FOUR_LOOKS);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  it("finds an option by its name", async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.getByRole("button", { name: "Search" }).click();
    await page.locator(".search-input").fill("storeTimeout");
    await page.locator(".result", { hasText: "storeTimeout" }).first().click();
    await page.waitForURL(/reference\/options/);
    await page.close();
  });
});
