import type { App } from "../accounts/app.ts";
import { checkMembers } from "../platform/option-error.ts";
import { checkStepUp, type StepUpBounds } from "../sessions/step-up.ts";
import { BOUNDS, refuseWeakSignIn } from "./validate.ts";
import type { Validation } from "./validation.ts";

/** Makes `auth.stepUp`: it refuses a valid session whose sign-in does not meet the bounds. */
export function stepUpChecker(app: App): (validation: Validation, bounds: StepUpBounds) => Validation {
  return (validation, bounds) => {
    checkMembers("stepUp", bounds, BOUNDS);
    checkStepUp("stepUp", bounds);
    return refuseWeakSignIn(app, validation, bounds);
  };
}
