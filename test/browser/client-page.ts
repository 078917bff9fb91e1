import type { AuthClient, createAuthClient, SessionState } from "@latchkey/client";
import type { Page } from "playwright-core";
import { bundle, htmlOf, type Pages } from "./pages.ts";

declare global {
  /** What the pages below have. */
  var makeClient: typeof createAuthClient;
  var client: AuthClient;
  /** Each state that the client went through, the newest last. */
  var states: SessionState[];
}

const SCRIPT = `
import { createAuthClient } from "@latchkey/client";
globalThis.makeClient = createAuthClient;
globalThis.client = createAuthClient({ baseURL: "/auth" });
globalThis.states = [];
if (location.pathname !== "/quiet") client.session.subscribe((state) => states.push(state));
`;

/** Pages with a client of the origin that serves them: at "/" it is subscribed to, at "/quiet" it is not. */
export async function clientPages(): Promise<Pages> {
  const page = htmlOf(["/client.js"]);
  return { "/": page, "/quiet": page, "/client.js": await bundle(SCRIPT) };
}

/** Waits until the page's client says so. */
export async function untilStatus(page: Page, status: SessionState["status"]): Promise<void> {
  await page.waitForFunction((wanted) => client.session.get().status === wanted, status, { polling: 20 });
}

export function emailOf(page: Page): Promise<string | undefined> {
  return page.evaluate(() => client.session.get().user?.email);
}
