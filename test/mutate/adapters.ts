import { type Edit, editsIn } from "./edit.ts";

const VALIDATOR = "packages/core/src/validator.ts";

/** What decides in the packages of hosts, and in the validator without a store. */
export const adapterEdits: readonly Edit[] = [
  ...editsIn(
    "packages/core/src/http/verify-request.ts",
    ["test/sessions/validator.test.ts"],
    [
      [
        "the validator checks no origin",
        "isForged(request, site, credentials, policy) ? null : credentials",
        "credentials",
      ],
      ["two sessions are no conflict", 'if (access.kind !== "live")', 'if (access.kind === "none")'],
      ["two sessions are no conflict without a store", "rest.some(({ sid }) => sid !== first.sid)", "false"],
    ],
  ),
  ...editsIn(
    VALIDATOR,
    ["packages/core/src/validator.test.ts"],
    [
      [
        "keys come by http",
        'return isSafe && url.username === ""',
        'return url !== null && url.username === ""',
      ],
      ["keys come with credentials", 'url.username === "" && url.password === ""', "true"],
    ],
  ),
  ...editsIn(
    "packages/core/src/keys/key-set.ts",
    ["test/sessions/validator-keys.test.ts"],
    [
      ["a key that may not verify", 'mayVerify(jwk) ? null : "has key_ops without verify"', "null"],
      ["a key without alg", "if (!isAsymmetric(algorithm)) return", "if (false) return"],
    ],
  ),
  ...editsIn(
    "packages/hono/src/index.ts",
    ["packages/hono/src/index.test.ts"],
    [
      ["the value of another middleware is a validation", 'Symbol("latchkey")', '"latchkey" as never'],
      ["the validation of another auth", "if (earlier?.auth === auth) {", "if (earlier !== undefined) {"],
      ["a route of another auth", "found === undefined || isOther", "found === undefined"],
      [
        "a route without a session",
        "if (!found.validation.ok) return found.validation.response();",
        "if (!found.validation.ok) return next();",
      ],
      [
        "a route for which `when` is not true",
        "when(found.validation.session) !== true",
        "!when(found.validation.session)",
      ],
      ["a route for any sign-in", "isBound ? found.auth.stepUp", "false ? found.auth.stepUp"],
      ["a handshake rotates", '{ ...options, refresh: "never" } : options', "options : options"],
    ],
  ),
  ...editsIn(
    "packages/hono/src/respond.ts",
    ["packages/hono/src/respond.test.ts"],
    [
      [
        "the page of a user is public",
        "const response = applyValidation(c.res, validation);",
        "const response = new Response(c.res.body, c.res);",
      ],
      ["a page of Hono is public", "writeValidation(prepared, validation);", "undefined;"],
      ["a response of another request is changed", "headers === prepared &&", ""],
      ["a response that is kept has cookies", "validation.headers.getSetCookie().length === 0", "true"],
    ],
  ),
  ...editsIn(
    "packages/next/src/server.ts",
    ["packages/next/src/require-session.test.ts"],
    [
      ["a page without `when`", "when(valid.session) === true", "true"],
      ["a page without a session", "valid !== null && when", "valid === null || when"],
      ["a truthy `when`", "when(valid.session) === true", "when(valid.session)"],
      ["a page for any sign-in", "isAllowed && meetsBounds(auth, valid, bounds)", "isAllowed"],
      ["a server component rotates", 'current.canSetCookies ? "auto" : "never"', '"auto"'],
      [
        "a store that is down signs out",
        "if (validation.status >= 500) throw new AuthError(validation.code);",
        "",
      ],
      ["an unsafe method is safe", 'isUnsafe(sent) ? "POST" : "GET"', '"GET"'],
    ],
  ),
  ...editsIn(
    "packages/next/src/proxy.ts",
    ["packages/next/src/proxy.test.ts"],
    [
      ["a protected page without a session", "&& isProtected(pathname)", "&& false"],
      ["a path with an escape is one of ours", "!/%|\\/\\//.test(pathname) &&", ""],
    ],
  ),
  ...editsIn(
    "packages/next/src/url.ts",
    ["packages/next/src/url.test.ts"],
    [
      [
        "a path with dots",
        "decoded === null || hasDotSegment(path) || hasDotSegment(decoded)",
        "decoded === null",
      ],
      [
        "an escape that cannot be read",
        "return forms === null || forms.some",
        "return forms !== null && forms.some",
      ],
      ["a path in capitals", '"is");', '"s");'],
      ["the data of a page", "flatMap((form) => [form, pageOf(form)])", "flatMap((form) => [form])"],
      ["a path of two slashes", 'path.replace(/[/\\\\]+/g, "/")', "path"],
    ],
  ),
];
