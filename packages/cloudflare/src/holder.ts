import type { EpochSeconds, UserId } from "@latchkey/core/store";
import type { Call } from "./call.ts";
import type { HeldClaim } from "./operations.ts";

/** Whether the row of a user has the identifier or the link of an object. */
export type IsHeldBy = (userId: UserId) => Promise<boolean>;

/** Claims an object for a user. A claim of another user counts only if that user's row confirms it. */
export async function becomeHolder(
  call: Call,
  object: string,
  userId: UserId,
  isHeldBy: IsHeldBy,
): Promise<boolean> {
  const claim = await call(object, "holder.claim", userId, null);
  if (claim.userId === userId) return true;
  if (claim.isReserved || (await isHeldBy(claim.userId))) return false;
  // Replaces exactly this claim: the holder may have made a new one since.
  return (await call(object, "holder.claim", userId, claim.id)).userId === userId;
}

/** A claim that counts before the row of its user confirms it, for a short time. */
export interface Reservation {
  readonly id: string;
  /** The time until which the row may be written. */
  readonly deadline: EpochSeconds;
}

/** Reserves an object for a user; null if there is a reservation, or a claim that a row confirms. */
export async function reserve(
  call: Call,
  object: string,
  userId: UserId,
  isHeldBy: IsHeldBy,
): Promise<Reservation | null> {
  const id = crypto.randomUUID();
  const attempt = (replaces: string | null): Promise<HeldClaim> =>
    call(object, "holder.reserve", { userId, id }, replaces);
  const first = await attempt(null);
  const isFree = first.id === id || !(first.isReserved || (await isHeldBy(first.userId)));
  if (!isFree) return null;
  const { id: now, deadline } = first.id === id ? first : await attempt(first.id);
  return now === id && deadline !== null ? { id, deadline } : null;
}

/** Deletes a user or a link, and then releases the claims of the user. A claim made since the start stays. */
export async function removeAndRelease(
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
