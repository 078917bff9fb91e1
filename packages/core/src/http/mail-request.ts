import { requireNormal } from "../accounts/accounts.ts";
import type { App } from "../accounts/app.ts";
import type { MailPurpose } from "../accounts/mail-token.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { type Bucket, bucketOf, networkBuckets } from "../throttle/throttle.ts";
import type { User } from "../users/user.ts";
import { readDeviceOf } from "./device-cookie.ts";
import { countAttempt, giveBackAttempt } from "./limit.ts";
import { readBody, requiredString } from "./request.ts";
import type { Call } from "./route.ts";

/** A request for a message to an address. */
export interface MailRequest {
  /** In normal form. */
  readonly email: string;
  /** The user with this address; null if there is none. The answer must not depend on it. */
  readonly user: User | null;
  /** The device of the browser, if the user has signed in with it before. */
  readonly device: string | null;
}

/**
 * Reads `{ email }`, finds the user and counts the request. A known and an unknown address cost the same calls to the store.
 * Fails with `not_found` without the option `mail`, with `invalid_request` and with `rate_limited`.
 */
export async function readMailRequest(app: App, call: Call, purpose: MailPurpose): Promise<MailRequest> {
  if (app.mail === null) throw new AuthError("not_found");
  return requestMailTo(app, call, purpose, requiredString(await readBody(call.request, true), "email"));
}

/** Finds the user of an address as typed, and counts the request. Fails with `invalid_request` and `rate_limited`. */
export async function requestMailTo(
  app: App,
  call: Call,
  purpose: MailPurpose,
  input: string,
): Promise<MailRequest> {
  const email = requireNormal("email", input);
  const user = await app.users.find({ email });
  return { email, user, device: await limitMailRequest(app, call, purpose, { email, user }) };
}

/**
 * Counts a request for a message to an address, and returns the device of the browser. Fails with `rate_limited`.
 *
 * A browser in which the user has signed in counts in a bucket of its own, so that no other client can keep its messages away. Each
 * purpose has buckets of its own: a request that sends no message, such as for a verified address, must not keep a reset away.
 */
export async function limitMailRequest(
  app: App,
  call: Call,
  purpose: MailPurpose,
  { email, user }: Omit<MailRequest, "device">,
): Promise<string | null> {
  const device = await readDeviceOf(app, call, user);
  const mailbox = bucketOf("mailbox", purpose, email, ...(device === null ? [] : [device]));
  await countAttempt(app, [...networkBuckets("mail", call.client.networks()), mailbox]);
  return device;
}

/**
 * Whether a notice may go to a user. An address that is not proved may be the one of a stranger, so it counts as a request for a
 * message does, and a full mailbox gets none.
 */
export async function isMailable(app: App, { email, emailVerified }: User): Promise<boolean> {
  if (app.mail === null || email === null) return false;
  if (emailVerified) return true;
  const counted = await countAttempt(app, [bucketOf("mailbox", "notice", email)]).catch(
    reportQuietly(app.engine.report),
  );
  return counted !== null;
}

/**
 * Runs what redeems a token or a code, and counts an invalid one as a failed sign-in of the client's networks. It counts before
 * the check, so that concurrent attempts cannot exceed the rule. Fails with `rate_limited`, and with the errors of `redeem`.
 */
export async function countInvalidToken<Result>(
  app: App,
  { client }: Call,
  redeem: () => Promise<Result>,
): Promise<Result> {
  const buckets: readonly Bucket[] = networkBuckets("signIn", client.networks());
  await countAttempt(app, buckets);
  let isInvalid = false;
  try {
    return await redeem();
  } catch (error) {
    isInvalid = error instanceof AuthError && error.code === "mail_token_invalid";
    throw error;
  } finally {
    if (!isInvalid) await giveBackAttempt(app, buckets);
  }
}
