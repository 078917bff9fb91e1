import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import { describeChromium, launch } from "./chromium.ts";
import { PATIENTLY } from "./client-page.ts";
import { htmlOf, type LocalSite, openPages } from "./pages.ts";

/** A page with the referrer policy of pages that have a token in their address, and a form that submits itself. */
const formTo = (origin: string): string =>
  htmlOf(
    [],
    `<meta name="referrer" content="no-referrer"><form method="post" action="${origin}/auth/logout"></form>
    <script>document.forms[0].submit()</script>`,
  );

const framed = (sandbox: string, url: string): string =>
  htmlOf([], `<iframe sandbox="${sandbox}" src="${url}"></iframe>`);

interface Sent {
  readonly origin: string | null;
  readonly site: string | null;
  readonly status: number;
}

describeChromium("a form on a page with the referrer policy no-referrer", () => {
  let browser: Browser;
  let server: AuthServer;
  const sites: LocalSite[] = [];
  let sent: Sent[] = [];
  beforeAll(async () => {
    browser = await launch();
    const pages = {
      "/form": formTo(""),
      "/forms-only": framed("allow-forms allow-scripts", "/form"),
    };
    server = await startAuthServer({ pages });
    sites.push(await openPages({ "/form": formTo(server.origin) }, "localhost"));
    sites.push(await openPages({ "/form": formTo(server.origin) }, "127.0.0.1"));
    server.meddle(async (request, pass) => {
      const { status } = await pass();
      const { headers } = request;
      sent.push({ origin: headers.get("origin"), site: headers.get("sec-fetch-site"), status });
      return new Response(null, { status: 204 });
    });
  });
  afterAll(async () => {
    await browser?.close();
    for (const site of [server, ...sites]) await site?.close();
  });

  const open = async (url: string): Promise<readonly Sent[]> => {
    sent = [];
    const page = await browser.newPage();
    await page.goto(url, { waitUntil: "commit" });
    await expect.poll(() => sent.length, PATIENTLY).toBeGreaterThan(0);
    await page.close();
    return sent;
  };

  it("has no Origin, and passes from the own origin", async () => {
    expect(await open(`${server.origin}/form`)).toEqual([
      { origin: "null", site: "same-origin", status: 303 },
    ]);
  });

  it("CSRF-19 is refused from a sandboxed frame of the own origin", async () => {
    expect(await open(`${server.origin}/forms-only`)).toEqual([
      { origin: "null", site: "cross-site", status: 403 },
    ]);
  });

  it.each([
    ["another port", 0, "same-site"],
    ["another site", 1, "cross-site"],
  ] as const)("CSRF-02 is refused from %s", async (_, index, site) => {
    expect(await open(`${sites[index]?.origin}/form`)).toEqual([{ origin: "null", site, status: 403 }]);
  });
});
