import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides which route answers, and what routes end. */
export const routeEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/http/handle.ts`,
    ["test/attacks/bearer.test.ts"],
    [
      [
        "a route without a challenge",
        'if (response.status === 401 && !response.headers.has("www-authenticate"))',
        "if (false)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/attacks/methods-and-cors.test.ts"],
    [
      [
        "every origin may read responses",
        "if (origin === null || !trusted.has(origin)) return;",
        "if (origin === null) return;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/cors.ts`,
    ["test/attacks/methods-and-cors.test.ts"],
    [
      [
        "every origin passes a preflight",
        "options.trustedOrigins.has(origin) && isPreflight(request)",
        "isPreflight(request)",
      ],
      ["a page may send every header", ".filter((name) => allowHeaders.has(name))", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sessions.ts`,
    [`${CORE}/http/routes/sessions.test.ts`],
    [
      [
        "a bearer token that is not valid is an anonymous visitor",
        'if (status !== 401 || transport !== "cookie") return "refuse";',
        'if (status !== 401) return "refuse";',
      ],
      [
        "a late answer deletes the cookies of another session",
        'method === "GET" && access.length === 0 &&',
        'method === "GET" &&',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/attacks/bearer.test.ts"],
    [
      [
        "a wrong password is a fault of the token",
        'if (code === "invalid_credentials") return challenge(options.bearer.schemes, null);',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/handle.ts`,
    ["test/attacks/csrf.test.ts"],
    [
      [
        "routes check no origin",
        "match.route.crossSite !== true && isCrossSite(request, site, app.config)",
        "false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/list.ts`,
    [`${CORE}/http/handle.test.ts`],
    [
      [
        "another site deletes an account",
        '{ rare: "deleteAccount", method',
        '{ crossSite: true, rare: "deleteAccount", method',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/handle.ts`,
    ["test/attacks/methods-and-cors.test.ts"],
    [["every method reaches a route", "listOf<string>(candidate.method).includes(asked)", "true"]],
  ),
  ...editsIn(
    `${CORE}/http/routes/logout.ts`,
    ["test/attacks/logout.test.ts"],
    [
      [
        "a sign-out without the family secret",
        'await endSession(app.engine, parsed.id, "logout", familyHash);',
        'await endSession(app.engine, parsed.id, "logout");',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/sign-in.ts`,
    ["test/attacks/session-fixation.test.ts"],
    [
      [
        "a sign-in keeps the earlier session",
        "...(await findProvenSessions(app.engine, call.credentials.presented))",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sessions.ts`,
    ["test/sessions/devices.test.ts"],
    [["the session of another user ends", "found.row.userId !== valid.userId ||", ""]],
  ),
  ...editsIn(
    `${CORE}/http/routes/logout.ts`,
    ["test/sessions/ended-sessions.test.ts"],
    [["a sign-out keeps the session", 'await endSession(app.engine, sid, "logout");', ""]],
  ),
  ...editsIn(
    `${CORE}/http/routes/logout.ts`,
    ["test/sessions/ended-sessions.test.ts"],
    [
      [
        "an ended session signs out everywhere",
        '{ refresh: "prove", fresh: true, keepAlive: null }',
        '{ refresh: "prove", fresh: false, keepAlive: null }',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/logout.ts`,
    ["test/sessions/store-calls.test.ts"],
    [["a sign-out of the first proven session alone", "ended.has(parsed.id)", "ended.size > 0"]],
  ),
  ...editsIn(
    `${CORE}/http/routes/logout.ts`,
    ["test/attacks/password-reset.test.ts"],
    [
      ["a sign-out of others voids tokens without a limit", "(await mayFailSignIns(app, id))", "true"],
      [
        "a sign-out of others beyond the limit ends none",
        '} else await endSessionsOf(app.engine, userId, id, "logout");',
        "}",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/handle.ts`,
    ["test/attacks/paths.test.ts"],
    [
      [
        "a parameter of any form",
        '":id": "[A-Za-z0-9_-]+", ":provider": "[a-z0-9-]+"',
        '":id": ".*", ":provider": ".*"',
      ],
    ],
  ),
];
