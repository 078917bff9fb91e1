import type { App } from "../accounts/app.ts";
import type { Intent } from "../oauth/transaction.ts";
import { escapeHtml, isRecord, own, parseJson } from "../platform/encoding.ts";
import { type ErrorCode, messages, reportQuietly } from "../platform/errors.ts";
import { isNavigation } from "./request.ts";
import { addError, redirect } from "./response.ts";
import type { Call } from "./route.ts";
import { userSignedIn } from "./validate.ts";

/** The facts about an error of a route that a browser opens. */
export interface FlowEndFacts {
  readonly code: ErrorCode;
  /** Whether the request opens a page. */
  readonly opensPage: boolean;
  /** The form that `Accept` asks for. */
  readonly accepts: "page" | "json" | "any";
  /** Whether this browser has a live session. */
  readonly isSignedIn: boolean;
  /** The purpose of the flow that this browser began; null if its cookie is gone, or was never there. */
  readonly intent: Intent["kind"] | null;
  readonly hasErrorURL: boolean;
}

/** Where an error of a sign-in ends: the target of the flow, the root of the site, `errorURL`, a page, or JSON. */
export type FlowEnd = "target" | "home" | "error_url" | "page" | "json";

/**
 * Decides how an error of a sign-in is answered, so that it is no dead end for a person.
 *
 * A callback that is loaded twice, or too late, changes nothing for a user who is signed in. It then leads on: to the target of
 * the flow that the cookie of this browser holds, never to one that the request names (RFC 9700 4.11.1). It starts no
 * session, so a callback that another person made up gains nothing (RFC 9700 4.7). A link, or the sign-in of an app, would
 * then look as if it had worked, so its error is shown.
 */
export function decideFlowEnd(facts: FlowEndFacts): FlowEnd {
  const { code, opensPage, accepts, isSignedIn, intent, hasErrorURL } = facts;
  if (!opensPage || accepts === "json" || code === "csrf_rejected") return "json";
  const isOver = code === "oauth_state_invalid" && isSignedIn && accepts === "page";
  if (isOver && intent === null) return "home";
  if (isOver && intent === "sign_in") return "target";
  if (hasErrorURL) return "error_url";
  return accepts === "page" ? "page" : "json";
}

/** The flow that the cookie of a browser holds. */
export interface HeldFlow {
  readonly intent: Intent["kind"];
  readonly target: URL;
}

/** Answers an error of a sign-in for the person at the browser. `error` is the answer in JSON; its cookies are kept. */
export async function endFlow(
  app: App,
  call: Call,
  error: Response,
  flow: HeldFlow | null,
): Promise<Response> {
  const { request, site } = call;
  const said = isJson(error) ? readError(parseJson(await error.clone().text())) : null;
  if (said === null) return error;
  const { errorURL } = app.config;
  const asked = {
    code: said.code,
    opensPage: isNavigation(request),
    accepts: acceptedForm(request.headers.get("accept")),
    intent: flow?.intent ?? null,
    hasErrorURL: errorURL !== null,
  };
  const end = decideFlowEnd({ ...asked, isSignedIn: await isSignedIn(app, call, said.code) });
  return carryOut(end, error, said, { site, errorURL, flow });
}

interface Ways extends Pick<Call, "site"> {
  readonly errorURL: string | null;
  readonly flow: HeldFlow | null;
}

function carryOut(end: FlowEnd, error: Response, said: SaidError, { site, errorURL, flow }: Ways): Response {
  if (end === "json") return error;
  if (end === "page") return respondPage(error, said.message);
  const home = new URL("/", site.origin);
  if (end === "home" || end === "target") return lead(error, flow?.target ?? home);
  return lead(error, addError(new URL(errorURL ?? "/", site.origin), said.code));
}

interface SaidError {
  readonly code: ErrorCode;
  readonly message: string;
}

function isJson({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("application/json") ?? false;
}

function readError(body: unknown): SaidError | null {
  if (!isRecord(body)) return null;
  const [code, message] = ["error", "message"].map((name) => own(body, name));
  return isErrorCode(code) && typeof message === "string" ? { code, message } : null;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(messages, value);
}

// The store is asked for one code only. Without an answer, the error is shown.
async function isSignedIn(app: App, call: Call, code: ErrorCode): Promise<boolean> {
  if (code !== "oauth_state_invalid") return false;
  return (await userSignedIn(app, call).catch(reportQuietly(app.engine.report))) !== null;
}

// Every browser names text/html when it opens a page; the type that stands first counts.
export function acceptedForm(accept: string | null): FlowEndFacts["accepts"] {
  const [html, json] = ["text/html", "application/json"].map(
    (type) => accept?.toLowerCase().indexOf(type) ?? -1,
  );
  if (html === undefined || json === undefined || (html === -1 && json === -1)) return "any";
  return html !== -1 && (json === -1 || html < json) ? "page" : "json";
}

/** Headers that belong to the JSON answer alone. */
const OF_ANSWER = ["content-type", "retry-after", "www-authenticate"];

/** Redirects in place of an answer in JSON, with its cookies. */
export function lead(answer: Response, to: URL): Response {
  const headers = new Headers(answer.headers);
  for (const name of OF_ANSWER) headers.delete(name);
  return redirect(to, headers);
}

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto 0;padding:0 1rem}h1{font-size:1.4rem}";
/** The digest of `STYLE`: no other style, and no script, applies (CSP 3). */
const STYLE_HASH = "sha256-WDZ2qjHeuUUeeHTbkyIvlvhLe9FnzI7FQbJ5lW0mmTs=";
const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function respondPage(error: Response, message: string): Response {
  const headers = new Headers(error.headers);
  headers.set("content-type", "text/html; charset=utf-8");
  headers.set("content-security-policy", POLICY);
  return new Response(pageOf(message), { status: error.status, headers });
}

function pageOf(message: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign-in failed</title>
<style>${STYLE}</style>
</head>
<body>
<h1>The sign-in did not work</h1>
<p>${escapeHtml(message)}</p>
<p><a href="/">Back to the start page</a></p>
</body>
</html>
`;
}
