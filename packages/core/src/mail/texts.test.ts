import { describe, expect, it } from "vitest";
import type { Device } from "../sessions/session.ts";
import type { MailContent } from "./message.ts";
import { MAIL_TYPES } from "./message.ts";
import { englishText } from "./texts.ts";

const NOW = 1_767_225_600;
const SCOPE = { host: "app.example.com", now: NOW };
const URL_OF = "https://app.example.com/page?a=1&token=T_o-k";
const base = { to: "ann@example.com", user: null, locale: null };
const link = { ...base, url: URL_OF, expiresAt: NOW + 3_600 };
const device: Device = { userAgent: "Firefox <b>", address: "192.0.2.1" };
const notice = { ...base, at: NOW, device };

const CONTENTS: readonly MailContent[] = [
  { ...link, type: "verify", expiresAt: NOW + 86_400 },
  { ...link, type: "reset", signedUpAgain: false },
  { ...link, type: "change", expiresAt: NOW + 86_399 },
  { ...link, type: "changed_notice", newEmail: "o'neil&co@example.org", expiresAt: NOW + 604_800 },
  { ...link, type: "magic_link", expiresAt: NOW + 899 },
  { ...base, type: "code", code: "123456", expiresAt: NOW + 600 },
  { ...link, type: "invitation", expiresAt: NOW + 604_799 },
  { ...notice, type: "new_device" },
  { ...notice, type: "password_changed" },
  { ...notice, type: "session_ended_by_reuse" },
];
const RESET_AGAIN: MailContent = { ...link, type: "reset", signedUpAgain: true };
const CHANGED_TWICE: MailContent = { ...link, url: null, type: "changed_notice", newEmail: "b@example.org" };

describe.each([...CONTENTS, RESET_AGAIN, CHANGED_TWICE])("the English text of $type", (content) => {
  const { subject, text, html } = englishText(content, SCOPE);

  it("names the application and what to do otherwise, in text and HTML of the same sentences", () => {
    expect(subject).toContain("app.example.com");
    expect(subject).not.toMatch(/\p{Cc}/u);
    expect(text).toMatch(/\bIf (it|you)\b/);
    expect(text.endsWith("\n")).toBe(true);
    const shown = unescaped(html.replace(/<[^>]+>/g, ""));
    for (const line of text.trim().split("\n\n")) expect(shown).toContain(line);
  });

  it("has a link that sends no Referer, or none", () => {
    const links = [...html.matchAll(/<a [^>]*>/g)].map(([tag]) => tag);
    const url = "url" in content ? content.url : null;
    const escaped = "https://app.example.com/page?a=1&amp;token=T_o-k";
    expect(links).toEqual(url === null ? [] : [`<a href="${escaped}" rel="noreferrer">`]);
    expect(text.includes(URL_OF)).toBe(url !== null);
  });

  it("is HTML in one language, for light and dark, without images and resources", () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<meta name="referrer" content="no-referrer">');
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).not.toMatch(/<(img|script|link|iframe|form)|url\(|@import|\bsrc=/i);
    expect(html.match(/<h1/g)).toHaveLength(1);
  });

  it("has no word of a log: the subject holds neither code nor token", () => {
    expect(subject).not.toMatch(/123456|T_o-k/);
  });
});

function unescaped(html: string): string {
  const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity as keyof typeof entities]);
}

describe("the English texts", () => {
  it("have one for every type", () => {
    expect(new Set(CONTENTS.map(({ type }) => type))).toEqual(new Set(MAIL_TYPES));
  });

  it.each([
    ["verify", "24 hours"],
    ["reset", "60 minutes"],
    ["change", "24 hours"],
    ["changed_notice", "7 days"],
    ["magic_link", "15 minutes"],
    ["code", "10 minutes"],
    ["invitation", "7 days"],
  ])("say how long %s is valid: %s", (type, span) => {
    const content = CONTENTS.find((each) => each.type === type);
    if (content === undefined) throw new Error("no such content");
    const noun = type === "code" ? "code" : "link";
    expect(englishText(content, SCOPE).text).toContain(`The ${noun} is valid for ${span}, and works once.`);
  });

  it.each(CONTENTS)("escape the host and the code of $type", (content) => {
    const { html } = englishText({ ...content, code: "<i>1</i>" } as MailContent, {
      ...SCOPE,
      host: "<i>host</i>",
    });
    expect(html).toContain("&lt;i&gt;host");
    expect(html).not.toContain("<i>");
  });

  it("escape what a client or a user wrote, and keep it in one line", () => {
    const device = { userAgent: "A\r\n\r\nB <a href='https://evil.example'>\u202e", address: null };
    const told = englishText({ ...notice, type: "new_device", device }, SCOPE);
    expect(told.text).toContain("2026-01-01 00:00 UTC (A B <a href='https://evil.example'> )");
    expect(told.html).toContain("A B &lt;a href=&#39;https://evil.example&#39;&gt;");
    const changed = englishText(CONTENTS[3] as MailContent, SCOPE);
    expect(changed.html).toContain("o&#39;neil&amp;co@example.org");
    const long = englishText(
      { ...notice, type: "new_device", device: { ...device, userAgent: "x".repeat(256) } },
      SCOPE,
    );
    expect(long.text).toContain(`(${"x".repeat(120)})`);
    const unknown = englishText(
      { ...notice, type: "new_device", device: { userAgent: null, address: null } },
      SCOPE,
    );
    expect(unknown.text).toContain("2026-01-01 00:00 UTC.");
  });
});
