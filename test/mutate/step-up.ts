import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides whether a sign-in is recent enough, and used the required methods. */
export const stepUpEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/sessions/step-up.ts`,
    [`${CORE}/sessions/step-up.test.ts`],
    [
      ["a sign-in of any age", "now - authTime <= maxAge", "true"],
      ["a sign-in of the future", "authTime <= now + SKEW && ", ""],
      ["one method of several", "amr.every((method)", "amr.some((method)"],
      ["any method", 'used.includes(method)) ? "satisfied"', 'used) ? "satisfied"'],
      ["no age is an age", "Number(maxAge) > 0", "true"],
      ["an empty list of methods", "amr.length > 0 && ", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/sessions/step-up.test.ts"],
    [
      [
        "validate ignores its bounds",
        "return hasBounds ? refuseWeakSignIn(app, validation",
        "return false ? refuseWeakSignIn(app, validation",
      ],
      [
        "a list of methods is no bound",
        "options.maxAge === undefined && options.amr === undefined",
        "options.maxAge === undefined",
      ],
      [
        "the tokens of a refresh are lost with a refusal",
        'refused.headers.append("set-cookie", cookie);',
        "void cookie;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/step-up.ts`,
    ["test/oauth/linking.test.ts"],
    [
      [
        "a route takes a sign-in of any age",
        "decideStepUp(session, { maxAge: FRESH }",
        "decideStepUp(session, {}",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/reauthenticate.ts`,
    ["test/sessions/reauthenticate.test.ts"],
    [
      [
        "any password proves a signed-in user",
        'if (checked === null) throw new AuthError("invalid_credentials");',
        "if (checked === null) return user;",
      ],
      [
        "guesses of a signed-in client are not counted",
        "await countFailure(app, buckets, () => checkCredentials(app, user, password))",
        "await checkCredentials(app, user, password)",
      ],
      ["an ended session is replaced", "succeeds: id,", "succeeds: null,"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/sign-in.ts`,
    ["test/sessions/reauthenticate.test.ts"],
    [
      ["the context is lost", "context: context ?? (await", "context: (await"],
      ["any text is a password", "if (provider.isPossible(password)) return;", "return;"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/reauthenticate.ts`,
    ["test/sessions/reauthenticate.test.ts"],
    [
      [
        "a wrong password is not read",
        "await requirePasswordOf(app, call, user, password), valid",
        "user, valid",
      ],
    ],
  ),
];
