import { hmac } from "@oslojs/crypto/hmac";
import { SHA256 } from "@oslojs/crypto/sha2";
import type { PostMail } from "../mail/mailer.ts";
import { labelledHash, type SecretHash } from "../platform/digest.ts";
import { concat, fromBase64url, type JsonObject, own, toBase64url, utf8 } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { days, type EpochSeconds, hours, minutes, type Seconds } from "../platform/time.ts";
import type { SlotToken } from "../users/one-time-token.ts";
import type { UserId } from "../users/user.ts";
import type { App } from "./app.ts";

/** The parts of the application that tokens need. */
type TokenIssuer = Pick<App, "env" | "tokens" | "sealing">;

/** What a token that was sent by mail may do. A token of one purpose is not valid for another. */
export type MailPurpose = "verify" | "reset" | "change" | "undo" | "link" | "code" | "invitation";

/** How long a token of each purpose is valid. */
export const MAIL_LIFETIMES: Readonly<Record<MailPurpose, Seconds>> = {
  verify: days(1),
  reset: hours(1),
  change: days(1),
  undo: days(7),
  link: minutes(15),
  code: minutes(10),
  invitation: days(7),
};

/** Returns the function that sends messages. Throws a `TypeError` without the option `mail`. */
export function requireMail({ mail }: App): PostMail {
  if (mail === null) throw new TypeError("createAuth has no mail: add mail: { send }");
  return mail;
}

const SLOT_BYTES = 32;
const SECRET_BYTES = 32;

/** A token to send. A newer one of its purpose and subject replaces it. */
export interface MailGrant {
  readonly purpose: MailPurpose;
  /** The address in normal form, or for `change` and `undo` the id of the user. */
  readonly subject: string;
  /** Null for an address without a user. Then the token is stored all the same, so that both cost the same work. */
  readonly userId: UserId | null;
  readonly data: JsonObject;
}

/** A token as it is sent, and when it expires. */
export interface IssuedMailToken {
  readonly token: string;
  readonly expiresAt: EpochSeconds;
}

/** Issues a token for a link: 64 bytes in base64url, of which the first 32 name the slot. The store gets digests only. */
export function issueMailToken(app: TokenIssuer, grant: MailGrant): Promise<IssuedMailToken> {
  return issueWithSecret(app, grant, app.env.random(SECRET_BYTES));
}

/**
 * Issues the token that gives a user the address back that they have now. Its secret is derived from the user and the address: two
 * changes at the same time issue the same token, so none voids the token that the other one sent.
 */
export function issueUndoToken(app: TokenIssuer, userId: UserId, email: string): Promise<IssuedMailToken> {
  const [newest] = app.sealing();
  const key = labelledHash("mail-undo-key", utf8(newest));
  const secret = hmac(SHA256, key, utf8(JSON.stringify([userId, email])));
  return issueWithSecret(app, { purpose: "undo", subject: userId, userId, data: { email } }, secret);
}

async function issueWithSecret(
  app: TokenIssuer,
  grant: MailGrant,
  secret: Uint8Array,
): Promise<IssuedMailToken> {
  const slot = slotBytes(grant.purpose, grant.subject);
  const expiresAt = await fillSlot(app, grant, { slot, secret: secretHash(slot, secret), tries: null });
  return { token: toBase64url(concat(slot, secret)), expiresAt };
}

/** Returns what a token grants, and leaves it valid. Fails with `mail_token_invalid`. */
export async function readMailToken(
  app: TokenIssuer,
  purpose: MailPurpose,
  token: string,
): Promise<SlotToken> {
  const { slot, secret } = parseMailToken(token);
  const found = await app.tokens.readSlot(slot, now(app.env));
  return requireToken(purpose, found !== null && found.secret === secret ? found : null);
}

/** Redeems a token once. Fails with `mail_token_invalid`. */
export async function redeemMailToken(
  app: TokenIssuer,
  purpose: MailPurpose,
  token: string,
): Promise<SlotToken> {
  const { slot, secret } = parseMailToken(token);
  return requireToken(purpose, await app.tokens.redeemSlot(slot, secret, now(app.env)));
}

/** Returns the token in the slot of a subject, whatever its secret. Null if there is none. */
export function readMailSlot(
  app: TokenIssuer,
  purpose: MailPurpose,
  subject: string,
): Promise<SlotToken | null> {
  return app.tokens.readSlot(toBase64url(slotBytes(purpose, subject)), now(app.env));
}

/** Deletes the token in the slot of a subject if it is for this user. A token that replaces it in between stays. */
export async function dropMailToken(
  app: App,
  { purpose, subject, userId }: Pick<MailGrant, "purpose" | "subject" | "userId">,
): Promise<void> {
  const found = await readMailSlot(app, purpose, subject);
  if (found === null || found.userId !== userId) return;
  await app.tokens.redeemSlot(found.slot, found.secret, now(app.env));
}

/** Reads a text of what a token grants. Fails with `mail_token_invalid`. */
export function textOf({ data }: SlotToken, name: string): string {
  const value = own(data, name);
  if (typeof value !== "string") throw new AuthError("mail_token_invalid");
  return value;
}

/** Reads the version of the credentials that a token is bound to. Fails with `mail_token_invalid`. */
export function versionOf({ data }: SlotToken): number {
  const version = own(data, "credentialsVersion");
  if (typeof version !== "number") throw new AuthError("mail_token_invalid");
  return version;
}

/** Whether a text has the form of a token for a link. */
export function isMailToken(token: string): boolean {
  return fromBase64url(token)?.length === SLOT_BYTES + SECRET_BYTES;
}

function parseMailToken(token: string): { readonly slot: SecretHash; readonly secret: SecretHash } {
  const bytes = fromBase64url(token);
  if (bytes === null || bytes.length !== SLOT_BYTES + SECRET_BYTES) throw new AuthError("mail_token_invalid");
  const slot = bytes.subarray(0, SLOT_BYTES);
  return { slot: toBase64url(slot), secret: secretHash(slot, bytes.subarray(SLOT_BYTES)) };
}

function requireToken(purpose: MailPurpose, token: SlotToken | null): SlotToken {
  if (token === null || token.purpose !== purpose) throw new AuthError("mail_token_invalid");
  return token;
}

const CODE_DIGITS = 6;
/** The number of codes. */
const CODES: number = 10 ** CODE_DIGITS;
/** Of 32 bits, the values below this bound are divisible evenly among the codes. */
const FAIR_BOUND: number = 2 ** 32 - (2 ** 32 % CODES);
// NIST SP 800-63B-4 3.2.2: with 5 tries and 5 messages an hour, a mailbox admits 25 guesses of a million an hour.
const CODE_TRIES = 5;

/** Issues a code of six digits for an address. The store gets its keyed digest, so a reader of the store cannot compute it. */
export async function issueMailCode(
  app: TokenIssuer,
  grant: Omit<MailGrant, "purpose">,
): Promise<{ readonly code: string; readonly expiresAt: EpochSeconds }> {
  const code = drawCode(app.env.random);
  const slot = slotBytes("code", grant.subject);
  const slotToken = { slot, secret: codeHash(app, slot, code), tries: CODE_TRIES };
  const expiresAt = await fillSlot(app, { ...grant, purpose: "code" }, slotToken);
  return { code, expiresAt };
}

/**
 * Redeems the code of one of the subjects, once. A wrong one takes one of the tries of each. Fails with `mail_token_invalid`.
 */
export async function redeemMailCode(
  app: TokenIssuer,
  subjects: readonly string[],
  code: string,
): Promise<SlotToken> {
  for (const subject of subjects) {
    const slot = slotBytes("code", subject);
    const found = await app.tokens.redeemSlot(toBase64url(slot), codeHash(app, slot, code), now(app.env));
    if (found !== null) return requireToken("code", found);
  }
  throw new AuthError("mail_token_invalid");
}

function drawCode(random: (length: number) => Uint8Array): string {
  for (;;) {
    const drawn = new DataView(Uint8Array.from(random(4)).buffer).getUint32(0);
    if (drawn < FAIR_BOUND) return `${drawn % CODES}`.padStart(CODE_DIGITS, "0");
  }
}

function codeHash(app: TokenIssuer, slot: Uint8Array, code: string): SecretHash {
  const [secret] = app.sealing();
  const key = labelledHash("mail-code-key", utf8(secret));
  return toBase64url(hmac(SHA256, key, concat(slot, utf8(code))));
}

async function fillSlot(
  app: TokenIssuer,
  { purpose, userId, data }: MailGrant,
  {
    slot,
    secret,
    tries,
  }: { readonly slot: Uint8Array; readonly secret: SecretHash; readonly tries: number | null },
): Promise<EpochSeconds> {
  const expiresAt = now(app.env) + MAIL_LIFETIMES[purpose];
  await app.tokens.fillSlot({ slot: toBase64url(slot), purpose, secret, tries, userId, data, expiresAt });
  return expiresAt;
}

function slotBytes(purpose: MailPurpose, subject: string): Uint8Array {
  return labelledHash(`mail-slot/${purpose}`, utf8(subject));
}

function secretHash(slot: Uint8Array, secret: Uint8Array): SecretHash {
  return toBase64url(labelledHash("mail-token", slot, secret));
}
