import { refuse, shown } from "../platform/option-error.ts";
import { isLoopback } from "../platform/origin.ts";
import type { MailDraft } from "./message.ts";

/** The pages of the application that the links of messages open. */
export interface MailPages {
  /** Verifies an address, by `POST /email/verify`. Default `/verify-email`. */
  readonly verify: string;
  /** Asks for a new password, for `POST /password/reset`. Default `/reset-password`. */
  readonly reset: string;
  /** Confirms another address, by `POST /email/change/confirm`. Default `/confirm-email`. */
  readonly change: string;
  /** Undoes a change of the address, by `POST /email/change/undo`. Default `/undo-email-change`. */
  readonly undo: string;
  /** Signs in, by `POST /link/confirm`. Default `/sign-in/link`. */
  readonly link: string;
  /** Shows the sign-up to an invited person, for `POST /signup`. Default `/sign-up`. */
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

type LinkType = Extract<MailDraft, { readonly token: unknown }>["type"];

/** The page of each message with a link. */
export const PAGE_OF: Readonly<Record<LinkType, keyof MailPages>> = {
  verify: "verify",
  reset: "reset",
  change: "change",
  changed_notice: "undo",
  magic_link: "link",
  invitation: "invitation",
};

/**
 * Checks where links lead: a path of the application, a URL with https, or the scheme of an app in `trustedOrigins`. Throws a
 * `TypeError`.
 */
export function checkPages(pages: Partial<MailPages>, trustedOrigins: ReadonlySet<string>): void {
  for (const [name, page] of Object.entries(pages)) {
    if (page === undefined) continue;
    const why = faultOfPage(page, trustedOrigins);
    if (why !== null) throw refuse(`mail.pages.${name}`, page, why);
  }
}

// A browser reads a backslash as a slash, and drops tabs and line breaks.
const DISGUISE = /[\p{C}\p{Z}\\]/u;
const PATH = /^\/(?!\/)/;
/** Resolves paths where only their form counts. RFC 2606: no such host exists. */
const NO_ORIGIN = "https://path.invalid";

function faultOfPage(page: string, trustedOrigins: ReadonlySet<string>): string | null {
  const example = 'write a path such as "/reset-password", or a URL with https';
  const isPath = PATH.test(page);
  const url = DISGUISE.test(page) ? null : URL.parse(page, isPath ? NO_ORIGIN : undefined);
  if (url === null) return `it must be a page of the application: ${example}`;
  if (url.username !== "" || url.password !== "") return `it must be without credentials: ${example}`;
  if (url.searchParams.has("token")) return "its query must have no token: Latchkey adds it";
  if (isPath || url.protocol === "https:") return null;
  if (url.protocol === "http:")
    return isLoopback(url.hostname) ? null : `http is for localhost only: ${example}`;
  const scheme = `${url.protocol}//`;
  if (trustedOrigins.has(scheme) || trustedOrigins.has(scheme + url.host)) return null;
  return `the scheme of an app must be one of trustedOrigins: add ${shown(scheme)} there, or ${example}`;
}

/** Makes the link of a message. The query of the page stays. */
export function linkTo(page: string, origin: string, token: string): string {
  const url = new URL(page, origin);
  url.searchParams.set("token", token);
  return url.href;
}
