import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const TOLD = ["test/sessions/errors-told.test.ts"];
const ANSWERS = ["test/sessions/helpful-answers.test.ts"];
const VALUES = ["test/sessions/public-values.test.ts"];
const ARGUMENTS = ["test/attacks/hostile-arguments.test.ts"];

/** What the developer learns of an error, and what the application gets and may pass. */
export const errorEdits: readonly Edit[] = [
  ...editsIn(`${CORE}/platform/faults.ts`, TOLD, [
    ["a fault is reported again", "|| reported.has(error)", ""],
    ["a refusal is reported", "!isFault(error) ||", ""],
    ["the original is lost", "if (kept !== undefined) return kept.thrown;", ""],
    ["a failing sink fails the request", "} catch {", "} finally {"],
  ]),
  ...editsIn(`${CORE}/platform/errors.ts`, TOLD, [
    [
      "an operation is enumerable",
      "{ value: origin.operation ?? null }",
      "{ value: origin.operation ?? null, enumerable: true }",
    ],
    [
      "the cause of a provider's failure is lost",
      'error.code === "oauth_failed" ? error.cause : error',
      "error",
    ],
  ]),
  ...editsIn(`${CORE}/auth/guard-store.ts`, TOLD, [
    ["a caller gets the words of a driver", "cause: outlineOf(error)", "cause: error"],
    ["the error of a driver is dropped", "keep(failure, error);", ""],
  ]),
  ...editsIn(`${CORE}/http/request.ts`, TOLD, [
    ["any request id is taken", "sent !== null && REQUEST_ID.test(sent) ? sent : null", "sent"],
  ]),
  ...editsIn(`${CORE}/http/response.ts`, TOLD, [
    ["an answer has no request id", "if (statuses[code] >= 500) writeRequestId(headers, app);", ""],
  ]),
  ...editsIn(`${CORE}/sessions/events.ts`, TOLD, [
    ["the error of an event sink is dropped", 'report(asFault("onEvent", error))', "undefined"],
  ]),
  ...editsIn(`${CORE}/csrf/decide-csrf.ts`, ANSWERS, [
    ["made-up origins fill the log", "|| named.size >= MAX_NAMED", ""],
    ["an origin is named again", "named.has(origin) ||", ""],
    [
      "the bytes of a header are shown",
      "return url.origin.length > MAX_ORIGIN ? null : url.origin;",
      "return source;",
    ],
    ["an origin of any length", "url.origin.length > MAX_ORIGIN ? null : url.origin", "url.origin"],
    ["an origin of any scheme", '|| (url.protocol !== "https:" && url.protocol !== "http:")', ""],
  ]),
  ...editsIn(`${CORE}/http/request.ts`, ANSWERS, [
    [
      "an answer names the origin in production",
      "if (baseURL === null || isLoopback(baseURL.hostname)) return",
      "if (true) return",
    ],
  ]),
  ...editsIn(`${CORE}/users/user.ts`, VALUES, [
    ["a hash leaves the store", "passwordHash: _, ", ""],
    ["a version leaves the store", "credentialsVersion: __, ", ""],
    ["a class shows its hash", "for (const name of HIDDEN) if (name in copy)", "if (false)"],
  ]),
  ...editsIn(`${CORE}/sessions/start.ts`, VALUES, [
    ["a hook gets the row of a user", "user: publicUser(user)", "user"],
  ]),
  ...editsIn(`${CORE}/sessions/access-token.ts`, VALUES, [
    ["claims get the row of a user", "claims(session, publicUser(user))", "claims(session, user)"],
  ]),
  ...editsIn(`${CORE}/auth/create-auth.ts`, VALUES, [
    ["serialize gets the row of a user", "serialize(publicUser(user))", "serialize(user)"],
    ["a context is made of the row of a user", "from(request, publicUser(user))", "from(request, user)"],
  ]),
  ...editsIn(`${CORE}/auth/public-calls.ts`, ARGUMENTS, [
    ["arguments are not checked", "if (fault !== null) throw", "if (false) throw"],
    [
      "prune takes null for everyone",
      "value === undefined ? null : text(path, value)",
      "value == null ? null : text(path, value)",
    ],
  ]),
  ...editsIn(`${CORE}/http/request.ts`, ARGUMENTS, [
    ["any value is a request", "if (!isRequest) throw", "if (false) throw"],
  ]),
];
