import { refuse } from "../platform/option-error.ts";
import { durationInstead, type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import type { Session } from "./session.ts";

/** What a request requires of the sign-in of its session. */
export interface StepUpBounds {
  /** The longest time since the sign-in, in seconds. Without it, every age is accepted. */
  readonly maxAge?: Seconds | undefined;
  /**
   * The methods (RFC 8176) that the sign-in must have used, each of them: `pwd`, `fed` for a provider, `link`, `otp`. Without it,
   * every method is accepted.
   */
  readonly amr?: readonly string[] | undefined;
}

/** The verdict over a sign-in. Only `satisfied` lets a request pass. */
export type StepUpVerdict = "satisfied" | "not_fresh" | "method_missing";

/** A time of sign-in may be this far in the future, because the clocks of servers differ. */
const SKEW: Seconds = 60;

/** How old a sign-in may be for a change of the account itself. */
export const FRESH: Seconds = minutes(15);

/** Decides whether the sign-in of a live session is recent enough, and used every required method (RFC 9470). */
export function decideStepUp(
  { authTime, amr: used }: Pick<Session, "authTime" | "amr">,
  { maxAge, amr = [] }: StepUpBounds,
  now: EpochSeconds,
): StepUpVerdict {
  if (maxAge !== undefined && !(authTime <= now + SKEW && now - authTime <= maxAge)) return "not_fresh";
  return amr.every((method) => used.includes(method)) ? "satisfied" : "method_missing";
}

/** Makes the challenge of RFC 9470 section 3. */
export function stepUpChallenge(scheme: string, { maxAge }: StepUpBounds): string {
  const age = maxAge === undefined ? "" : `, max_age=${maxAge}`;
  return `${scheme} error="insufficient_user_authentication"${age}`;
}

/** Checks the bounds that the function `of` gets. Throws a `TypeError` that names the option. */
export function checkStepUp(of: string, bounds: StepUpBounds): void {
  const { maxAge, amr }: Readonly<Record<string, unknown>> = { ...bounds };
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && Number(maxAge) > 0))
    throw refuse(`${of}: maxAge`, maxAge, `it must be whole seconds above 0: ${durationInstead(maxAge)}`);
  const isList = Array.isArray(amr) && amr.length > 0 && amr.every(isMethod);
  if (amr !== undefined && !isList)
    throw refuse(`${of}: amr`, amr, 'it must be a list of methods, such as ["pwd"]');
}

function isMethod(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
