import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about a sign-in with a provider under way. */
export const flowEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/oauth/redirect.ts`,
    [`${CORE}/oauth/redirect.test.ts`],
    [
      ["a disguised target", "|| DISGUISE.test(target)", ""],
      [
        "a target with credentials",
        'if (url === null || url.username !== "" || url.password !== "") return null;\n  if',
        "if (url === null) return null;\n  if",
      ],
      ["an escaped backslash", "if (ESCAPED.test(url.pathname)) return null;", ""],
      ["an escaped slash that hides a host", "[url.pathname, decodedOnce(url.pathname)]", "[url.pathname]"],
      ["a path of two slashes", 'path.startsWith("//") ||', ""],
      ["escaped slashes around dots", "|| DOT_SEGMENT.test(path)", ""],
      [
        "one of our own routes",
        "if (isOwn && paths.some((path) => isOwnRoute(path, policy.basePath))) return null;",
        "",
      ],
      ["any origin", "return isListed || (isOwn && !policy.native) ? url : null;", "return url;"],
      ["a page of ours gets the code of an app", "(isOwn && !policy.native)", "isOwn"],
      [
        "any scheme of an app",
        "return trustedOrigins.has(whole) || trustedOrigins.has(whole + url.host) ? url : null;",
        "return url;",
      ],
      ["a scheme without an app", "policy.native && CUSTOM.test(target)", "CUSTOM.test(target)"],
      ["a long target", "target.length > longest ||", ""],
      ["a target that grows long", "|| url.href.length > longest", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/transaction.ts`,
    [`${CORE}/oauth/transaction.test.ts`],
    [
      ["a flow has no end", "if (Math.abs(now - startedAt) >= FLOW_LIFETIME) return null;", ""],
      ["the state is the nonce", 'nonce: derive("nonce")', 'nonce: derive("state")'],
      ["the verifier is the state", 'codeVerifier: derive("verifier")', 'codeVerifier: derive("state")'],
      ["another form is a flow", "if (!isPacked(packed)) return null;", ""],
      ["one cookie for every flow", 'labelledHash("oauth-flow", utf8(state))', 'labelledHash("oauth-flow")'],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/transaction.ts`,
    [`${CORE}/oauth/pkce.test.ts`],
    [
      ["any verifier", "&& equalStrings(challengeOf(codeVerifier), challenge)", ""],
      ["a short verifier", "VERIFIER.test(codeVerifier) &&", ""],
      ["the plain method", "toBase64url(sha256(utf8(codeVerifier)))", "codeVerifier"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/callback.ts`,
    [`${CORE}/oauth/callback.test.ts`],
    [
      ["a state of another flow", "transaction.state === state &&", ""],
      ["the answer of another provider", "&& transaction.provider === here.provider", ""],
      ["a state twice", "|| !here.first)", ")"],
      ["any method", "|| here.method !== method", ""],
      ["an error beside a code", "if (error !== null) return", "if (error !== null && code === null) return"],
      ["a parameter twice", "if (found.has(name)) return null;", ""],
      ["a state of any form", "if (!isOneTimeToken(state)) return null;", ""],
      ["a code of any length", "|| code.length > MAX_CODE", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/diagnosis.ts`,
    [`${CORE}/oauth/diagnosis.test.ts`],
    [
      [
        "a secret after letters whose small form is longer",
        "const lower = lowerCase(text);",
        "const lower = text.toLowerCase();",
      ],
      [
        "a secret in the words of a provider",
        "const shown = hideSecrets(plain, secrets);",
        "const shown = plain;",
      ],
      ["a part of a secret in the words of a provider", "Math.min(PART, form.length)", "form.length"],
      ["controls in the words of a provider", 'text.replace(/[\\p{C}\\p{Z}]+/gu, " ").trim()', "text.trim()"],
      ["words of any length", "shown.length > MOST_SHOWN", "false"],
      ["a token beside an error", "const hidden = [...secrets, ...tokens];", "const hidden = secrets;"],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/faults.ts`,
    [`${CORE}/platform/faults.test.ts`],
    [["a line for each failure", "if (told.has(key)) return;", ""]],
  ),
  ...editsIn(
    `${CORE}/http/flow-end.ts`,
    [`${CORE}/http/flow-end.test.ts`],
    [
      ["a page for a frame", "if (!opensPage || accepts", "if (accepts"],
      ["a page for a forged request", '|| code === "csrf_rejected"', ""],
      ["any error leads on", 'code === "oauth_state_invalid" && isSignedIn', "isSignedIn"],
      ["an error leads on without a session", "&& isSignedIn && accepts", "&& accepts"],
      ["the error of a link leads on", 'isOver && intent === "sign_in"', "isOver"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/flow-end.ts`,
    ["test/oauth/dead-ends.test.ts"],
    [
      ["a message that is markup", "<p>${escapeHtml(message)}</p>", "<p>${message}</p>"],
      ["a page without a policy", 'headers.set("content-security-policy", POLICY);', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/validate.ts`,
    ["test/oauth/dead-ends.test.ts"],
    [["an ended session is live", 'refresh: "prove", fresh: true', 'refresh: "prove", fresh: false']],
  ),
  ...editsIn(
    `${CORE}/oauth/redirect.ts`,
    ["test/oauth/dead-ends.test.ts"],
    [["any errorURL", "if (decideRedirect(url, policy) !== null) return url;", "return url;"]],
  ),
  ...editsIn(
    `${CORE}/http/flow.ts`,
    ["test/oauth/state-cookie.test.ts"],
    [
      [
        "a state is spent more than once",
        "return app.tokens.spend(hash, STATE, expiresAt, now(app.env));",
        "return true;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/flow.ts`,
    ["test/oauth/flow-cookie.test.ts"],
    [
      ["a target without the Strict session", 'site.places.access.sameSite === "strict"', "false"],
      ["a target that is markup", "const href = escapeHtml(target.href);", "const { href } = target;"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/flow.ts`,
    ["test/oauth/redirect-targets.test.ts"],
    [
      [
        "the target is not checked again",
        'return allowedTarget(app, call, redirectTo, native) ?? new URL("/", call.site.origin);',
        "return new URL(redirectTo, call.site.origin);",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-callback.ts`,
    ["test/oauth/linking.test.ts"],
    [
      [
        "a link of another session",
        "!isSameSession || !(await isSignedIn(app, requester))",
        "!(await isSignedIn(app, requester))",
      ],
      [
        "a link of an ended session",
        "!isSameSession || !(await isSignedIn(app, requester))",
        "!isSameSession",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-start.ts`,
    ["test/oauth/linking.test.ts"],
    [
      ["a link long after the sign-in", "requireFreshSignIn(app, valid);\n    if (valid", "if (valid"],
      ["the end of a link long after the sign-in", "requireFreshSignIn(app, valid);\n    const", "const"],
      ["a link by a bearer token", 'if (valid.transport !== "cookie") throw', "if (false) throw"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-exchange.ts`,
    ["test/oauth/native-app.test.ts"],
    [
      [
        "an exchange after a password change",
        "user === null || user.credentialsVersion !== credentialsVersion",
        "user === null",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/native-code.ts`,
    ["test/oauth/native-app.test.ts"],
    [
      ["a code without its verifier", "if (!isVerifierOf(codeVerifier, codeChallenge))", "if (false)"],
      [
        "a code is valid for long",
        "const CODE_LIFETIME: Seconds = 60;",
        "const CODE_LIFETIME: Seconds = 3600;",
      ],
    ],
  ),
];
