import type { UserId } from "@latchkey/core/protocol";
import type { Call } from "./call.ts";

/** Whether a user has what an object says it holds. */
export type Holds = (userId: UserId) => Promise<boolean>;

/** Makes a user the holder; the place of a holder that holds nothing is free. */
export async function claim(call: Call, object: string, userId: UserId, holds: Holds): Promise<boolean> {
  const holder = await call(object, "holder.claim", userId, null);
  if (holder === userId) return true;
  if (await holds(holder)) return false;
  return (await call(object, "holder.claim", userId, holder)) === userId;
}

export function release(call: Call, object: string, userId: UserId): Promise<void> {
  return call(object, "holder.release", userId);
}
