import type { UserId } from "@latchkey/core/store";
import type { Call } from "./call.ts";

/** Whether a user has what an object says it holds. */
export type Holds = (userId: UserId) => Promise<boolean>;

/** Makes a user the holder; the place of a holder that holds nothing is free. */
export async function hold(call: Call, object: string, userId: UserId, holds: Holds): Promise<boolean> {
  const claim = await call(object, "holder.claim", userId, null);
  if (claim.userId === userId) return true;
  if (await holds(claim.userId)) return false;
  // Over that very claim: the holder may have come back to it meanwhile.
  return (await call(object, "holder.claim", userId, claim.id)).userId === userId;
}

/** Removes what a user holds, and then the claims to it; but for those that were made anew meanwhile. */
export async function letGo(
  call: Call,
  objects: readonly string[],
  userId: UserId,
  remove: () => Promise<boolean>,
): Promise<boolean> {
  const claims = await Promise.all(
    objects.map(async (object) => ({ object, claim: await call(object, "holder.get") })),
  );
  if (!(await remove())) return false;
  await Promise.all(
    claims.map(async ({ object, claim }) => {
      if (claim?.userId === userId) await call(object, "holder.release", claim.id);
    }),
  );
  return true;
}
