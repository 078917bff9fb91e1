import type { Browser } from "playwright-core";
import { expect } from "vitest";
import type { ReceivedMail } from "../fixtures/mime.ts";
import type { Smtp } from "../fixtures/smtp.ts";
import { PATIENTLY } from "./client-page.ts";

/** Reads the messages that a mail server received, each of them once. */
export interface Mailboxes {
  /** The newest link to `path` in a message to `address`, after a mail scanner has opened it. */
  readonly link: (address: string, path: string) => Promise<string>;
  readonly code: (address: string) => Promise<string>;
}

export function openMailboxes(smtp: Smtp, browser: Browser): Mailboxes {
  const taken = new Set<ReceivedMail>();
  const next = async (address: string, pattern: RegExp): Promise<string> => {
    let found = "";
    const look = (): string => {
      const mail = smtp.received.findLast(
        (one) => one.recipients.includes(address) && !taken.has(one) && pattern.test(one.text),
      );
      if (mail === undefined) return "";
      taken.add(mail);
      found = pattern.exec(mail.text)?.[0] ?? "";
      return found;
    };
    await expect.poll(look, PATIENTLY).not.toBe("");
    return found;
  };
  return {
    link: async (address, path) => {
      const link = await next(address, new RegExp(`https?://\\S+${path}\\?token=[\\w-]{86}`));
      await scan(browser, link);
      return link;
    },
    code: async (address) => (await next(address, /\b\d{6}\b/)).trim(),
  };
}

/** Opens a link as programs that check mail do: without scripts, and in a browser in which no button is pressed. */
async function scan(browser: Browser, link: string): Promise<void> {
  for (const method of ["GET", "HEAD"]) await (await fetch(link, { method })).text();
  const context = await browser.newContext();
  const posted: string[] = [];
  context.on("request", (request) => {
    if (!["GET", "OPTIONS"].includes(request.method())) posted.push(`${request.method()} ${request.url()}`);
  });
  const page = await context.newPage();
  await page.goto(link, { waitUntil: "networkidle" });
  await context.close();
  // A page may ask whether there is a session.
  expect(posted.filter((request) => !request.endsWith("/refresh"))).toEqual([]);
}
