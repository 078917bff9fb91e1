import { faultOfPlain, kindOf } from "../platform/callback-answer.ts";
import { escapeHtml } from "../platform/encoding.ts";
import { utcTime, withRejectionsIgnored } from "../platform/env.ts";
import { days, type EpochSeconds, hours, minutes, type Seconds } from "../platform/time.ts";
import type { MailContent, MailText, MailTexts, MailType } from "./message.ts";

/** The circumstances that a text names besides the message itself. */
export interface TextScope {
  /** The host of the application, such as `app.example.com`. */
  readonly host: string;
  readonly now: EpochSeconds;
}

/** The words of a message. */
interface Words {
  readonly subject: string;
  readonly before: string;
  /** The label of the link. */
  readonly action?: string;
  /** What applies if the recipient did not cause the message. */
  readonly otherwise: string;
}

type Writers = {
  readonly [Type in MailType]: (content: Extract<MailContent, { type: Type }>, host: string) => Words;
};

const KEEPS = "If you did not ask for this, ignore this message: nothing changes.";

const WRITERS: Writers = {
  verify: (_, host) => ({
    subject: `Confirm your e-mail address for ${host}`,
    before: `This address was entered at ${host}. Open the link to confirm that it is yours.`,
    action: "Confirm the address",
    otherwise: "If you did not enter it, ignore this message: the address is then not confirmed.",
  }),
  reset: ({ signedUpAgain }, host) => ({
    subject: `Set a new password for ${host}`,
    before: signedUpAgain
      ? `This address was used to sign up at ${host}, and it already has an account there. Sign in with it, or open the link to set a new password, which signs you out everywhere.`
      : `A new password was requested for your account at ${host}. Open the link to set it. This signs you out everywhere.`,
    action: "Set a new password",
    otherwise: "If you did not ask for this, ignore this message: your password stays as it is.",
  }),
  change: (_, host) => ({
    subject: `Confirm your new e-mail address for ${host}`,
    before: `This address was entered as the new address of an account at ${host}. Open the link in the browser where you are signed in to confirm it.`,
    action: "Confirm the address",
    otherwise: "If it is not your account, ignore this message: its address does not change.",
  }),
  changed_notice: ({ url, newEmail }, host) => ({
    subject: `Your e-mail address for ${host} was changed`,
    before: `The e-mail address of your account at ${host} is now ${newEmail}. If you changed it, you have nothing to do.`,
    action: "Undo the change",
    otherwise:
      url === null
        ? `If you did not change it, contact ${host}.`
        : "If you did not change it, open the link. It restores this address, removes the password, and signs out every browser and app. Then set a new password.",
  }),
  magic_link: (_, host) => ({
    subject: `Sign in to ${host}`,
    before: `Open the link to sign in to ${host}.`,
    action: "Sign in",
    otherwise: `${KEEPS} Do not forward it: the link signs in the person who opens it.`,
  }),
  code: (_, host) => ({
    subject: `Your code for ${host}`,
    before: `Enter this code at ${host} to sign in:`,
    otherwise: `${KEEPS} Do not tell the code to another person, who could then sign in as you.`,
  }),
  invitation: (_, host) => ({
    subject: `Your invitation to ${host}`,
    before: `You are invited to ${host}. Open the link to create your account.`,
    action: "Create the account",
    otherwise: "If you do not want an account, ignore this message.",
  }),
  new_device: (content, host) => ({
    subject: `New sign-in to ${host}`,
    before: `Your account at ${host} was used to sign in from a new browser or app${circumstances(content)}. If it was you, you have nothing to do.`,
    otherwise: `If it was not you, set a new password at ${host}: this signs out every browser and app.`,
  }),
  password_changed: (content, host) => ({
    subject: `Your password for ${host} was changed`,
    before: `The password of your account at ${host} was changed${circumstances(content)}. The other browsers and apps were signed out. If it was you, you have nothing to do.`,
    otherwise: `If it was not you, request a new password at ${host} with this address: this signs out every browser and app.`,
  }),
  session_ended_by_reuse: (content, host) => ({
    subject: `A session at ${host} was ended`,
    before: `A session of your account at ${host} was ended${circumstances(content)}, because an old token of it was used again. Another person may have a copy of it. Sign in again to continue.`,
    otherwise: `If you do not recognize the device, set a new password at ${host}: this signs out every browser and app.`,
  }),
};

function circumstances({
  at,
  device,
}: {
  at: EpochSeconds;
  device: { userAgent: string | null; address: string | null };
}): string {
  const { userAgent, address } = device;
  const from = [userAgent, address].filter((part) => part !== null).map(printable);
  return ` on ${utcTime(at)}${from.length === 0 ? "" : ` (${from.join(", ")})`}`;
}

// A client writes its User-Agent, so a line of it must not look like a part of the message.
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").slice(0, 120);
}

const TEXT = "{ subject, text, html } as strings that are not empty, the subject in one line";

/** Returns the text of the application; null if it writes none for this type. Throws a `TypeError` for any other value than a text. */
export function ownText(content: MailContent, texts: MailTexts): MailText | null {
  const write = texts[content.type] as ((content: MailContent) => unknown) | undefined;
  if (write === undefined) return null;
  return requireText(`mail.texts.${content.type}`, withRejectionsIgnored(write(content)));
}

function requireText(operation: string, written: unknown): MailText {
  const unfit = faultOfPlain(written);
  if (unfit !== null) throw new TypeError(`${operation} returned ${unfit}: return ${TEXT}`);
  const { subject, text, html } = written as Readonly<Record<keyof MailText, unknown>>;
  for (const [name, value] of Object.entries({ subject, text, html })) {
    if (typeof value !== "string" || value.trim() === "")
      throw new TypeError(`${operation} returned ${name} as ${emptyOr(value)}: return ${TEXT}`);
  }
  // RFC 5322 2.2: a line break in a header begins another header.
  if (/\p{Cc}/u.test(subject as string))
    throw new TypeError(`${operation} returned a subject with a control character: return ${TEXT}`);
  return { subject, text, html } as MailText;
}

function emptyOr(value: unknown): string {
  return typeof value === "string" ? "an empty string" : kindOf(value);
}

/** Writes the English text of a message, as plain text and as HTML without images and external resources. */
export function englishText(content: MailContent, { host, now }: TextScope): MailText {
  const write = WRITERS[content.type] as (content: MailContent, host: string) => Words;
  const { subject, before, action = "", otherwise } = write(content, host);
  const url = "url" in content ? content.url : null;
  const shown = url ?? ("code" in content ? content.code : null);
  const kind = url === null ? "code" : "link";
  const validity =
    shown === null || !("expiresAt" in content)
      ? []
      : [`The ${kind} is valid for ${inWords(content.expiresAt - now)}, and works once.`];
  const text = [before, ...(shown === null ? [] : [shown]), ...validity, otherwise].join("\n\n");
  const key = url === null ? strong(shown) : link(url, action);
  const html = [paragraph(before), ...key, ...[...validity, otherwise].map(paragraph)].join("\n");
  return { subject, text: `${text}\n`, html: page(subject, html) };
}

// An hour may have begun a second ago, so the span is rounded to the minute.
function inWords(span: Seconds): string {
  const whole = Math.round(span / minutes(1)) * minutes(1);
  if (whole >= days(2)) return `${Math.round(whole / days(1))} days`;
  if (whole >= hours(2)) return `${Math.round(whole / hours(1))} hours`;
  return `${whole / minutes(1)} minutes`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

function strong(code: string | null): readonly string[] {
  return code === null ? [] : [`<p style="font-size:1.5em"><strong>${escapeHtml(code)}</strong></p>`];
}

function link(url: string, label: string): readonly string[] {
  const escaped = escapeHtml(url);
  return [`<p><a href="${escaped}" rel="noreferrer">${label}</a></p>`, `<p>${escaped}</p>`];
}

// The page has no colors of its own, so a mail program shows it in its own light or dark ones.
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
</head>
<body style="font-family:sans-serif;line-height:1.5;max-width:36em;margin:auto;padding:1em;overflow-wrap:anywhere">
<h1 style="font-size:1.25em">${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
}
