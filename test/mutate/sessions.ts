import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about refresh tokens, and which token authenticates a request. */
export const sessionEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/sessions/decide.ts`,
    [`${CORE}/sessions/decide.test.ts`],
    [
      [
        "a wrong family secret is accepted",
        'if (!equalStrings(row.familyHash, token.familyHash)) return refused("wrong_family");',
        "",
      ],
      ["an ended session rotates", 'if (row.endedAt !== null) return refused("ended");', ""],
      ["an expired session rotates", 'if (isExpired(row, now)) return refused("expired");', ""],
      [
        "a token of the other transport rotates",
        'policy.transport !== row.transport) return refused("wrong_transport")',
        'false) return refused("wrong_transport")',
      ],
      [
        "a lost write counts as reuse",
        'if (token.generation > row.generation) return refused("rolled_back");',
        "",
      ],
      ["reuse is refused and ends nothing", 'return { kind: "reuse" };', 'return refused("wrong_family");'],
      ["reuse ends no session", 'endedAt: now, endReason: "reuse"', 'endReason: "reuse"'],
      [
        "a leased child rotates again",
        'return leased ? { kind: "access_only", presented: "child" }',
        'return false ? { kind: "access_only", presented: "child" }',
      ],
      [
        "a leased root gets a second child",
        'return leased ? { kind: "access_only", presented: "root" }',
        'return false ? { kind: "access_only", presented: "root" }',
      ],
      ["the lease has no end", "return age < lease && age >= -lease;", "return age >= -lease;"],
      ["a lease ahead of time has no bound", "return age < lease && age >= -lease;", "return age < lease;"],
      [
        "any secret is a child",
        "equalStrings(row.childHash, token.secretHash)",
        "row.childHash !== token.familyHash",
      ],
      [
        "any secret is a root",
        "equalStrings(row.rootHash, token.secretHash)",
        "row.rootHash !== token.familyHash",
      ],
      ["a child of any generation", "token.generation === row.generation &&", ""],
      ["a root of any generation", "token.generation === row.rootGeneration &&", ""],
      ["the parent stays a root after its child rotates", "...proved,", ""],
      ["the idle expiry is not checked", "now >= row.expiresAt", "false"],
      ["the absolute expiry is not checked", "now >= row.absoluteExpiresAt", "false"],
      [
        "a rotation moves the idle expiry past the absolute one",
        "Math.min(idle, row.absoluteExpiresAt)",
        "Math.max(idle, row.absoluteExpiresAt)",
      ],
      [
        "a token is proven without rotation for ever",
        'hasRecentlyIssued(row, now, policy.lease) ? { kind: "proven" }',
        'true ? { kind: "proven" }',
      ],
      ["a superseded token proves a session", 'return { kind: "superseded" };', 'return { kind: "proven" };'],
      ["a row dated ahead is recent for ever", "&& age >= -MAX_ACCESS_LIFETIME", ""],
      ["a child of another generation is confirmed", "row.generation !== generation || !due", "!due"],
      [
        "a child is confirmed within the lease",
        "row.generation !== generation || !due",
        "row.generation !== generation",
      ],
      [
        "the child of an ended session is confirmed",
        "if (!isLive(row, now) || row.childHash",
        "if (row.childHash",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/select.ts`,
    [`${CORE}/sessions/select.test.ts`],
    [
      [
        "two live sessions are no conflict",
        "if (sessionsOf(access).size > 1) return conflictOf(access);",
        "",
      ],
      [
        "a sibling's refresh token is no conflict",
        "return rivals.length > 0 ? conflictOf([chosen, ...rivals])",
        "return false ? conflictOf([chosen, ...rivals])",
      ],
      ["two refreshable sessions are no conflict", "sessionsOf(live).size > 1 ||", ""],
      [
        "an access token beside a refresh token is no conflict",
        "(live.length > 0 && others.length > 0)",
        "false",
      ],
      ["a former name outranks nothing", "isProven || (wasProven && !candidate.hostBound)", "false"],
      [
        "an expired access token authenticates",
        '.filter(({ verdict }) => verdict === "live");\n  const refresh',
        ";\n  const refresh",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-claims.ts`,
    ["test/attacks/forged-claims.test.ts"],
    [
      ["any issuer", "iss !== expected.issuer ||", ""],
      ["any audience", "|| aud !== expected.audience", ""],
      ["a token of tomorrow", "iat > expected.now + SKEW ||", ""],
      ["a token without a lifetime", "exp <= iat ||", ""],
      ["a token of any lifetime", "|| exp - iat > MAX_ACCESS_LIFETIME", ""],
      ["nbf is not read", "!(isTime(nbf) && nbf <= expected.now + SKEW)", "false"],
      ["a token never expires", 'exp <= expected.now ? "expired" : "live"', '"live"'],
      ["an expiry in milliseconds", "&& value < MAX_TIME", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-token.ts`,
    ["test/attacks/forged-claims.test.ts"],
    [
      ["any transport", '(transport === "cookie" || transport === "bearer") &&', ""],
      ["an empty subject", "value.length > 0 &&", ""],
      ["a subject of any length", "&& value.length <= MAX_ID", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-token.ts`,
    ["test/attacks/prototype-pollution.test.ts"],
    [["the subject of a prototype", 'isId(own(payload, "sub"))', 'isId(payload["sub"])']],
  ),
  ...editsIn(
    `${CORE}/sessions/access-token.ts`,
    ["test/sessions/lifetimes.test.ts"],
    [
      [
        "an access token outlives its session",
        "Math.min(now + row.accessLifetime, row.absoluteExpiresAt ?? Number.POSITIVE_INFINITY)",
        "now + row.accessLifetime",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/access-token.ts`,
    ["test/sessions/hooks.test.ts"],
    [["a custom claim replaces one of ours", "if (reservedClaims.has(name))", "if (false)"]],
  ),
  ...editsIn(
    `${CORE}/sessions/authenticate.ts`,
    ["test/sessions/ended-sessions.test.ts"],
    [
      [
        "an ended session passes while its token is near expiry",
        "END_CODES.has(result.code) ? result : keepToken",
        "keepToken",
      ],
      [
        "a revoked session passes near expiry",
        '  "session_revoked",\n  "session_expired",\n',
        '  "session_expired",\n',
      ],
      [
        "an expired session passes near expiry",
        '  "session_expired",\n  "refresh_token_reused",\n',
        '  "refresh_token_reused",\n',
      ],
      ["a reused token passes near expiry", '  "refresh_token_reused",\n]', "]"],
      [
        "fresh accepts an expired session",
        "found === null || isExpired(found.row, found.now)",
        "found === null",
      ],
      [
        "fresh accepts a deleted session",
        "found === null || isExpired(found.row, found.now)",
        "found !== null && isExpired(found.row, found.now)",
      ],
      ["fresh accepts a revoked session", 'found.row.endedAt === null ? null : "session_revoked"', "null"],
      ["fresh is not read", 'fresh || settings.revocation === "store"', 'settings.revocation === "store"'],
      ["revocation store is not read", 'fresh || settings.revocation === "store"', "fresh"],
      [
        "never accepts a disabled user of another store",
        'user === null || user.disabledAt !== null ? "refused" : user',
        'user === null ? "refused" : user',
      ],
      [
        "never accepts a deleted user of another store",
        'user === null || user.disabledAt !== null ? "refused" : user',
        'user !== null && user.disabledAt !== null ? "refused" : user',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/authenticate.ts`,
    ["test/attacks/theft-without-rotation.test.ts"],
    [
      [
        "never accepts a stale token",
        '(lookUp.kind === "stale" && purpose === "prove")',
        'lookUp.kind === "stale"',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/remote-ends.ts`,
    ["test/sessions/validator-ended.test.ts"],
    [["a validator accepts a token with an old role", 'stale: "session_expired"', "stale: null"]],
  ),
  ...editsIn(
    `${CORE}/sessions/authenticate.ts`,
    ["test/sessions/ended-list.test.ts"],
    [
      ["the list of ended sessions is not read", 'if (ended === null) return "valid";', 'return "valid";'],
      ["a listed session is accepted", 'ended: { ok: false, code: "session_revoked" }', 'ended: "valid"'],
      ["a session of a user with many ends is accepted", 'user_ended: "unsure"', 'user_ended: "valid"'],
      ["a token with an old context is accepted", 'stale: "stale"', 'stale: "valid"'],
      [
        "an unsure token is accepted while the store is down",
        'if (revocation === "unsure" || revocation === "unsure_now") throw',
        "if (false) throw",
      ],
      ["an ended row renews a token", "found === null || code !== null) return", "found === null) return"],
      ["a renewed token lives longer", "at), iat, exp, jti }", "at), iat, jti }"],
      [
        "every request refreshes for a minute after many ends",
        "staysListed ? `${revocation}_now` : revocation",
        "revocation",
      ],
      [
        "a replaced context counts until the token expires",
        'JSON.stringify(claims.context) ? "valid" : "stale"',
        'JSON.stringify(claims.context) ? "valid" : "valid"',
      ],
      ["a clock that is ahead hides a new context", 'maybe_stale: "stale_now"', 'maybe_stale: "valid"'],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/ended-list.test.ts"],
    [
      [
        "a token issued during the end of its session is newer than the end",
        "mintTokens(engine, row, user, issue)",
        "mintTokens(engine, row, user, { ...issue, at: now(engine.env) })",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/revocation.ts`,
    ["packages/core/src/sessions/revocation.test.ts"],
    [
      ["an end is replaced by a change", 'one.kind === "ended" ? "ended" : other.kind', "other.kind"],
      [
        "a clock that jumps drops ends",
        "Math.min(Math.max(now - list.readAt, 0), longest)",
        "now - list.readAt",
      ],
      [
        "an end is dropped with an older one",
        "dropAt: Math.max(larger.dropAt, smaller.dropAt)",
        "dropAt: larger.dropAt",
      ],
      ["an end in a larger part is not found", "found === undefined ? end : mergeEnds(found, end)", "end"],
      ["the first request waits for no read", "const mustWait = waits ||", "const mustWait ="],
      ["a request after an idle time waits for no read", "last === null || at - last > gap", "last === null"],
      ["a list that is behind is accepted", 'if (whenBehind === "accept") return;', "return;"],
      ["the skew of clocks is left out", "token.issuedAt <= user.at + skew", "token.issuedAt <= user.at"],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/presented-tokens.ts`,
    ["test/attacks/session-fixation.test.ts"],
    [["a session id alone proves a session", 'if (decision.kind !== "refused") ids.add', "ids.add"]],
  ),
  ...editsIn(
    `${CORE}/sessions/authenticate.ts`,
    ["test/attacks/theft-without-rotation.test.ts"],
    [["ignore reads the refresh token", 'if (options.refresh === "ignore") return', "if (false) return"]],
  ),
];
