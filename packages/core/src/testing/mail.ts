import type { MailMessage, MailType } from "../mail/message.ts";
import { withTimeout } from "../platform/env.ts";
import type { Seconds } from "../platform/time.ts";

/** A message that was sent, and the token of its link; null for a message without a link. */
export type CapturedMail<Type extends MailType = MailType> = Extract<MailMessage, { readonly type: Type }> & {
  readonly token: string | null;
};

/** The messages of one auth. None of them leaves the process. */
export interface TestMail {
  /** Every message so far, the oldest first. Latchkey sends a message after the answer, so use `next` for one that is about to come. */
  readonly messages: readonly CapturedMail[];
  /**
   * Takes the oldest message of a type that `next` has not returned, and waits for one if there is none. Rejects after 5 seconds
   * of real time.
   *
   * @example
   * const { url, token } = await mail.next("reset");
   */
  next<Type extends MailType>(type: Type): Promise<CapturedMail<Type>>;
}

const LONGEST_WAIT: Seconds = 5;

interface Waiting {
  readonly type: MailType;
  readonly resolve: (message: CapturedMail) => void;
}

/** Makes the mail of one auth, and the function that sends to it. */
export function captureMail(): { readonly mail: TestMail; readonly send: (message: MailMessage) => void } {
  const messages: CapturedMail[] = [];
  const unread = new Set<CapturedMail>();
  const waiting = new Set<Waiting>();
  const send = (message: MailMessage): void => {
    const captured = { ...message, token: tokenOf(message) };
    messages.push(captured);
    const first = [...waiting].find(({ type }) => type === message.type);
    if (first === undefined) {
      unread.add(captured);
      return;
    }
    waiting.delete(first);
    first.resolve(captured);
  };
  const next = async (type: MailType): Promise<CapturedMail> => {
    const found = [...unread].find((message) => message.type === type);
    if (found === undefined) return wait(waiting, type, messages);
    unread.delete(found);
    return found;
  };
  return { mail: { messages, next: next as TestMail["next"] }, send };
}

function wait(
  waiting: Set<Waiting>,
  type: MailType,
  messages: readonly MailMessage[],
): Promise<CapturedMail> {
  const { promise, resolve } = Promise.withResolvers<CapturedMail>();
  const own = { type, resolve };
  waiting.add(own);
  return withTimeout(promise, LONGEST_WAIT, () => {
    waiting.delete(own);
    const sent = messages.map((message) => message.type).join(", ");
    return new Error(`mail.next: no message of the type ${type} was sent; sent were: ${sent}`);
  });
}

function tokenOf(message: MailMessage): string | null {
  const url = "url" in message ? message.url : null;
  return url === null ? null : (URL.parse(url)?.searchParams.get("token") ?? null);
}
