import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about the tokens, the body and the session of a request. */
export const httpEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/attacks/bearer.test.ts"],
    [
      [
        "an invalid bearer token falls back to the cookie",
        'return rest.length === 1 ? (rest[0] ?? "") : "";',
        "return rest.length === 1 ? (rest[0] ?? null) : null;",
      ],
      ["any scheme is a token", "if (!bearer.schemes.includes(scheme.toLowerCase())) return null;", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/attacks/bearer.test.ts"],
    [
      ["a 401 without a challenge", "if (status === 401) headers.set", "if (false) headers.set"],
      [
        "a challenge only for a token",
        "if (status === 401) headers",
        "if (status === 401 && sent !== null) headers",
      ],
      ["an error without a token", 'some(({ token }) => token !== "") === true', "length !== undefined"],
    ],
  ),

  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/attacks/csrf.test.ts"],
    [
      ["no request is cross-site", 'return decision.kind === "reject";', "return false;"],
      [
        "validate checks no origin",
        "&& ambient && isCrossSite(request, site, options)",
        "&& ambient && false",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/attacks/cookie-tossing.test.ts"],
    [["every cookie is of this host", "hostBound: !settableBySibling.has(name)", "hostBound: true"]],
  ),
  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/attacks/refresh-path.test.ts"],
    [["a refresh cookie on every path", "if (sendsRefreshCookie(site)) refresh.push", "refresh.push"]],
  ),
  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/oauth/navigation.test.ts"],
    [["a flow by any request", "if (isNavigation(request)) return;", "return;"]],
  ),
  ...editsIn(
    `${CORE}/csrf/decide-csrf.ts`,
    [`${CORE}/csrf/decide-csrf.test.ts`],
    [
      ["a flow by fetch", 'if (mode !== null && mode !== "navigate") return "refuse";', ""],
      [
        "a flow in a frame or an image",
        'if (destination === null || destination === "document") return "allow";',
        'return "allow";',
      ],
      [
        "a relayed flow without its mode",
        'destination === "empty" && mode === "navigate"',
        'destination === "empty"',
      ],
      ["a flow by prefetch", 'method === "HEAD" || ahead', 'method === "HEAD"'],
      ["a flow by HEAD", 'method === "HEAD" || ahead', "ahead"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/attacks/body-parsing.test.ts"],
    [
      [
        "a declared body of any length",
        'if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY)',
        "if (false)",
      ],
      [
        "a body of any length",
        'if (bytes === null) throw new AuthError("payload_too_large", TOO_LARGE);',
        "if (bytes === null) return new Uint8Array();",
      ],
      ["a body of any type", "if (!isForm && !JSON_TYPE.test(type))", "if (false)"],
      ["a field twice", "if (Object.hasOwn(fields, name)) return null;", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/attacks/theft-without-rotation.test.ts"],
    [["never is taken for every method", 'SAFE_METHODS.has(method) ? "never" : "ignore"', '"never"']],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/attacks/csrf.test.ts"],
    [
      [
        "a forged request is validated",
        'return failRequest(app, "csrf_rejected", credentials, crossSiteMessage(app, request, site));',
        ";",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/sessions/hooks.test.ts"],
    [
      [
        "hooks.validated refuses nothing",
        'if (verdict.kind === "refuse") return null;',
        'if (verdict.kind === "refuse") return { session, claims };',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validation.ts`,
    [`${CORE}/http/validation.test.ts`],
    [
      ["a shared cache keeps cookies", "if (cookies.length > 0) {", "if (false) {"],
      [
        "a shared cache keeps the page of a user",
        'validation.ok || validation.code !== "unauthenticated"',
        "false",
      ],
      ["a CDN keeps the page of a user", "if (TARGETED_FIELD.test(name)) headers.delete(name);", ""],
      ["Vary is not added", "addVary(headers, ...(", "[].concat(headers as never, ...("],
    ],
  ),

  ...editsIn(
    `${CORE}/http/request.ts`,
    ["test/attacks/prototype-pollution.test.ts"],
    [["a member of a prototype", "Object.hasOwn(body, name) ? body[name] : undefined", "body[name]"]],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/sessions/ended-sessions.test.ts"],
    [["a changing route reads no store", 'request.method !== "GET" && request.method !== "HEAD"', "false"]],
  ),
  ...editsIn(
    `${CORE}/http/session-user.ts`,
    ["test/sessions/disabled-users.test.ts"],
    [
      [
        "a disabled user reads their data",
        "return user === null || user.disabledAt !== null ? null : user;",
        "return user;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/form-post.ts`,
    [`${CORE}/http/form-post.test.ts`, "test/sessions/forms.test.ts"],
    [["a redirect loses the tokens", '|| Object.hasOwn(body, "access_token")', ""]],
  ),
  ...editsIn(
    `${CORE}/http/form-post.ts`,
    ["test/sessions/forms.test.ts"],
    [
      [
        "a form leads anywhere",
        'requireTarget(app, call, fieldOf(fields, "redirect_to"), false)',
        'new URL(fieldOf(fields, "redirect_to")[0] ?? "/", call.site.origin)',
      ],
      [
        "an error leads anywhere",
        "page === null ? null : allowedTarget(app, call, page, false)",
        "page === null ? null : URL.parse(page)",
      ],
      ["fields that occur twice", "|| Object.hasOwn(fields, name)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/sessions/remember.test.ts"],
    [["every cookie outlives the browser", "(tokens.remember ? age : null)", "age"]],
  ),
  ...editsIn(
    `${CORE}/http/sign-in.ts`,
    ["test/sessions/remember.test.ts"],
    [
      ["a new proof makes the cookies stay", "token.id !== sessionId || token.remember", "true"],
      [
        "a shared browser is remembered",
        "...(tokens.remember ? await deviceCookie(app, call, user) : []),",
        "...(await deviceCookie(app, call, user)),",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/sessions/rotate.ts`,
    ["test/sessions/remember.test.ts"],
    [["a refresh makes the cookies stay", "remember: token.remember", "remember: true"]],
  ),
];
