import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const CACHE = ["test/sessions/token-cache.test.ts"];

/** What a token that was verified before must still meet. */
export const tokenCacheEdits: readonly Edit[] = [
  ...editsIn(`${CORE}/sessions/access-token.ts`, CACHE, [
    ["a kept token outlives its key", "(await keys.find(known.key.kid)) === known.key", "true"],
    ["a kept token never expires", "verifiedAs(judgeClaims(known.claims, expected)", 'verifiedAs("live"'],
    ["an expired token is kept", 'verdict === "live" ? cache.put', 'verdict !== "invalid" ? cache.put'],
  ]),
  ...editsIn(`${CORE}/sessions/token-cache.ts`, CACHE, [
    [
      "a recalled token outlives its key",
      "|| expected.keys.known(known.key.kid, expected.now) !== known.key",
      "",
    ],
    [
      "a recalled token never expires",
      'const isLive = judgeClaims(known.claims, expected) === "live"',
      "const isLive = true",
    ],
    [
      "a recalled token has any transport",
      "isLive && matchesTransport(expected, known.claims, transport) ?",
      "isLive ?",
    ],
  ]),
  ...editsIn(`${CORE}/sessions/authenticate.ts`, CACHE, [
    [
      "a recalled session has not ended",
      'judgeToken(list, token, CLOCK_SKEW) === "unlisted";',
      "list.readAt > 0;",
    ],
    ["a recalled session asks no store", 'settings.revocation === "store" ||', ""],
    ["a recalled session confirms no refresh token", 'settings.confirm === "early" ||', ""],
    ["a recalled session runs no hook", "|| hooks.validated !== undefined", ""],
    ["a recalled session is not refreshed", "mayRefresh && isNearExpiry(claims, at, refresh)", "false"],
  ]),
  ...editsIn(`${CORE}/http/glimpse.ts`, CACHE, [
    [
      "a recalled request comes from any site",
      'if ((method !== "GET" && method !== "HEAD") || headers.has("upgrade")) return null;',
      "",
    ],
    [
      "a wrong bearer token falls back to a cookie",
      'return bearer === "" ? null : { token: bearer',
      'if (bearer !== "") return { token: bearer',
    ],
  ]),
  ...editsIn(`${CORE}/cookies/cookie.ts`, CACHE, [
    ["the first of two tokens is taken", "if (end >= 0 && header.includes(name, end)) return null;", ""],
  ]),
  ...editsIn(
    `${CORE}/sessions/token-cache.ts`,
    [`${CORE}/sessions/token-cache.test.ts`],
    [
      ["a kept token has any header", "&& token.slice(0, header.length) === header", ""],
      ["a kept token has any payload", "token.slice(header.length) === rest &&", ""],
      ["the claims of a kept token can be changed", "freezeDeep(entry.claims);", ""],
      ["another header is recalled", "last?.header === `${segment}.` ?", "last !== null ?"],
      ["the cache grows", "if (young.size >= Number(size))", "if (size === -1)"],
      ["a token in use is pushed out", "if (recent === undefined && entry.claims.exp > at) keep(entry);", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/remote-ends.ts`,
    ["test/sessions/validator-ended.test.ts"],
    [
      [
        "a recalled token of a validator has not ended",
        "list !== null && REFUSALS[judge(list, claims)] === null",
        "list !== null",
      ],
    ],
  ),
  ...editsIn(`${CORE}/sessions/authenticate.ts`, CACHE, [
    ["the list is judged at the time before a wait", "sole, now(engine.env))", "sole, expected.now)"],
  ]),
  ...editsIn(`${CORE}/cookies/cookie.ts`, CACHE, [
    ["a token with blanks is refused", "return trim(value) === value ? value : null;", "return value;"],
  ]),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    [`${CORE}/cookies/names.test.ts`],
    [["the site of a blob is kept", 'origin.protocol !== "https:" && origin.protocol !== "http:"', "false"]],
  ),
  ...editsIn(
    `${CORE}/sessions/token-cache.ts`,
    [`${CORE}/sessions/token-cache.test.ts`],
    [["an expired token pushes another out", "&& entry.claims.exp > at", ""]],
  ),
];
