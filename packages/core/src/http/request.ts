import type { App } from "../accounts/app.ts";
import type { Client } from "../accounts/client.ts";
import { type CookiePair, parseCookies } from "../cookies/cookie.ts";
import { pathOf, type Site } from "../cookies/site.ts";
import { decideCsrf, decideNavigation, originAdvice, shownOrigin } from "../csrf/decide-csrf.ts";
import { reuseNotice } from "../mail/notices.ts";
import { kindOf } from "../platform/callback-answer.ts";
import { decodeUtf8, isRecord, parseJson, readAtMost, toBase64url } from "../platform/encoding.ts";
import { AuthError, type ErrorCode, messages } from "../platform/errors.ts";
import type { Report } from "../platform/faults.ts";
import { isLoopback } from "../platform/origin.ts";
import type { Presentation, PresentedText } from "../sessions/presented-tokens.ts";
import type { Device, Transport } from "../sessions/session.ts";
import { bearerToken, type CredentialOptions, type SentCookies } from "./response.ts";

/** The tokens of a request, of exactly one transport, and all of its cookies. */
export interface Credentials extends SentCookies {
  readonly presented: Presentation & { readonly transport: Transport };
  /** The cookies as they were sent. */
  readonly cookieHeader: string | null;
}

/**
 * Reads the tokens of a request. A bearer header with a configured scheme selects the bearer transport. An invalid one
 * never falls back to a cookie (RFC 6750 2.1). Tokens in the query are ignored.
 */
export function readCredentials(
  headers: Headers,
  site: Site,
  options: CredentialOptions,
  device: Device,
): Credentials {
  const cookieHeader = headers.get("cookie");
  const cookies = parseCookies(cookieHeader);
  const bearer = bearerToken(headers, options);
  if (bearer !== null) {
    const access = [{ token: bearer, current: true, hostBound: true }];
    return { presented: { transport: "bearer", access, refresh: [], device }, cookies, cookieHeader };
  }
  return {
    presented: { transport: "cookie", ...readCookieTokens(cookies, site), device },
    cookies,
    cookieHeader,
  };
}

interface PresentedTexts {
  readonly access: readonly PresentedText[];
  readonly refresh: readonly PresentedText[];
}

function readCookieTokens(cookies: readonly CookiePair[], site: Site): PresentedTexts {
  const { places, formerNames } = site;
  const access: PresentedText[] = [];
  const refresh: PresentedText[] = [];
  const former: CookiePair[] = [];
  for (const pair of cookies) {
    if (pair.name === places.access.name) access.push(presentedText(pair, true, site));
    else if (pair.name === places.refresh.name) {
      // A browser sends the refresh cookie to its path only. On another path, another host has set this cookie.
      if (sendsRefreshCookie(site)) refresh.push(presentedText(pair, true, site));
    } else if (formerNames.has(pair.name)) former.push(pair);
  }
  if (former.length === 0) return { access, refresh };
  const after = readFormerTokens(former, site);
  return { access: [...access, ...after.access], refresh: [...refresh, ...after.refresh] };
}

// The form of the token shows its kind, because a former name does not.
function readFormerTokens(pairs: readonly CookiePair[], site: Site): PresentedTexts {
  const texts = pairs.map((pair) => presentedText(pair, false, site));
  const refresh = texts.filter(({ token }) => token.startsWith("lkr_"));
  const access = texts.filter((text) => !refresh.includes(text));
  // Without the refresh cookie, a former access token cannot be distinguished from one that a sibling subdomain set.
  return { access: sendsRefreshCookie(site) ? access : access.filter(({ hostBound }) => hostBound), refresh };
}

function presentedText(
  { name, value }: CookiePair,
  current: boolean,
  { settableBySibling }: Site,
): PresentedText {
  return { token: value, current, hostBound: !settableBySibling.has(name) };
}

// RFC 6265bis 5.1.4: whether the browser sends the refresh cookie to the path of this request.
function sendsRefreshCookie(site: Site): boolean {
  const { path } = site.places.refresh;
  if (path === "/") return true;
  const pathname = pathOf(site);
  return pathname === path || pathname.startsWith(`${path}/`);
}

export interface CrossSiteOptions extends CredentialOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly requireFetchMetadata: boolean;
}

/** Whether the CSRF check refuses a request. Bearer requests pass, because browsers do not attach their tokens. */
export function isCrossSite(
  { method, headers }: Request,
  { origin: ownOrigin }: Pick<Site, "origin">,
  options: CrossSiteOptions,
): boolean {
  if (bearerToken(headers, options) !== null) return false;
  const decision = decideCsrf(
    {
      method,
      upgrade: headers.has("upgrade"),
      secFetchSite: headers.get("sec-fetch-site"),
      origin: headers.get("origin"),
      referer: headers.get("referer"),
    },
    { ownOrigin, ...options },
  );
  return decision.kind === "reject";
}

/** The message for a request that the CSRF check refused. Only a developer at localhost reads the origin in the response. */
export function crossSiteMessage(app: App, { headers }: Request, { origin: ownOrigin }: Site): string {
  const origin = shownOrigin({ origin: headers.get("origin"), referer: headers.get("referer") });
  const { baseURL } = app.config;
  if (baseURL === null || isLoopback(baseURL.hostname)) return originAdvice(origin, ownOrigin);
  if (origin !== null) app.reportOrigin(origin, ownOrigin);
  return messages.csrf_rejected;
}

/** Whether a request has token cookies and fails the CSRF check. */
export function isForged(
  request: Request,
  site: Pick<Site, "origin">,
  { presented }: Credentials,
  options: CrossSiteOptions,
): boolean {
  const ambient = presented.access.length + presented.refresh.length > 0;
  return presented.transport === "cookie" && ambient && isCrossSite(request, site, options);
}

/** Whether a browser opens a page by a request, or a client that is no browser sent it. */
export function isNavigation({ headers, method }: Request): boolean {
  const decision = decideNavigation({
    method,
    mode: headers.get("sec-fetch-mode"),
    destination: headers.get("sec-fetch-dest"),
    ahead: /prefetch|prerender/i.test(`${headers.get("sec-purpose")} ${headers.get("purpose")}`),
  });
  return decision === "allow";
}

/** Accepts only navigations. A subresource, a prefetch or HEAD must not start or finish a flow (OAU-21). */
export function requireNavigation(request: Request): void {
  if (isNavigation(request)) return;
  throw new AuthError(
    "csrf_rejected",
    "Open a sign-in with a provider as a page: it cannot be fetched or prefetched.",
  );
}

/** Returns a segment of the path, counted from the end. A trailing slash is ignored. */
export function pathSegment(url: string, fromEnd: number): string {
  const { pathname } = new URL(url);
  return pathname.replace(/\/$/, "").split("/").at(-fromEnd) ?? "";
}

/** Refuses a value that an application without types passes in place of a request. */
export function requireRequest(of: string, value: unknown, code: ErrorCode): void {
  const isRequest =
    isRecord(value) &&
    typeof value["url"] === "string" &&
    typeof value["method"] === "string" &&
    isRecord(value["headers"]) &&
    typeof value["headers"]["get"] === "function";
  if (!isRequest) throw new AuthError(code, `${of}: request is ${kindOf(value)}, but it must be a Request`);
}

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Makes the part of the application that serves one request: it reports faults with the id of the request. */
export function forRequest(app: App, headers: Headers, operation: string): App {
  let id: string | null = null;
  const requestId = (): string | null => {
    id ??= sentRequestId(headers) ?? drawRequestId(app.env);
    return id;
  };
  const report: Report = (error, of = operation) =>
    app.reporter(error, () => ({ operation: of, requestId: requestId() }));
  return { ...app, requestId, engine: { ...app.engine, report } };
}

/** The parts of a call that its messages depend on. */
interface MailedCall {
  readonly request: Request;
  readonly client: Pick<Client, "waitUntil">;
  readonly site: Site;
}

/** Makes the part of the application that serves one call: its messages are in the language and for the site of the request. */
export function forCall(app: App, { request, client, site }: MailedCall): App {
  if (app.mailFor === null) return app;
  const { engine, users, env } = app;
  const mail = app.mailFor({
    origin: site.origin,
    acceptLanguage: request.headers.get("accept-language"),
    waitUntil: client.waitUntil,
    report: engine.report,
  });
  return { ...app, mail, engine: { ...engine, onReuse: reuseNotice(mail, users, env) } };
}

// A generator that fails is a fault to report, not one of the report.
function drawRequestId({ random }: App["env"]): string | null {
  try {
    return toBase64url(random(12));
  } catch {
    return null;
  }
}

function sentRequestId(headers: Headers): string | null {
  const sent = headers.get("x-request-id");
  return sent !== null && REQUEST_ID.test(sent) ? sent : null;
}

/** The largest body that is read, in bytes. */
export const MAX_BODY = 16_384;

const TOO_LARGE = `The request body is too large: send at most ${MAX_BODY} bytes.`;

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

export type Body = Readonly<Record<string, unknown>>;

/**
 * Reads a body of JSON, or of form fields if `forms` is true, into one record. Fails with `payload_too_large`,
 * `unsupported_media_type` or `invalid_request`. An absent or empty body of any type is null.
 */
export async function readBody(request: Request, forms: boolean): Promise<Body | null> {
  const type = request.headers.get("content-type") ?? "";
  const isForm = forms && FORM_TYPE.test(type);
  if (request.headers.has("content-encoding"))
    throw new AuthError(
      "unsupported_media_type",
      "The body is compressed: send it without Content-Encoding.",
    );
  const bytes = await readBytes(request);
  if (bytes.length === 0) return null;
  if (!isForm && !JSON_TYPE.test(type)) throw new AuthError("unsupported_media_type", acceptedTypes(forms));
  const text = decodeUtf8(bytes);
  if (text === null || text.startsWith("\uFEFF"))
    throw new AuthError("invalid_request", "The body is not UTF-8 text without a byte order mark.");
  const body = isForm ? parseForm(text) : parseJson(text);
  if (isRecord(body)) return body;
  if (isForm) throw new AuthError("invalid_request", "The body is not a form whose fields each occur once.");
  const isJson = body !== undefined;
  throw new AuthError("invalid_request", isJson ? "The body is not a JSON object." : "The body is not JSON.");
}

function acceptedTypes(forms: boolean): string {
  const types = forms ? "application/json or application/x-www-form-urlencoded" : "application/json";
  return `Send the body with the Content-Type ${types}, in UTF-8.`;
}

/** Reads a body of at most `MAX_BODY` bytes. Fails with `payload_too_large` or `invalid_request`. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) {
    throw new AuthError("invalid_request", "The body was already read.");
  }
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) {
    await request.body?.cancel().catch(() => undefined);
    throw new AuthError("payload_too_large", TOO_LARGE);
  }
  if (request.body === null) return new Uint8Array();
  const bytes = await readAtMost(request.body, MAX_BODY).catch(() => {
    throw new AuthError("invalid_request", "The body ended before it was complete.");
  });
  if (bytes === null) throw new AuthError("payload_too_large", TOO_LARGE);
  return bytes;
}

function parseForm(text: string): Body | null {
  // URLSearchParams silently replaces invalid percent escapes and invalid UTF-8.
  try {
    for (const part of text.split(/[&=]/)) decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return null;
  }
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(fields, name)) return null;
    fields[name] = value;
  }
  return fields;
}

/** Reads a member that must be a well-formed string; undefined if it is absent. */
export function stringMember(body: Body, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !value.isWellFormed()) {
    throw new AuthError("invalid_request", `${name} must be a string of well-formed text.`);
  }
  return value;
}

/** Reads a member that the body must have. Fails with `invalid_request`. */
export function requiredString(body: Body | null, name: string): string {
  const value = body === null ? undefined : stringMember(body, name);
  if (value === undefined) throw new AuthError("invalid_request", `The body needs ${name}.`);
  return value;
}
