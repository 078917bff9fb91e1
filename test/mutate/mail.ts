import { type Edit, editsIn } from "./edit.ts";

const MAIL = "packages/core/src/mail";
const MAILER = `${MAIL}/mailer.test.ts`;
const NOTICES = `${MAIL}/notices.test.ts`;
const SENT_NOTICES = "test/mail/notices.test.ts";

/** What keeps a message from leading elsewhere, and from affecting an answer. */
export const mailEdits: readonly Edit[] = [
  ...editsIn(
    `${MAIL}/mailer.ts`,
    [MAILER],
    [
      ["a recipient adds a header", "!ADDRESS.test(draft.to)", "false"],
      [
        "a wrong text loses the message",
        "report(fault(`mail.texts.${content.type}`, cause));",
        "throw cause;",
      ],
      ["a failed message is not reported", "scope.report(fault(", "((_: unknown) => undefined)(fault("],
      ["the host does not wait for the message", "scope.waitUntil?.(sent);", ""],
      ["the caller waits for the synchronous part", "inNextTurn(post)", "post()"],
      ["a refusal by send is not reported", "&& isFault(cause)) return cause", ") return cause"],
    ],
  ),
  ...editsIn(
    `${MAIL}/pages.ts`,
    [`${MAIL}/pages.test.ts`],
    [
      ["a page of another host", "const PATH = /^\\/(?!\\/)/;", "const PATH = /^\\//;"],
      ["a page with a backslash", "DISGUISE.test(page) ? null : ", ""],
      ["a page that the network changes", "isLoopback(url.hostname) ? null", "true ? null"],
      ["the scheme of any app", "trustedOrigins.has(scheme) ||", "true ||"],
      ["a page with credentials", 'url.username !== "" || url.password !== ""', "false"],
    ],
  ),
  ...editsIn(
    "packages/core/src/platform/encoding.ts",
    [`${MAIL}/texts.test.ts`, "test/oauth/flow-cookie.test.ts"],
    [
      [
        "markup of a client",
        "text.replace(/[&<>\"']/g, (character) => ENTITIES[character] ?? character)",
        "text",
      ],
    ],
  ),
  ...editsIn(
    `${MAIL}/texts.ts`,
    [MAILER],
    [
      ["a subject adds a header", "/\\p{Cc}/u.test(subject as string)", "false"],
      ["a text replaces the recipient", "return { subject, text, html } as", "return written as"],
    ],
  ),
  ...editsIn(
    `${MAIL}/texts.ts`,
    [`${MAIL}/texts.test.ts`],
    [
      ["lines of a client", 'text.replace(/[\\p{C}\\p{Z}]+/gu, " ")', "text"],
      ["a Referer with the token", ' rel="noreferrer"', ""],
    ],
  ),
  ...editsIn(
    `${MAIL}/notices.ts`,
    [NOTICES, SENT_NOTICES],
    [
      [
        "a sign-in is told to an unproved address",
        'user.email === null || !user.emailVerified) return "quiet"',
        'user.email === null) return "quiet"',
      ],
      ["a known browser is new", "continues || isKnown ||", "continues ||"],
      ["a continued session is new", "continues || isKnown ||", "isKnown ||"],
      ["a sign-up is told", 'at - user.createdAt < SIGN_UP ? "quiet" : "tell"', '"tell"'],
    ],
  ),
  ...editsIn(
    `${MAIL}/notices.ts`,
    [SENT_NOTICES],
    [
      [
        "reuse is told to an unproved address",
        "user.email === null || !user.emailVerified) return null",
        "user.email === null) return null",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/sessions/rotate.ts",
    [SENT_NOTICES],
    [["reuse is not told", "engine.onReuse(", "((_: unknown) => undefined)("]],
  ),
  ...editsIn(
    "packages/core/src/http/sign-in.ts",
    [SENT_NOTICES],
    [
      [
        "a sign-in in place of a session is told",
        "continues = succeeds !== null || context !== undefined",
        "continues = false",
      ],
      [
        "a changed password is told twice",
        "continues = succeeds !== null || context !== undefined",
        "continues = succeeds !== null",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/http/handle.ts",
    ["test/mail/no-secret-told.test.ts"],
    [["a Referer from an answer", 'response.headers.set("referrer-policy", "no-referrer");', ""]],
  ),
  ...editsIn(
    "packages/core/src/auth/sending-calls.ts",
    ["test/hosts/cloudflare.test.ts"],
    [["a call by hand loses its message on Workers", "await Promise.all(waited);", ""]],
  ),
  ...editsIn(
    "packages/core/src/http/request.ts",
    ["test/mail/answers.test.ts"],
    [
      [
        "a link to another origin",
        "origin: site.origin,\n    accept",
        'origin: "https://evil.example",\n    accept',
      ],
    ],
  ),
  ...editsIn(
    `${MAIL}/texts.ts`,
    [`${MAIL}/texts.test.ts`],
    [
      ["markup in the title", "<title>${escapeHtml(title)}", "<title>${title}"],
      ["markup in the heading", ">${escapeHtml(title)}</h1>", ">${title}</h1>"],
      ["markup in a code", "<strong>${escapeHtml(code)}", "<strong>${code}"],
      ["a part of a minute", "Math.round(span / minutes(1)) * minutes(1)", "span"],
    ],
  ),
  ...editsIn(
    `${MAIL}/mailer.ts`,
    [MAILER],
    [["a link to no page", "...ownPages(options.pages)", "...options.pages"]],
  ),
];
