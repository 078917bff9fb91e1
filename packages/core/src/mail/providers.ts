import { checkMembers, FLAG, type MembersOf } from "../platform/option-error.ts";

/** What `magicLink` and `emailCode` take. */
export interface MailSignInOptions {
  /** Whether an unknown address creates an account once it is proved. Default false: it gets no message. */
  readonly signUp?: boolean;
}

/** Sign-in with a link in a message. */
export interface MagicLinkProvider {
  readonly type: "magic_link";
  readonly signUp: boolean;
}

/** Sign-in with a code in a message. */
export interface EmailCodeProvider {
  readonly type: "email_code";
  readonly signUp: boolean;
}

const OPTIONS: MembersOf<MailSignInOptions> = { signUp: FLAG };

/**
 * Lets users sign in with a link that is sent to their address. It needs the option `mail`. Throws a `TypeError` for an option
 * that it does not have.
 *
 * The link opens a page of the application, and only a POST of the page signs in, so a mail scanner spends no link. It does not
 * check that the link is opened in the browser that asked for it.
 *
 * @example
 * createAuth({ store, mail: { send }, providers: [magicLink()] });
 */
export function magicLink(options: MailSignInOptions = {}): MagicLinkProvider {
  checkMembers("magicLink", options, OPTIONS);
  return { type: "magic_link", signUp: options.signUp ?? false };
}

/**
 * Lets users sign in with a code of six digits that is sent to their address. It needs the option `mail`. Throws a `TypeError` for
 * an option that it does not have.
 *
 * A code is valid for 10 minutes and 5 tries. A user who reads a code to another person signs that person in.
 *
 * @example
 * createAuth({ store, mail: { send }, providers: [emailCode()] });
 */
export function emailCode(options: MailSignInOptions = {}): EmailCodeProvider {
  checkMembers("emailCode", options, OPTIONS);
  return { type: "email_code", signUp: options.signUp ?? false };
}
