import { type Edit, editsIn } from "./edit.ts";

const ACCOUNTS = "packages/core/src/accounts";
const ROUTES = "packages/core/src/http/routes";
const GUESSES = "test/attacks/mail-token-guessing.test.ts";

/** What decides about a change of address, a sign-in by a message, and the deletion of an account. */
export const accountRouteEdits: readonly Edit[] = [
  ...editsIn(
    `${ACCOUNTS}/decide-email-change.ts`,
    [`${ACCOUNTS}/decide-email-change.test.ts`],
    [
      [
        "a confirmation after a change of credentials",
        "|| user.credentialsVersion !== credentialsVersion",
        "",
      ],
      ["a confirmation of a disabled user", "user.disabledAt !== null ||", ""],
      ["a confirmation of a taken address", 'if (isTaken) return { kind: "taken" };', ""],
      ["an undo for an address that was not proved", "|| !user.emailVerified", ""],
      ["an undo for the address of a thief", "undoable !== null && undoable !== user.email", "false"],
      ["an undo of no change", "|| user.email === email", ""],
      ["an undo to a taken address", 'isTaken ? "taken" : "restore"', '"restore"'],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/oauth-identity.ts`,
    ["test/attacks/email-change-theft.test.ts"],
    [
      [
        "a link outlives an undo that overtakes it",
        "current?.credentialsVersion !== credentialsVersion",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/change-email.ts`,
    ["test/attacks/email-change-theft.test.ts"],
    [
      ["an address of another person is attached", "if (asker !== null && asker !== id) {", "if (false) {"],
      [
        "an undo keeps the password and the links",
        "if (hasMethod) return removeMethods(app, user, null);",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/change-email.ts`,
    ["test/sessions/email-change.test.ts"],
    [["a taken address gets a message", 'if (request === "free") mail(', "mail("]],
  ),
  ...editsIn(
    `${ACCOUNTS}/change-email.ts`,
    ["test/sessions/email-change-races.test.ts"],
    [
      [
        "an undo keeps a link from before it",
        "return (await removeLinks(app, restored, null)) ?? restored;",
        "return restored;",
      ],
      [
        "an undo keeps a session from before it",
        'await endSessionsOf(app.engine, user.id, null, "password_changed");\n  app.engine.emit',
        "app.engine.emit",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-token.ts`,
    ["test/sessions/email-change-races.test.ts"],
    [
      [
        "a slow confirmation voids an undo",
        "hmac(SHA256, key, utf8(JSON.stringify([userId, email])))",
        "app.env.random(SECRET_BYTES)",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-token.ts`,
    ["test/sessions/delete-account.test.ts"],
    [["a deletion of the tokens of another user", "|| found.userId !== userId", ""]],
  ),
  ...editsIn(
    `${ACCOUNTS}/delete-account.ts`,
    ["test/sessions/delete-account.test.ts"],
    [["a deletion keeps the tokens", "await dropTokens(app, user)", "await Promise.resolve()"]],
  ),
  ...editsIn(
    `${ACCOUNTS}/decide-mail-sign-in.ts`,
    [`${ACCOUNTS}/decide-mail-sign-in.test.ts`],
    [
      ["a guessed code signs up", 'if (userId === null && !signUp) return "refuse";', ""],
      ["a message signs a disabled user in", "user.disabledAt !== null ||", ""],
      ["a message of a deleted user signs another one in", "|| (userId !== null && user.id !== userId)", ""],
      [
        "a message outlives a change of credentials",
        'if (user.credentialsVersion !== credentialsVersion) return "refuse";',
        "",
      ],
      [
        "a sign-in by a message keeps what was planted",
        'user.emailVerified ? "sign_in" : "prove"',
        '"sign_in"',
      ],
      [
        "a sign-in by a message is always a first proof",
        'user.emailVerified ? "sign_in" : "prove"',
        '"prove"',
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-sign-in.ts`,
    ["test/attacks/mail-enumeration.test.ts"],
    [
      [
        "an unknown address gets a message",
        "isSent: known !== null || (user === null && signUp)",
        "isSent: true",
      ],
      ["a disabled user gets a message", "user !== null && user.disabledAt === null ? user : null", "user"],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-sign-in.ts`,
    ["test/attacks/code-lock-out.test.ts"],
    [
      ["a stranger uses up the tries of a known browser", "[`${email} ${device}`, email]", "[email]"],
      [
        "a known browser takes no code of another one",
        "[`${email} ${device}`, email]",
        "[`${email} ${device}`]",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-sign-in.ts`,
    ["test/sessions/mail-sign-in.test.ts"],
    [
      ["a link signs in twice", 'await redeemMailToken(app, "link", token);', ""],
      ["every first proof is the owner's", '(await isOwner(user)) ? "owner" : "message"', '"owner"'],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/accounts.ts`,
    ["test/sessions/mail-sign-in.test.ts"],
    [
      [
        "a sign-up signs in to an account that its owner took over",
        "user.credentialsVersion === row.credentialsVersion ? user : null",
        "user",
      ],
      [
        "a failed sign-up deletes an account that its owner took over",
        "return (await app.users.update(id, {}, options)) !== null;",
        "return true;",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/email-change.ts`,
    ["test/sessions/email-change.test.ts"],
    [["a change of address after an old sign-in", "requireFreshSignIn(app, valid);", ""]],
  ),
  ...editsIn(
    `${ROUTES}/mail-sign-in.ts`,
    ["test/attacks/mail-enumeration.test.ts"],
    [
      [
        "wrong links are not counted",
        "countInvalidToken(app, call, () => redeemLink(app, token, isOwner))",
        "redeemLink(app, token, isOwner)",
      ],
      [
        "wrong codes are not counted",
        "countInvalidToken(app, call, () => redeemCodeOf(app, call, { email, code }))",
        "redeemCodeOf(app, call, { email, code })",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/mail-sign-in.ts`,
    ["test/sessions/mail-sign-in.test.ts"],
    [
      [
        "every browser is the owner's",
        "return (user) => isSignedInAs(app, call, user);",
        "return async () => true;",
      ],
      ["a refused sign-up by a link leaves its user", "if (isCreated) await", "if (false) await"],
    ],
  ),
  ...editsIn(
    `${ROUTES}/email-change.ts`,
    ["test/attacks/mail-enumeration.test.ts"],
    [
      [
        "wrong undo tokens are not counted",
        "countInvalidToken(app, call, () => undoEmailChangeOf(app, token))",
        "undoEmailChangeOf(app, token)",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/account.ts`,
    ["test/sessions/delete-account.test.ts"],
    [
      ["a deletion after an old sign-in", "requireFreshSignIn(app, valid);", ""],
      ["a deletion keeps the cookies", "[...changes, ...cleared]", "[...changes]"],
    ],
  ),
  ...editsIn(
    `${ROUTES}/mail-sign-in.ts`,
    [GUESSES],
    [
      [
        "guesses of links are not counted",
        "await countInvalidToken(app, call, () => redeemLink(app, token, isOwner))",
        "await redeemLink(app, token, isOwner)",
      ],
      [
        "guesses of codes are not counted",
        "await countInvalidToken(app, call, () => redeemCodeOf(app, call, { email, code }))",
        "await redeemCodeOf(app, call, { email, code })",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/mail-sign-in.ts`,
    ["test/sessions/mail-sign-in.test.ts"],
    [
      [
        "a request for a link without its provider is counted",
        'if (app.magicLink === null) throw new AuthError("not_found");\n  await mailLink',
        "await mailLink",
      ],
      [
        "a request for a code without its provider is counted",
        'if (app.emailCode === null) throw new AuthError("not_found");\n  await mailCode',
        "await mailCode",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/email-change.ts`,
    [GUESSES],
    [
      [
        "guesses of changes are not counted",
        "await countInvalidToken(app, call, () => confirmEmailChangeOf(app, token, valid.userId))",
        "await confirmEmailChangeOf(app, token, valid.userId)",
      ],
      [
        "guesses of undos are not counted",
        "await countInvalidToken(app, call, () => undoEmailChangeOf(app, token))",
        "await undoEmailChangeOf(app, token)",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/new-password.ts`,
    [GUESSES],
    [
      [
        "guesses of resets are not counted",
        "await countInvalidToken(app, call, () => resetPasswordOf(app, token, newPassword))",
        "await resetPasswordOf(app, token, newPassword)",
      ],
    ],
  ),
  ...editsIn(
    `${ROUTES}/sign-up.ts`,
    [GUESSES],
    [
      [
        "guesses of invitations are not counted",
        "await countInvalidToken(app, call, () => readInvitation(app, invitation))",
        "await readInvitation(app, invitation)",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/http/session-user.ts",
    ["test/sessions/disabled-users.test.ts"],
    [["a disabled user changes the account", "user === null || user.disabledAt !== null", "user === null"]],
  ),
];
