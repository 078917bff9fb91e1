import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const MODES = "test/sessions/sign-up-modes.test.ts";
const VERIFY = "test/sessions/verify-email.test.ts";
const GUESSES = "test/attacks/mail-token-guessing.test.ts";
const HIJACK = "test/attacks/pre-hijack-sign-up.test.ts";
const CLOSED = "test/attacks/closed-registration.test.ts";
const INVITED = "test/oauth/invited-sign-in.test.ts";

/** What decides about sign-ups, and about what a proof of an address keeps. */
export const signUpEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    ["test/sessions/mail-sign-in.test.ts", "test/sessions/sign-up-orders.test.ts"],
    [
      [
        "a failed sign-up deletes a user in use",
        "(await app.engine.store.list(id, now(app.env))).length > own",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [`${CORE}/accounts/sign-up.test.ts`, MODES],
    [["an invitation opens nothing", 'if (hasInvitation) return "by_invitation";', ""]],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [`${CORE}/accounts/sign-up.test.ts`, CLOSED],
    [
      ["sign-up is never closed", 'return signUp === "open" ? "open" : "refuse";', 'return "open";'],
      ["an invitation opens a closed sign-up", 'if (signUp === "closed" || !byMethod)', "if (!byMethod)"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [`${CORE}/accounts/sign-up.test.ts`, "test/sessions/mail-sign-in.test.ts"],
    [["every message signs up", 'if (signUp === "closed" || !byMethod)', 'if (signUp === "closed")']],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [MODES, INVITED],
    [
      [
        "a lost answer deletes the user of an invitation",
        'if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;',
        "throw error;",
      ],
      [
        "an invitation that is spent in between creates a user",
        'if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/mail-sign-in.ts`,
    [CLOSED],
    [
      [
        "a message signs up although it is closed",
        'return decideSignUp({ signUp, byMethod: provider.signUp, hasInvitation: false }) === "open";',
        "return provider.signUp;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/oauth-identity.ts`,
    [CLOSED, INVITED],
    [["a provider signs up although it is closed", 'if (admission === "refuse") throw', "if (false) throw"]],
  ),
  ...editsIn(
    `${CORE}/accounts/oauth-identity.ts`,
    [INVITED],
    [
      ["an invitation is for any account", "if (!isInvited(email, invited)) {", "if (false) {"],
      ["an invitation is for a like mailbox", " && hasSameMailbox(email, invited);", ";"],
      [
        "an invitation passes by the user of its address",
        'if (owner !== null) throw new AuthError("account_not_linked");',
        "if (owner !== null) return decision;",
      ],
      [
        "an invitation proves no address",
        'return { kind: "create", email: invited, verified: true };',
        "return decision;",
      ],
      ["a provider spends no invitation", "await redeemInvitation(app, invitation);", ""],
      ["an invitation of another user is spent", 'if (created !== "user" || invitation', "if (invitation"],
      ["the session of a spent invitation stays", "{ created, account, own: 1 }", "{ created, account }"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-callback.ts`,
    [INVITED],
    [
      [
        "wrong invitations are not counted",
        "countInvalidToken(app, call, () => readInvitation(app, invitation))",
        "readInvitation(app, invitation)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-start.ts`,
    [INVITED],
    [["any text is an invitation", " || !isMailToken(invitation)", ""]],
  ),
  ...editsIn(
    `${CORE}/password/provider.ts`,
    [`${CORE}/accounts/sign-up.test.ts`, MODES],
    [["an unproven user signs in", 'return emailVerified || verifyEmail !== "required";', "return true;"]],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [`${CORE}/accounts/sign-up.test.ts`, HIJACK],
    [
      [
        "any browser is the one of the sign-up",
        "isOneTimeToken(secret) && equalStrings(hashOneTimeToken(secret, PURPOSE), browser)",
        "isOneTimeToken(secret)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/sign-up.ts`,
    [MODES],
    [
      [
        "an address with an account is invited",
        "if ((await app.users.find({ email })) !== null) throw",
        "if (false) throw",
      ],
      [
        "a failed sign-up deletes a linked user",
        "if ((await app.users.accounts(id)).length > 0) return true;",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    [`${CORE}/accounts/verify-email.test.ts`, VERIFY],
    [
      [
        "a proven address gets messages",
        'user.emailVerified || user.disabledAt !== null ? "none"',
        'user.disabledAt !== null ? "none"',
      ],
      [
        "a disabled user gets messages",
        'user.emailVerified || user.disabledAt !== null ? "none"',
        'user.emailVerified ? "none"',
      ],
      [
        "a token outlives a change of the credentials",
        "user.email === email && user.credentialsVersion === credentialsVersion",
        "user.email === email",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    [`${CORE}/accounts/verify-email.test.ts`],
    [
      [
        "a sign-up takes an address with an account",
        'return user === null ? { kind: "create"',
        'return true ? { kind: "create"',
      ],
      [
        "a token outlives a change of the address",
        "user.email === email && user.credentialsVersion === credentialsVersion",
        "user.credentialsVersion === credentialsVersion",
      ],
      [
        "a disabled user is verified",
        "if (user === null || user.disabledAt !== null) return null;",
        "if (user === null) return null;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    [VERIFY],
    [
      [
        "a verification spends no token",
        'await redeemMailToken(app, "verify", token);',
        'await readMailToken(app, "verify", token);',
      ],
      ["a decoy replaces a sign-up", "subject: `decoy ${email}`", "subject: email"],
      [
        "credentials that changed during a verification are kept",
        "(await proveMailbox(app, id, proof, credentialsVersion))",
        "(await proveMailbox(app, id, proof))",
      ],
      [
        "a verification by hand takes any password",
        "if (password !== undefined && !isOwner) throw",
        "if (false) throw",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    [MODES, CLOSED],
    [
      [
        "a sign-up from before it was closed creates a user",
        'decision === "open" ? parseSignUp(token) : null',
        "parseSignUp(token)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    [VERIFY, HIJACK],
    [
      ["every proof is the owner's", '{ by: isOwner ? "owner" : "message" }', '{ by: "owner" }'],
      [
        "the password of a stranger's sign-up is kept",
        ": { username: null, name: null, passwordHash: null };",
        ": { username: null, name: null, passwordHash };",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/verify-email.ts`,
    ["test/sessions/profile.test.ts"],
    [
      [
        "the name of a stranger's sign-up is kept",
        ": { username: null, name: null, passwordHash: null };",
        ": { username: null, name, passwordHash: null };",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/prove-mailbox.ts`,
    [VERIFY],
    [
      [
        "a proof is for any version of the credentials",
        "if (ifVersion !== null && user?.credentialsVersion !== ifVersion) return null;",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    ["test/sessions/invited-by-mail.test.ts"],
    [["an invited person needs no password anywhere", "signsInByMail(app) && !Object", "!Object"]],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    [MODES],
    [
      ["a closed sign-up is served", 'if (decision === "refuse") throw signUpRefused(app.config);', ""],
      ["no sign-up waits for a proof", 'app.password?.verifyEmail === "required"', "false"],
      ["an invitation is never spent", "await redeemInvitation(app, invitation);", ""],
      [
        "an invitation is for any address",
        "if (given !== undefined && parseEmail(given) !== invited) {",
        "if (false) {",
      ],
      [
        "a failed sign-up leaves its user",
        "await undoSignUp(app, user, own).catch(reportQuietly(app.engine.report));",
        "",
      ],
      [
        "a known address gets another message",
        "if (user !== null) await sendReset",
        "if (false) await sendReset",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    ["test/attacks/password-enumeration.test.ts"],
    [
      [
        "a sign-up tells of a known address",
        "if (user !== null) await sendReset",
        'if (user !== null) throw new AuthError("identifier_taken");\n  if (user !== null) await sendReset',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/password.ts`,
    [MODES, HIJACK],
    [
      [
        "a sign-in asks for no proof",
        "|| maySignIn(app.password, user)) return user;",
        "|| true) return user;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/verify-email.ts`,
    [MODES],
    [
      [
        "a refused sign-in sends any number of messages",
        'await limitMailRequest(app, call, "verify", { email, user });',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/verify-email.ts`,
    [VERIFY],
    [
      [
        "any password proves the owner",
        "if (!isSignedIn && given !== null) await requirePasswordOf(app, call, user, given);",
        "",
      ],
      [
        "any password proves a sign-up",
        "isWrong = !(await isPasswordOf(app, given, passwordHash));",
        "isWrong = false;",
      ],
      [
        "guesses of the password of a sign-up are not counted",
        "if (!isWrong) await giveBackAttempt(app, buckets);",
        "await giveBackAttempt(app, buckets);",
      ],
      [
        "wrong tokens are not counted",
        "await countInvalidToken(app, call, () => readVerification(app, input.token))",
        "await readVerification(app, input.token)",
      ],
      [
        "requests of a signed-in user are not counted",
        'await limitMailRequest(app, call, "verify", { email, user });',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    [VERIFY],
    [
      [
        "a session of another user is one's own",
        "return (await userSignedIn(app, call)) === user.id;",
        "return (await userSignedIn(app, call)) !== null;",
      ],
      [
        "an ended session is one's own",
        '{ refresh: "prove", fresh: true, keepAlive: null }',
        '{ refresh: "prove", fresh: false, keepAlive: null }',
      ],
      [
        "a session that a hook refuses is one's own",
        "if (!found.ok || runValidatedHook(app, presented.transport, found) === null) return null;",
        "if (!found.ok) return null;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    [MODES],
    [
      [
        "a sign-up without a proof sends a message",
        'if (app.password?.verifyEmail === "later" && user.email !== null) {',
        "if (app.mail !== null && user.email !== null) {",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    [GUESSES],
    [
      [
        "sign-ups by invitations are not counted",
        'await countAttempt(app, networkBuckets("signUp", call.client.networks()));\n  const email',
        "const email",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/verify-email.ts`,
    [GUESSES],
    [["guesses at one sign-up count for every other", "account: JSON.stringify({ email }),", 'account: "",']],
  ),
  ...editsIn(
    `${CORE}/http/routes/password.ts`,
    [MODES],
    [
      [
        "a refused right password is no event",
        'app.engine.emit({ type: "sign_in.failed", userId, code: "invalid_credentials" });',
        "void userId;",
      ],
      ["the host stops before a message is made", "call.client.waitUntil?.(sent);", "void sent;"],
      [
        "a refused right password takes longer",
        "const sent = inNextTurn(async () => {",
        "const sent = (async (make: () => Promise<void>) => make())(async () => {",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/reauthenticate.ts`,
    ["test/sessions/reauthenticate.test.ts"],
    [
      [
        "guesses at a username have a bucket of their own",
        "account: accountKey(app, user),",
        "account: JSON.stringify({ id: user.id }),",
      ],
    ],
  ),
];
