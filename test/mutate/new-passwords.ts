import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const RESET = "test/attacks/password-reset.test.ts";
const CHANGE = "test/attacks/password-change.test.ts";
const ORDERS = "test/sessions/new-password-orders.test.ts";

/** What decides about a reset and a change of a password, and about requests for messages. */
export const newPasswordEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/accounts/new-password.ts`,
    [RESET],
    [
      ["a reset after a change of the credentials", "&& user.credentialsVersion === credentialsVersion", ""],
      [
        "a reset of a disabled user",
        "user.disabledAt === null && user.email === email",
        "user.email === email",
      ],
      ["a token that resets twice", 'await redeemMailToken(app, "reset", token);', ""],
      [
        "a weak password redeems the token",
        'const { userId, data } = await readMailToken(app, "reset", token);',
        'const { userId, data } = await redeemMailToken(app, "reset", token);',
      ],
      ["a disabled user gets a message", "user !== null && user.disabledAt === null ? user : null", "user"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/new-password.ts`,
    [`${CORE}/accounts/new-password.test.ts`],
    [["a reset of another address", "&& user.email === email &&", "&&"]],
  ),
  ...editsIn(
    `${CORE}/accounts/prove-mailbox.ts`,
    ["test/sessions/killed-new-password.test.ts"],
    [
      [
        "a new password beside an earlier link",
        "const reduced = await removeMethods(app, user, stays);",
        "const early = await app.users.update(user.id, { passwordHash }, { ifVersion: user.credentialsVersion, raiseVersion: true });\n  const reduced = early === null ? null : await removeLinks(app, early, stays);",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/new-password.ts`,
    [CHANGE],
    [
      [
        "a weak new password counts as a failure",
        "await checkPasswordOf(app, user, newPassword);\n  const { credentialsVersion } = await check();",
        "const { credentialsVersion } = await check();\n  await checkPasswordOf(app, user, newPassword);",
      ],
      ["a change without the current password", "await check();", "user;"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/new-password.ts`,
    [ORDERS],
    [
      [
        "a change after another change",
        'const how = { reason: "password_changed", ifVersion: credentialsVersion } as const;',
        'const how = { reason: "password_changed", ifVersion: null } as const;',
      ],
      [
        "a reset after a change",
        "{ passwordHash, ifVersion: user.credentialsVersion }",
        "{ passwordHash, ifVersion: null }",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/mail-request.ts`,
    [RESET],
    [
      [
        "any number of messages to an address",
        'networkBuckets("mail", call.client.networks()), mailbox]',
        'networkBuckets("mail", call.client.networks())]',
      ],
      [
        "any number of messages for a network",
        '...networkBuckets("mail", call.client.networks()), mailbox',
        "mailbox",
      ],
      ["a stranger fills the mailbox of a known browser", "...(device === null ? [] : [device])", ""],
      [
        "invalid tokens are not counted",
        'isInvalid = error instanceof AuthError && error.code === "mail_token_invalid";',
        "",
      ],
      ["valid tokens are counted", "if (!isInvalid) await", "if (isInvalid) await"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/mail-request.ts`,
    [CHANGE],
    [
      [
        "any number of notices to an address that is not proved",
        "if (emailVerified) return true;",
        "return true;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/new-password.ts`,
    [CHANGE],
    [
      ["the context of a new sign-in", "isNewUser: false,\n      context,", "isNewUser: false,"],
      [
        "a wrong password of a change is not counted",
        "requirePasswordOf(app, call, user, passwords.currentPassword)",
        "Promise.resolve(user)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/new-password.ts`,
    [CHANGE],
    [["a change by a session that ended", "|| !isLive(found.row, found.now)", ""]],
  ),
];
