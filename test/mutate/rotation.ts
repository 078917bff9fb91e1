import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides when sessions start, rotate and end. */
export const rotationEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/sessions/refresh-token.ts`,
    [`${CORE}/sessions/refresh-token.test.ts`],
    [
      [
        "a digest of any session",
        'labelledDigest("family", idBytes(id), familySecret)',
        'labelledDigest("family", familySecret)',
      ],
      [
        "a rotating secret of any session",
        'labelledDigest("refresh-token", idBytes(id), rotatingSecret)',
        'labelledDigest("refresh-token", rotatingSecret)',
      ],
      ["one label for both secrets", 'labelledDigest("refresh-token"', 'labelledDigest("family"'],
      ["a token of any version", "|| (bytes[0] !== REMEMBERED && bytes[0] !== FORGOTTEN)", ""],
      ["a token of any length", "|| text.length !== REFRESH_TOKEN_LENGTH", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/start.ts`,
    ["test/sessions/credential-changes.test.ts"],
    [
      [
        "a sign-in after a password change",
        "ifVersion: engine.usersElsewhere ? null : start.user.credentialsVersion",
        "ifVersion: null",
      ],
      [
        "a sign-in of a user who changed elsewhere",
        "(engine.usersElsewhere && (await haveCredentialsChanged(engine, start.user)))",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/start.ts`,
    ["test/sessions/disabled-users.test.ts"],
    [
      [
        "a sign-in of a user who is disabled elsewhere",
        "user === null || user.disabledAt !== null || user.credentialsVersion !== checkedUser.credentialsVersion",
        "user === null || user.credentialsVersion !== checkedUser.credentialsVersion",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/start.ts`,
    ["test/oauth/sign-in-orders.test.ts"],
    [
      [
        "a sign-in after its session ended",
        "start.succeeds !== null && !created.ended.some(({ id }) => id === start.succeeds)",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/start.ts`,
    ["test/sessions/hooks.test.ts"],
    [
      [
        "hooks.signedIn refuses nothing",
        'return verdict.kind === "replace"\n',
        'if (verdict.kind === "refuse") return row;\n  return verdict.kind === "replace"\n',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/devices.test.ts"],
    [
      ["an unknown address replaces a known one", "seen.address ?? before.address", "seen.address"],
      ["a first device is a change", "before[name] !== null && before", "before"],
      [
        "a changed device is no event",
        "if (recorded === null || !hasChanged(before, after)) return;",
        "return;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/hooks.test.ts"],
    [["hooks.refreshed refuses nothing", 'if (verdict.kind === "refuse") {', "if (false) {"]],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/rotation.test.ts"],
    [
      [
        "reuse issues tokens",
        'if (outcome === "reuse") return refuse("refresh_token_reused", token.id);',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/transports.test.ts"],
    [["the transport is not checked", "transport: restrictTransport ? transport : null", "transport: null"]],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/ended-sessions.test.ts"],
    [
      [
        "a refresh of a disabled user of another store",
        'user.disabledAt === null ? null : "user_disabled"',
        "null",
      ],
      [
        "a refresh of a deleted user of another store",
        'user === null ? "user_deleted" : user.disabledAt',
        "user === null ? null : user.disabledAt",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-claims.ts`,
    ["test/sessions/transports.test.ts"],
    [
      [
        "a bearer token as a cookie",
        "!restrictTransport || transport === null || claims.transport === transport",
        "true",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-token.ts`,
    ["test/attacks/cookie-tossing.test.ts"],
    [
      [
        "many cookies of a sibling hide the user's own",
        "texts.length > MAX_TOKENS && texts.some(({ hostBound }) => !hostBound)",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/policy.ts`,
    [`${CORE}/sessions/policy.test.ts`],
    [
      ["an access token of any lifetime", "access > MAX_ACCESS_LIFETIME", "false"],
      ["a lease of any length", "lease < MIN_LEASE || lease > MAX_LEASE", "lease < MIN_LEASE"],
      ["no lease", "lease < MIN_LEASE || lease > MAX_LEASE", "lease > MAX_LEASE"],
      ["an access token shorter than two leases", "if (access < 2 * lease)", "if (false)"],
      ["a refresh that is always due", "if (refreshBefore > access - 2 * lease)", "if (false)"],
      ["an idle lifetime below the access token's", "lifetime !== null && lifetime < least", "false"],
      ["an absolute lifetime below the idle one", "maxLifetime === null || maxLifetime >= floor", "true"],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/attacks/unproven-refresh.test.ts"],
    [
      [
        "forged tokens use up the attempts of the owner",
        'reason === "wrong_family" ? null : sessionId',
        "sessionId",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/refresh.ts`,
    ["test/attacks/unproven-refresh.test.ts"],
    [
      [
        "refreshes that prove no session are not counted",
        'await limitClientLocally(app, "unprovenRefresh"',
        'await String(app, "unprovenRefresh"',
      ],
      [
        "refreshes without a refresh token are not counted",
        'return limitUnlessStoreDown(app, bucketOf("refresh", provenId));',
        "return;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/refresh.ts`,
    ["test/sessions/transports.test.ts"],
    [["a refusal that is not final clears the cookies", "if (FINAL_CODES.has(result.code))", "if (true)"]],
  ),
];
