import { type Edit, editsIn } from "./edit.ts";

const ACCOUNTS = "packages/core/src/accounts";
const SIGN_IN = "test/sessions/mail-sign-in.test.ts";
const TOKENS = "test/sessions/mail-tokens.test.ts";

/** What decides how long a token of a message is valid, and when it is spent. */
export const mailTokenEdits: readonly Edit[] = [
  ...editsIn(
    `${ACCOUNTS}/mail-token.ts`,
    [TOKENS],
    [
      ["a verification is valid for longer", "verify: days(1)", "verify: days(2)"],
      ["a reset is valid for longer", "reset: hours(1)", "reset: hours(2)"],
      ["a change of address is valid for longer", "change: days(1)", "change: days(2)"],
      ["an undo is valid for longer", "undo: days(7)", "undo: days(8)"],
      ["a link is valid for longer", "link: minutes(15)", "link: minutes(16)"],
      ["a code is valid for longer", "code: minutes(10)", "code: minutes(15)"],
      ["an invitation is valid for longer", "invitation: days(7)", "invitation: days(8)"],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/change-email.ts`,
    [TOKENS],
    [
      ["a token of a change stays", 'await redeemMailToken(app, "change", token);', ""],
      [
        "a token of an undo stays",
        'await redeemMailToken(app, "undo", token).catch(reportQuietly(app.engine.report));',
        "",
      ],
      [
        "a failure spends a token of a change",
        'const granted = await readMailToken(app, "change", token);',
        'const granted = await redeemMailToken(app, "change", token);',
      ],
      [
        "a failure spends a token of an undo",
        'const granted = await readMailToken(app, "undo", token);',
        'const granted = await redeemMailToken(app, "undo", token);',
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-sign-in.ts`,
    [TOKENS],
    [
      [
        "a failure spends a link",
        'const plan = await planSignIn(app, granted, signUp);\n  await redeemMailToken(app, "link", token);',
        'await redeemMailToken(app, "link", token);\n  const plan = await planSignIn(app, granted, signUp);',
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/new-password.ts`,
    [TOKENS],
    [
      [
        "a failure spends a token of a reset",
        'await readMailToken(app, "reset", token);',
        'await redeemMailToken(app, "reset", token);',
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/verify-email.ts`,
    [TOKENS],
    [
      [
        "a failure spends a token of a verification",
        'await readMailToken(app, "verify", token)',
        'await redeemMailToken(app, "verify", token)',
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-token.ts`,
    [`${ACCOUNTS}/mail-token.test.ts`],
    [
      [
        "anybody computes an undo",
        'labelledHash("mail-undo-key", utf8(newest))',
        'labelledHash("mail-undo-key")',
      ],
      ["one undo for every user", "JSON.stringify([userId, email])", "JSON.stringify([email])"],
      ["one undo for every address", "JSON.stringify([userId, email])", "JSON.stringify([userId])"],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/mail-sign-in.ts`,
    [SIGN_IN],
    [
      [
        "a planted account stops a sign-up by a message",
        "plan = await planSignIn(app, redeemed.granted, redeemed.signUp);\n  }",
        "}",
      ],
      [
        "a first proof removes a password that is newer than its message",
        "{ by }, user.credentialsVersion)",
        "{ by })",
      ],
      [
        "a link by hand without its provider",
        'if (provider === null) throw new AuthError("not_found", `providers has no ${method}(): add it`);',
        "if (provider === null) return false;",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/change-email.ts`,
    ["test/sessions/killed-account-routes.test.ts"],
    [
      [
        "a crash of an undo keeps a session",
        'await endSessionsOf(app.engine, user.id, null, "password_changed");\n  return user;',
        "return user;",
      ],
      ["a crash of an undo keeps a link", "|| (await app.users.accounts(user.id)).length > 0", ""],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/prove-mailbox.ts`,
    [SIGN_IN],
    [
      [
        "an owner's proof is for any version of the credentials",
        "const options = { ifVersion: credentialsVersion, raiseVersion: false };",
        "const options = { ifVersion: null, raiseVersion: false };",
      ],
      [
        "a removal of links overtakes a change of the credentials",
        "const options = { ifVersion: changed.credentialsVersion, raiseVersion: true };",
        "const options = { ifVersion: null, raiseVersion: true };",
      ],
      [
        "a sign-in by a removed link",
        "const options = { ifVersion: changed.credentialsVersion, raiseVersion: true };",
        "const options = { ifVersion: changed.credentialsVersion, raiseVersion: false };",
      ],
      [
        "a first proof removes a password that came in between",
        "const options = { ifVersion: reduced.credentialsVersion, raiseVersion: false };",
        "const options = { ifVersion: null, raiseVersion: false };",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/prove-mailbox.ts`,
    ["test/mail/effects.test.ts"],
    [
      [
        "an owner's proof changes the credentials",
        "const options = { ifVersion: credentialsVersion, raiseVersion: false };",
        "const options = { ifVersion: credentialsVersion, raiseVersion: true };",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/prove-mailbox.ts`,
    ["test/sessions/killed-account-routes.test.ts"],
    [
      [
        "a session outlives the password in a crash",
        'const { users, engine } = app;\n  await endSessionsOf(engine, id, null, "password_changed");',
        "const { users, engine } = app;",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/auth/users-by-mail.ts",
    [SIGN_IN],
    [
      [
        "a proof by hand is the owner's",
        "isStranger: OwnerCheck = async () => false",
        "isStranger: OwnerCheck = async () => true",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/delete-account.ts`,
    ["test/sessions/delete-account.test.ts"],
    [
      ["a deletion keeps a code", '"link", "code"]', '"link"]'],
      ["a deletion keeps a verification", '["verify", "reset"', '["reset"'],
      ["a deletion keeps an undo", '["change", "undo"]', '["change"]'],
    ],
  ),
  ...editsIn(
    "packages/core/src/auth/user-calls.ts",
    ["test/sessions/delete-account.test.ts"],
    [
      [
        "a deletion by hand keeps the tokens",
        "delete: deleteAccount",
        "delete: (app, id) => app.users.delete(id)",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/accounts/accounts.ts",
    ["test/attacks/password-change.test.ts"],
    [
      [
        "a new password is the address",
        "return requireStrong(app, password, identifierOf(user));",
        "return requireStrong(app, password, null);",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/prove-mailbox.ts`,
    [SIGN_IN],
    [["a link that comes late stays", "changed = raised;\n  }", "return raised;\n  }"]],
  ),
  ...editsIn(
    `${ACCOUNTS}/accounts.ts`,
    [SIGN_IN],
    [
      [
        "an owner signs in to an account that is being deleted",
        "const options = { ifVersion: credentialsVersion, raiseVersion: true };",
        "const options = { ifVersion: credentialsVersion, raiseVersion: false };",
      ],
    ],
  ),
  ...editsIn(
    `${ACCOUNTS}/sign-up.ts`,
    [`${ACCOUNTS}/sign-up.test.ts`],
    [["the token of a user is a sign-up", "userId !== null || typeof email", "typeof email"]],
  ),
  ...editsIn(
    `${ACCOUNTS}/sign-up.ts`,
    ["test/sessions/sign-up-modes.test.ts"],
    [["a link keeps a user without a proof", "!user.emailVerified || !(await", "!(await"]],
  ),
  ...editsIn(
    "packages/client/src/calls.ts",
    ["packages/client/src/calls.test.ts"],
    [["a deletion that fails signs out", "if (result.ok) await run();", "await run();"]],
  ),
  ...editsIn(
    `${ACCOUNTS}/new-password.ts`,
    ["test/sessions/new-password-orders.test.ts"],
    [
      [
        "a reset that is overtaken succeeds",
        'if (changed === null) throw new AuthError("mail_token_invalid");',
        "if (changed === null) return user;",
      ],
      [
        "a change that is overtaken succeeds",
        'if (changed === null) throw new AuthError("invalid_credentials");',
        "if (changed === null) return user;",
      ],
    ],
  ),
];
