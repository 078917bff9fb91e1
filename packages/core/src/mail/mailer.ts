import { callAndWait } from "../platform/callback-answer.ts";
import { inNextTurn } from "../platform/env.ts";
import type { Report } from "../platform/faults.ts";
import type { MailContent, MailDraft, MailMessage, MailText, MailType } from "./message.ts";
import { englishText } from "./texts.ts";

/** The pages of the application that the links of messages open. */
export interface MailPages {
  readonly verify: string;
  readonly reset: string;
  readonly change: string;
  readonly undo: string;
  readonly link: string;
  readonly invitation: string;
}

export const defaultPages: MailPages = {
  verify: "/verify-email",
  reset: "/reset-password",
  change: "/confirm-email",
  undo: "/undo-email-change",
  link: "/sign-in/link",
  invitation: "/sign-up",
};

/** The page of each message with a link. */
const PAGE_OF = {
  verify: "verify",
  reset: "reset",
  change: "change",
  changed_notice: "undo",
  magic_link: "link",
  invitation: "invitation",
} as const satisfies Partial<Record<MailType, keyof MailPages>>;

/** Texts of the application, in place of the English ones. */
export type MailTexts = {
  readonly [Type in MailType]?: (message: Extract<MailContent, { type: Type }>) => MailText;
};

/** The port to the mail system of the application, and its settings. */
export interface MailOptions {
  /** Sends one message. Latchkey calls it after the answer, and reports what it throws to `onError`. */
  readonly send: (message: MailMessage) => unknown;
  /**
   * The pages that links open, as paths of the application or as URLs. Default `/verify-email`, `/reset-password`,
   * `/confirm-email`, `/undo-email-change`, `/sign-in/link` and `/sign-up`.
   */
  readonly pages?: Partial<MailPages>;
  /** Texts in place of the English ones, by type. */
  readonly texts?: MailTexts;
}

/** The circumstances of the request that a message belongs to. */
export interface MailScope {
  readonly origin: string;
  readonly locale: string | null;
  /** Keeps the runtime running until the message is sent; null if the host has no such function. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | null;
  readonly report: Report;
}

/** Sends a message after the answer. It never throws, and the answer never waits for it. */
export type PostMail = (draft: MailDraft) => void;

/** Makes the function that sends the messages of one request. */
export function mailer(options: MailOptions): (scope: MailScope) => PostMail {
  const pages = { ...defaultPages, ...options.pages };
  return (scope) => (draft) => {
    const sent = inNextTurn(async () => {
      const message = writtenMessage(contentOf(draft, pages, scope), options.texts ?? {});
      await callAndWait("mail.send", () => options.send(message));
    }).catch((error: unknown) => scope.report(error, "mail.send"));
    scope.waitUntil?.(sent);
  };
}

function contentOf(draft: MailDraft, pages: MailPages, { origin, locale }: MailScope): MailContent {
  if (!("token" in draft)) return { ...draft, locale };
  const { token, ...rest } = draft;
  const url = token === null ? null : linkTo(pages[PAGE_OF[rest.type]], origin, token);
  return { ...rest, url, locale } as MailContent;
}

function linkTo(page: string, origin: string, token: string): string {
  const url = new URL(page, origin);
  url.searchParams.set("token", token);
  return url.href;
}

function writtenMessage(content: MailContent, texts: MailTexts): MailMessage {
  const write = texts[content.type] as ((message: MailContent) => MailText) | undefined;
  return { ...content, ...(write?.(content) ?? englishText(content)) };
}
