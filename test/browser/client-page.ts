import type { AuthClient, createAuthClient, SessionState } from "@latchkey/client";
import type { Page } from "playwright-core";
import { expect } from "vitest";
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

/** For `expect.poll`: looks often, and gives a busy machine its time. */
export const PATIENTLY: { readonly interval: number; readonly timeout: number } = {
  interval: 50,
  timeout: 40_000,
};

/** Pages with a client of the origin that serves them: at "/" it is subscribed to, at "/quiet" it is not. */
export async function clientPages(): Promise<Pages> {
  const page = htmlOf(["/client.js"]);
  return { "/": page, "/quiet": page, "/client.js": await bundle(SCRIPT) };
}

/** Lets time pass in a page whose clock is paused, and whatever is due then begin. */
export async function passTime(page: Page, seconds: number): Promise<void> {
  await page.clock.fastForward(seconds * 1_000);
  // What was sent before this has arrived before this.
  await page.evaluate(() => fetch("/quiet"));
}

/** Waits until the page's client says so. */
export async function untilStatus(page: Page, status: SessionState["status"]): Promise<void> {
  // From here, not by timers of the page: its clock may be paused.
  await expect.poll(() => page.evaluate(() => client.session.get().status), PATIENTLY).toBe(status);
}

export function emailOf(page: Page): Promise<string | undefined> {
  return page.evaluate(() => client.session.get().user?.email);
}
