import { type Env, inNextTurn, now } from "../platform/env.ts";
import { AuthError, isFault } from "../platform/errors.ts";
import type { Report } from "../platform/faults.ts";
import { preferredLanguage } from "./locale.ts";
import type { MailContent, MailDraft, MailMessage, MailText, MailTexts } from "./message.ts";
import { defaultPages, linkTo, type MailPages, PAGE_OF } from "./pages.ts";
import type { TextScope } from "./texts.ts";

/** The port to the mail system of the application, and its settings. */
export interface MailOptions {
  /** Sends one message. Latchkey calls it after the answer, and reports what it throws to `onError`. */
  readonly send: (message: MailMessage) => unknown;
  /**
   * The pages that links open: paths of the application, URLs with https, or URLs of an app whose scheme is in
   * `trustedOrigins`. Default `/verify-email`, `/reset-password`, `/confirm-email`, `/undo-email-change`, `/sign-in/link` and
   * `/sign-up`.
   */
  readonly pages?: Partial<MailPages>;
  /**
   * Texts in place of the English ones, by type. A function that throws, or returns no text, is reported to `onError`, and the
   * English text is sent. Default none.
   */
  readonly texts?: MailTexts;
  /** Rejects if the mail system cannot be reached. `auth.check` calls it, such as `() => transport.verify()` of nodemailer. Default none. */
  readonly check?: () => unknown;
}

/** The circumstances of the request that a message belongs to. */
export interface MailScope {
  readonly origin: string;
  /** The header; null if it is absent, and by hand. */
  readonly acceptLanguage: string | null;
  /** Keeps the runtime running until the message is sent; null if the host has no such function. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | null;
  readonly report: Report;
}

/** Sends a message after the answer. It never throws, and the answer never waits for it. */
export type PostMail = (draft: MailDraft | LateDraft) => void;

/** Writes a message after the answer; null sends none. */
export type LateDraft = () => Promise<MailDraft | null>;

/** Makes the function that sends the messages of one request. */
export function mailer(options: MailOptions, env: Pick<Env, "clock">): (scope: MailScope) => PostMail {
  const { send, texts = {} } = options;
  const pages = { ...defaultPages, ...ownPages(options.pages) };
  return (scope) => (draft) => {
    const post = async (): Promise<void> => {
      const written = typeof draft === "function" ? await draft() : draft;
      if (written === null) return;
      const content = contentOf(written, pages, scope);
      const named: TextScope = { host: new URL(scope.origin).host, now: now(env) };
      await send({ ...content, ...(await textOf(content, texts, named, scope.report)) });
    };
    const sent = inNextTurn(post).catch((error: unknown) => scope.report(fault("mail.send", error)));
    scope.waitUntil?.(sent);
  };
}

async function textOf(
  content: MailContent,
  own: MailTexts,
  scope: TextScope,
  report: Report,
): Promise<MailText> {
  // Loaded with the first message, which is sent after the answer.
  const { englishText, ownText } = await import("./texts.ts");
  try {
    const text = ownText(content, own);
    if (text !== null) return text;
  } catch (cause) {
    // A wrong text must not lose a message that a user waits for.
    report(fault(`mail.texts.${content.type}`, cause));
  }
  return englishText(content, scope);
}

// An option that is undefined leaves the default, as everywhere.
function ownPages(pages: Partial<MailPages> = {}): Partial<MailPages> {
  return Object.fromEntries(Object.entries(pages).filter(([, page]) => page !== undefined));
}

/** A recipient in a form that can add neither a header nor a second recipient. */
const ADDRESS = /^[^\p{C}\p{Z}"(),:;<>@[\\\]]+@[^\p{C}\p{Z}"(),:;<>@[\\\]]+$/u;

function contentOf(draft: MailDraft, pages: MailPages, { origin, acceptLanguage }: MailScope): MailContent {
  // A user store of the application may hold any text.
  if (!ADDRESS.test(draft.to)) throw new Error("the user has no valid address");
  const locale = preferredLanguage(acceptLanguage);
  if (!("token" in draft)) return { ...draft, locale };
  const { token, ...rest } = draft;
  const url = token === null ? null : linkTo(pages[PAGE_OF[rest.type]], origin, token);
  return { ...rest, url, locale } as MailContent;
}

/** An error whose cause is reported, also one that would be a refusal in a route. The error of a store names its operation. */
function fault(operation: string, cause: unknown): AuthError {
  if (cause instanceof AuthError && cause.operation !== null && isFault(cause)) return cause;
  return new AuthError("internal_error", undefined, null, { operation, cause });
}
