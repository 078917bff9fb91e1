import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about users, their passwords and their links. */
export const accountEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/accounts/accounts.ts`,
    ["test/sessions/own-user-ids.test.ts"],
    [["the id of the row is not the id of the user", "made === true ? offered : made;", "offered;"]],
  ),
  ...editsIn(
    `${CORE}/auth/guard-store.ts`,
    ["packages/core/src/auth/guard-store.test.ts"],
    [["an empty id of a new user", ' && value !== ""', ""]],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    ["test/sessions/email-or-username.test.ts"],
    [
      [
        "the username of a stranger's sign-up is kept",
        ": { username: null, name: null, passwordHash: null };",
        ": { username, name: null, passwordHash: null };",
      ],
      ["a token is spent for a taken username", '=== "create" && isOwner)', '=== "prove" && isOwner)'],
    ],
  ),
  ...editsIn(
    `${CORE}/http/sign-in.ts`,
    ["test/sessions/email-or-username.test.ts"],
    [
      [
        "an address and a username with a limit each",
        "if (user === null) return JSON.stringify(typed);",
        "if (user !== null || typed !== null) return JSON.stringify(typed);",
      ],
      ["two identifiers at one sign-in", "given.length === 1 && ", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    ["test/sessions/email-or-username.test.ts"],
    [
      [
        "a sign-up with a taken username waits",
        "if (username === null || (await",
        "if (username !== null || (await",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/users/profile.ts`,
    ["packages/core/src/users/profile.test.ts"],
    [
      ["a name with controls", " && !/\\p{Cc}/u.test(name) ? name", " ? name"],
      ["a picture of any scheme", "/^https?:", "/^[a-z]+:"],
      ["a picture with spaces and controls", "[^\\p{C}\\p{Z}]+$/iu", "[^]+$/iu"],
      ["a picture without a host", " && URL.canParse(input)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/update-user.ts`,
    ["test/sessions/update-user.test.ts"],
    [
      [
        "a new address is proved",
        "user.credentialsVersion, verified === true)",
        "user.credentialsVersion, true)",
      ],
      [
        "a store that takes any address as proved",
        "if (changed.emailVerified && verified !== true) await takeBackProof(app, changed);",
        "",
      ],
      ["a member of the credentials", "if (refused === undefined) return", "if (refused !== null) return"],
      [
        "an address that changes at the same time",
        "if (changed === null) continue;",
        "if (changed === null) return user;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/decide-email-change.ts`,
    ["packages/core/src/accounts/decide-email-change.test.ts"],
    [
      [
        "a proof by an update",
        "verified === undefined || verified === user.emailVerified",
        "verified !== false || verified === user.emailVerified",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/users/user-range.ts`,
    ["packages/core/src/users/user-range.test.ts"],
    [["a cursor outside of its query", "after.startsWith(prefix) && after.length", "after.length"]],
  ),
  ...editsIn(
    `${CORE}/accounts/credentials.ts`,
    ["test/sessions/disabled-users.test.ts"],
    [
      [
        "the password of a disabled user",
        "user === null || user.disabledAt !== null ? null : user.passwordHash",
        "user === null ? null : user.passwordHash",
      ],
      ["a wrong password", "if (ok !== true || user === null)", "if (user === null)"],
      [
        "an unknown user costs no work",
        "await provider.verify(password, stored).catch(tellBusy(app))",
        "stored === null ? { ok: false, rehash: false } : await provider.verify(password, stored).catch(tellBusy(app))",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/accounts.ts`,
    ["test/sessions/credential-changes.test.ts"],
    [
      [
        "a password change keeps the sessions",
        "await endSessionsOf(app.engine, id, null, reason);\n  app.engine.emit",
        "app.engine.emit",
      ],
      [
        "a password change keeps the version",
        "app.users.update(id, change, { ifVersion, raiseVersion: true })",
        "app.users.update(id, change, { ifVersion, raiseVersion: false })",
      ],
      [
        "a deleted user keeps the sessions",
        'const deleted = await app.users.delete(id);\n  await endSessionsOf(app.engine, id, null, "user_deleted");',
        "const deleted = await app.users.delete(id);",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/credentials.ts`,
    ["test/sessions/credential-changes.test.ts"],
    [
      [
        "an upgrade writes the old password back",
        "const options = { ifVersion: user.credentialsVersion, raiseVersion: false };\n  const updated",
        "const options = { ifVersion: null, raiseVersion: false };\n  const updated",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/accounts.ts`,
    ["test/attacks/password-input.test.ts"],
    [["a weak password", 'if (verdict !== "ok") {', "if (false) {"]],
  ),
  ...editsIn(
    `${CORE}/users/first-proof.ts`,
    [`${CORE}/users/first-proof.test.ts`],
    [
      [
        "a first proof keeps the earlier password",
        'proof.by === "password" ? proof.passwordHash : null',
        'proof.by === "password" ? proof.passwordHash : "kept"',
      ],
      [
        "a first proof keeps every link",
        "provider !== stays?.provider || subject !== stays.subject",
        "false",
      ],
      ["every proof is the first", 'if (user.emailVerified) return { kind: "repeated" };', ""],
      [
        "a first proof by the owner removes everything",
        'if (proof.by === "owner") return { kind: "owner" };',
        "",
      ],
      [
        "every first proof is the owner's",
        'if (proof.by === "owner") return { kind: "owner" };',
        'return { kind: "owner" };',
      ],
      [
        "a first proof keeps links of the same provider",
        "provider !== stays?.provider || subject !== stays.subject",
        "provider !== stays?.provider",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/oauth-identity.ts`,
    ["test/oauth/linking.test.ts"],
    [
      [
        "a link after the session ended",
        "if (requester !== null) await requireLiveRequester(app, requester, account);",
        "",
      ],
      [
        "an address that only normalizes to the user's",
        "emailVerified && hasSameMailbox(email, address)",
        "emailVerified",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/unlink.ts`,
    ["test/oauth/ways-in.test.ts"],
    [
      [
        "the last link is removed",
        "if (!(await hasOtherMethod(app, userId, provider))) throw lastMethodError();",
        "",
      ],
      ["a password without its identifier is a method", "&& signInKey(password, user) !== null", ""],
      ["a link of a provider that is gone is a method", "&& app.oauth.has(provider)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/password/policy.ts`,
    [`${CORE}/password/policy.test.ts`],
    [
      ["a common password", 'if (policy.isCommon(plain)) return "common";', ""],
      ["a short password", 'if (length < policy.minLength) return "too_short";', ""],
      ["a password of the identifier", 'return isWeaker ? "contains_identifier" : "ok";', 'return "ok";'],
      ["lone surrogates are equal", "LONE_SURROGATE.test(password) ? null :", ""],
      ["a password of any length", "password.length > MAX_INPUT ||", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/guard-store.ts`,
    ["test/attacks/store-answers.test.ts"],
    [
      [
        "every answer of a store is sound",
        "if (fault !== null) throw badAnswer(operation, fault, expected.expected);",
        "",
      ],

      ["a token of another purpose", "purpose: (value) => value === purpose,", ""],
      ["a token of another digest", "hash: (value) => value === hash,", ""],
      ["an attempt that is not refused", "record({ allowed: (value) => value === true })", "record({})"],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/guard-store.ts`,
    ["test/sessions/errors-told.test.ts"],
    [["the words of a driver", "throw failure;", "throw error;"]],
  ),
  ...editsIn(
    `${CORE}/accounts/later-profile.ts`,
    [`${CORE}/accounts/later-profile.test.ts`],
    [
      ["a disabled user gets a profile", 'if (user.disabledAt !== null) return { kind: "nothing" };', ""],
      ["a name that the user has is replaced", "user.name === null ? told.name : null", "told.name"],
      [
        "a picture that the user has is replaced",
        "user.picture === null ? told.picture : null",
        "told.picture",
      ],
      [
        "sessions of a removed method stay",
        "email !== null && user.credentialsVersion > 0",
        "email === null && user.credentialsVersion > 0",
      ],
      [
        "an unverified address arrives",
        "told.email?.verified === true && told.email.authoritative",
        "told.email?.authoritative",
      ],
      [
        "the word of no authority arrives",
        "told.email?.verified === true && told.email.authoritative",
        "told.email?.verified",
      ],
      [
        "an address that the user has is replaced",
        "user.email === null && !isTaken && isOnlyMethod",
        "!isTaken && isOnlyMethod",
      ],
      [
        "an address of another user arrives",
        "user.email === null && !isTaken && isOnlyMethod",
        "user.email === null && isOnlyMethod",
      ],
      [
        "a user with other methods gets an address",
        "user.email === null && !isTaken && isOnlyMethod",
        "user.email === null && !isTaken",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/later-profile.ts`,
    ["test/oauth/later-profile.test.ts"],
    [
      [
        "a session of a removed method shares an address before a crash",
        '  if (endsSessions) await endSessionsOf(app.engine, id, null, "password_changed");\n  const changed',
        "  const changed",
      ],
      [
        "a sign-in of a removed method shares an address",
        '  if (endsSessions) await endSessionsOf(app.engine, id, null, "password_changed");\n  // A link',
        "  // A link",
      ],
      [
        "a link at the same moment shares an address",
        "return removeLinks(app, changed, { provider, subject });",
        "return changed;",
      ],
      [
        "a removed link signs in",
        "if (user?.credentialsVersion !== credentialsVersion) return null;",
        "if (user === null) return null;",
      ],
      [
        "a link that is removed later signs in",
        "{ ifVersion: credentialsVersion, raiseVersion: false }",
        "{ ifVersion: null, raiseVersion: false }",
      ],
      [
        "a password is no other method",
        "user.passwordHash === null && links.length === 1",
        "links.length === 1",
      ],
      [
        "a link is no other method",
        "user.passwordHash === null && links.length === 1",
        "user.passwordHash === null",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/oauth-identity.ts`,
    ["test/oauth/later-profile.test.ts"],
    [
      [
        "a profile that is not written fails the sign-in",
        "return takeLaterProfile(app, user, told).catch(reportQuietly(app.engine.report));",
        "return takeLaterProfile(app, user, told);",
      ],
      ["a profile is tried until it is written", "      isProfileTaken = true;\n", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/oauth-identity.ts`,
    ["test/oauth/squatters.test.ts"],
    [
      [
        "a link for a disabled user",
        'if (user !== null && user.disabledAt !== null) throw new AuthError("forbidden");',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/env.ts`,
    [`${CORE}/platform/env.test.ts`],
    [["a decision is repeated without a pause", "if (milliseconds > 0) await pause(milliseconds);", ""]],
  ),
  ...editsIn(
    `${CORE}/platform/env.ts`,
    ["test/stores/redis-slow-writes.test.ts"],
    [
      [
        "a decision is repeated three times",
        "const PAUSES = [0, 0, 5, 10, 20, 40, 80, 160, 320];",
        "const PAUSES = [0, 0, 0, 0];",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/password/provider.ts`,
    ["test/attacks/hook-answers.test.ts"],
    [["a truthy answer is a sign-in", 'requireFlag("hasher.verify", ok);', ""]],
  ),
  ...editsIn(
    `${CORE}/auth/guard-store.ts`,
    ["test/attacks/prototype-pollution.test.ts"],
    [["a member of a prototype", "name in Object.prototype ? own(value, name) : value[name]", "value[name]"]],
  ),
  ...editsIn(
    `${CORE}/sessions/published-ends.ts`,
    ["test/sessions/ended-list.test.ts"],
    [
      [
        "the list of ends names sessions",
        "toBase64url(labelledHash(`ended/${of}`, utf8(id)).subarray(0, KEY_BYTES))",
        "`${of}${id}`",
      ],
    ],
  ),
];
