import type { App } from "../accounts/app.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers } from "../platform/option-error.ts";
import { checkStepUp, decideStepUp, FRESH, type StepUpBounds } from "../sessions/step-up.ts";
import { BOUNDS, refuseWeakSignIn } from "./validate.ts";
import type { Validation, ValidSession } from "./validation.ts";

/** Makes `auth.stepUp`: it refuses a valid session whose sign-in does not meet the bounds. */
export function stepUpChecker(app: App): (validation: Validation, bounds: StepUpBounds) => Validation {
  return (validation, bounds) => {
    checkMembers("stepUp", bounds, BOUNDS);
    checkStepUp("stepUp", bounds);
    return refuseWeakSignIn(app, validation, bounds);
  };
}

/**
 * Fails with `insufficient_user_authentication` if the user signed in more than 15 minutes ago. A change of the account
 * itself needs it, so that a browser left open is not enough (ASVS 5.0 7.5.1).
 */
export function requireFreshSignIn(app: App, { session }: Pick<ValidSession, "session">): void {
  if (decideStepUp(session, { maxAge: FRESH }, now(app.env)) !== "satisfied")
    throw new AuthError("insufficient_user_authentication");
}
