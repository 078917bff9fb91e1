import type { CallSettings, ObjectAnswer, ObjectCall, Operations } from "./operations.ts";
import type { ObjectNamespace } from "./platform.ts";

/** Calls an operation of the object with that name. */
export type Call = <Name extends keyof Operations>(
  object: string,
  operation: Name,
  ...args: Parameters<Operations[Name]>
) => Promise<Awaited<ReturnType<Operations[Name]>>>;

/** The name of the object with the feed of ended sessions. */
export const FEED_OBJECT = "feed";

/** Makes the calls. The entries that an operation wrote for the feed are stored before its result is returned. */
export function callObjects<Id>(namespace: ObjectNamespace<Id>, settings: CallSettings): Call {
  const send = sendTo(namespace, settings);
  return async (object, operation, ...args) => {
    const { result, entries } = await send(object, operation, args);
    if (entries.length === 0) return result;
    const add = (): Promise<ObjectAnswer> => send(FEED_OBJECT, "feed.add", [entries]);
    // The session has ended, and a repetition of the operation would write no entry. An entry may be there twice.
    await add().catch(add);
    return result;
  };
}

/** The caller knows the type of the result. */
type Send = (object: string, operation: string, args: readonly unknown[]) => Promise<ObjectAnswer<never>>;

function sendTo<Id>(namespace: ObjectNamespace<Id>, settings: CallSettings): Send {
  return async (object, operation, args) => {
    const call: ObjectCall = { ...settings, operation, args };
    // A stub stays broken after a failure, so each call makes its own.
    const stub = namespace.get(namespace.idFromName(object));
    const answer = await stub.fetch("https://latchkey.invalid/", {
      method: "POST",
      body: JSON.stringify(call),
    });
    if (!answer.ok) {
      throw new Error(
        `durableObjects: the object answered ${operation} with an error; the class of the binding must be SessionObject`,
      );
    }
    return JSON.parse(await answer.text());
  };
}

/** Names an object by the digest of a value, so that the name does not show the value. */
export async function digestName(kind: string, value: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return `${kind}:${Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
