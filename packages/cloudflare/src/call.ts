import type { CallSettings, ObjectCall, Operations } from "./operations.ts";
import type { ObjectNamespace } from "./platform.ts";

/** Asks the object of that name to carry out an operation. */
export type Call = <Name extends keyof Operations>(
  object: string,
  operation: Name,
  ...args: Parameters<Operations[Name]>
) => Promise<Awaited<ReturnType<Operations[Name]>>>;

export function callObjects<Id>(namespace: ObjectNamespace<Id>, settings: CallSettings): Call {
  return async (object, operation, ...args) => {
    const call: ObjectCall = { ...settings, operation, args };
    // A stub that has failed once stays broken, so each call makes its own.
    const stub = namespace.get(namespace.idFromName(object));
    const answer = await stub.fetch("https://latchkey.invalid/", {
      method: "POST",
      body: JSON.stringify(call),
    });
    if (!answer.ok) throw new Error(`the Durable Object failed at ${operation}`);
    return JSON.parse(await answer.text());
  };
}

/** The name of an object for something that is nobody else's business: a digest. */
export async function digestName(kind: string, value: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return `${kind}:${Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
