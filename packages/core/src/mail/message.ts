import type { EpochSeconds } from "../platform/time.ts";
import type { Device } from "../sessions/session.ts";
import type { PublicUser } from "../users/user.ts";

/** The members of every message. */
export interface MailRecipient {
  /** The address in normal form. */
  readonly to: string;
  /** The user that the message is about; null if there is none yet, as for an invitation. */
  readonly user: PublicUser | null;
}

/** A message with a link. The token in it is secret: a log must not hold the link. */
interface LinkMessage {
  /** A page of the application, with the token as `?token=`. Only a POST of the page redeems the token. */
  readonly url: string;
  readonly expiresAt: EpochSeconds;
}

/** The members of each type of message. */
export interface MailKinds {
  /** Proves the address of an account, or of a sign-up. */
  readonly verify: LinkMessage;
  /** Sets a new password. */
  readonly reset: LinkMessage & {
    /** Whether the address was used to sign up, although it has an account. */
    readonly signedUpAgain: boolean;
  };
  /** Proves the new address of an account. It goes to the new address. */
  readonly change: LinkMessage;
  /** Tells the former address that the account has another one. */
  readonly changed_notice: Omit<LinkMessage, "url"> & {
    /** Undoes the change; null while an earlier change can be undone, because only the mailbox before that one may undo. */
    readonly url: string | null;
    readonly newEmail: string;
  };
  /** Signs in. */
  readonly magic_link: LinkMessage;
  /** Signs in with six digits. */
  readonly code: { readonly code: string; readonly expiresAt: EpochSeconds };
  /** Creates an account with this address. */
  readonly invitation: LinkMessage;
  /** Tells of a sign-in from a browser or an app that the user has not used before. */
  readonly new_device: Notice;
  readonly password_changed: Notice;
  /** Tells that a refresh token was used twice, so that its session was ended. */
  readonly session_ended_by_reuse: Notice;
}

interface Notice {
  readonly at: EpochSeconds;
  /** The client of the request; both members are null by hand. */
  readonly device: Device;
}

/** The type of a message, such as `reset`. */
export type MailType = keyof MailKinds;

/** A message without its text. */
export type MailContent = {
  readonly [Type in MailType]: MailRecipient &
    MailKinds[Type] & {
      readonly type: Type;
      /** The language that the client of the request prefers, such as `de-CH`; null if it is not known. */
      readonly locale: string | null;
    };
}[MailType];

/** The text of a message. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Texts of the application, in place of the English ones. */
export type MailTexts = {
  readonly [Type in MailType]?: (message: Extract<MailContent, { type: Type }>) => MailText;
};

/** A message as `mail.send` gets it. */
export type MailMessage = MailContent & MailText;

type WithToken<Content> = Content extends { readonly url: infer Url }
  ? Omit<Content, "url" | "locale"> & { readonly token: Url }
  : Omit<Content, "locale">;

/** A message as the use cases write it: with the token, before the link is made. */
export type MailDraft = WithToken<MailContent>;

const TYPES: Readonly<Record<MailType, true>> = {
  verify: true,
  reset: true,
  change: true,
  changed_notice: true,
  magic_link: true,
  code: true,
  invitation: true,
  new_device: true,
  password_changed: true,
  session_ended_by_reuse: true,
};

/** The name of every type of message. */
export const MAIL_TYPES: readonly string[] = Object.keys(TYPES);
