import type { App } from "../accounts/app.ts";
import { checkHostValues, HOST_MEMBERS } from "../accounts/client.ts";
import { type CookieChange, sessionHeaders, writeChanges } from "../cookies/cookie.ts";
import type { Site } from "../cookies/site.ts";
import { SAFE_METHODS } from "../csrf/decide-csrf.ts";
import { badAnswer, callNow, classifyHookResult } from "../platform/callback-answer.ts";
import type { JsonObject } from "../platform/encoding.ts";
import { now, withRejectionsIgnored } from "../platform/env.ts";
import { checkMembers, FLAG, type MembersOf } from "../platform/option-error.ts";
import {
  type AuthenticateOptions,
  type Authentication,
  authenticate,
  type Failure,
  recallSession,
  type VerifiedSole,
  verifySole,
} from "../sessions/authenticate.ts";
import type { Transport } from "../sessions/session.ts";
import { checkStepUp, decideStepUp, type StepUpBounds } from "../sessions/step-up.ts";
import type { User } from "../users/user.ts";
import { glimpseToken, isAlone, keptSession, type SeenToken, withVerified } from "./glimpse.ts";
import {
  type Credentials,
  crossSiteMessage,
  forCall,
  forRequest,
  isForged,
  readCredentials,
  requireRequest,
} from "./request.ts";
import {
  answerError,
  bearerToken,
  challengeToStepUp,
  codeOf,
  cookiesOf,
  deleteFormerCookies,
  deleteRivalCookies,
  failRequest,
  refusal,
} from "./response.ts";
import type { Call } from "./route.ts";
import type { InvalidSession, ValidateOptions, Validation, ValidSession } from "./validation.ts";
import { sessionOfClaims, validSession } from "./validation-result.ts";

/** A validation, and the cookie changes in its headers. */
export interface ValidatedRequest {
  readonly validation: Validation;
  readonly changes: readonly CookieChange[];
}

export const BOUNDS: MembersOf<StepUpBounds> = { maxAge: null, amr: null };
const OPTIONS: MembersOf<ValidateOptions> = {
  refresh: ["auto", "never"],
  fresh: FLAG,
  ...BOUNDS,
  ...HOST_MEMBERS,
};

/** Makes `auth.validate`: it reads the tokens of a request, checks its origin, and refreshes if that is due. It never throws. */
export function requestValidator(
  app: App,
): (request: Request, options?: ValidateOptions) => Promise<Validation> {
  return async (request, options) => {
    const hasBounds = options !== undefined && hasStepUpBounds(options);
    requireRequest("validate", request, "invalid_request");
    const recalled = options?.fresh === true ? null : recallRequest(app, request);
    const isAnswer = recalled !== null && "ok" in recalled;
    const validation = isAnswer ? recalled : await validateUnknown(app, request, options ?? {}, recalled);
    return hasBounds ? refuseWeakSignIn(app, validation, options) : validation;
  };
}

/** Checks the options of `validate`, and tells whether they require something of the sign-in. */
function hasStepUpBounds(options: ValidateOptions): boolean {
  checkMembers("validate", options, OPTIONS);
  checkHostValues("validate", options);
  if (options.maxAge === undefined && options.amr === undefined) return false;
  checkStepUp("validate", options);
  return true;
}

/** Refuses a valid session whose sign-in does not meet the bounds. */
export function refuseWeakSignIn(app: App, validation: Validation, bounds: StepUpBounds): Validation {
  if (!validation.ok) return validation;
  if (decideStepUp(validation.session, bounds, now(app.env)) === "satisfied") return validation;
  const refused = refusal(app.config, "insufficient_user_authentication", null);
  refused.headers.set("www-authenticate", challengeToStepUp(app.config, bounds));
  // The session is live, so the tokens of a refresh reach the client.
  for (const cookie of validation.headers.getSetCookie()) refused.headers.append("set-cookie", cookie);
  return refused;
}

/**
 * Validates a request whose answer needs memory alone: it has no token, or one live token that was verified before. Otherwise it
 * returns the only token of the request, or null if there are more.
 */
function recallRequest(app: App, request: Request): Validation | SeenToken | null {
  try {
    const site = app.originOf(request.url);
    const seen = site === null ? null : glimpseToken(request, site, bearerToken(request.headers, app.config));
    if (seen === null) return null;
    if (seen === "none") return refusal(app.config, "unauthenticated", null);
    const claims = recallSession(app.engine, seen);
    return claims === null ? seen : keptSession(claims, seen, app.config);
  } catch {
    // The whole validation meets the same fault, and reports it.
    return null;
  }
}

/** Validates a request by its only token if that is enough. Otherwise the whole validation reads all of its credentials. */
async function validateUnknown(
  whole: App,
  request: Request,
  options: ValidateOptions,
  seen: SeenToken | null,
): Promise<Validation> {
  const found = seen === null ? null : await validateSole(whole, request, seen);
  if (found !== null && "ok" in found) return found;
  const app = forRequest(whole, request.headers, "validate");
  return (await validateRequest(app, request, options, found)).validation;
}

/** Validates a request by its only token. Returns what it found out about the token if that is not enough. */
async function validateSole(
  whole: App,
  request: Request,
  seen: SeenToken,
): Promise<Validation | VerifiedSole> {
  const sent = { presented: { access: [seen] } };
  try {
    const found = await verifySole(whole.engine, seen);
    if (found.claims !== null) return keptSession(found.claims, seen, whole.config);
    const isRefused = found.verified.kind !== "live" && isAlone(seen, whole.originOf(request.url));
    return isRefused ? refusal(whole.config, "unauthenticated", sent) : found;
  } catch (error) {
    const app = forRequest(whole, request.headers, "validate");
    return failRequest(app, codeOf(app, error), sent).validation;
  }
}

async function validateRequest(
  app: App,
  request: Request,
  options: ValidateOptions,
  found: VerifiedSole | null,
): Promise<ValidatedRequest> {
  const site = app.siteOf(request.url);
  if (site === null) return failRequest(app, "unauthenticated", null, NO_BASE_URL);
  let credentials: Credentials | null = null;
  try {
    const client = app.clientOf(request, options);
    credentials = withVerified(readCredentials(request.headers, site, app.config, client.device), found);
    if (isForged(request, site, credentials, app.config))
      return failRequest(app, "csrf_rejected", credentials, crossSiteMessage(app, request, site));
    const refresh = refreshOf(request.method, options);
    const how = { refresh, fresh: options.fresh ?? false, keepAlive: client.waitUntil };
    return await validateCredentials(forCall(app, { request, client, site }), site, credentials, how);
  } catch (error) {
    return failRequest(app, codeOf(app, error), credentials);
  }
}

// Without rotation, a stolen refresh token is not detected. So it never authenticates an unsafe method.
function refreshOf(method: string, { refresh }: ValidateOptions): AuthenticateOptions["refresh"] {
  if (refresh !== "never") return refresh ?? (method === "HEAD" ? "never" : "auto");
  return SAFE_METHODS.has(method) ? "never" : "ignore";
}

/** Validates the credentials of a request that passed the CSRF check. It never throws. */
async function validateCredentials(
  app: App,
  site: Site,
  credentials: Credentials,
  options: AuthenticateOptions,
): Promise<ValidatedRequest> {
  try {
    const found = await authenticate(app.engine, credentials.presented, options);
    if (!found.ok) return refuseRequest(app, site, credentials, found);
    return acceptRequest(app, site, credentials, found);
  } catch (error) {
    return failRequest(app, codeOf(app, error), credentials);
  }
}

const VALIDATED_ANSWERS =
  "undefined to let the request pass, false to refuse it, or { context?, claims? }, and do not return a promise";
export const NO_BASE_URL = "Set baseURL in createAuth: without it only localhost is served.";

// A failed validation keeps our own cookies. It deletes those of a sibling, because a conflict would never end otherwise.
function refuseRequest(
  app: App,
  site: Site,
  credentials: Credentials,
  { code, isConflict }: Failure,
): ValidatedRequest {
  const { validation } = failRequest(app, code, credentials);
  const changes = isConflict ? deleteRivalCookies(site, credentials, now(app.env)) : [];
  writeChanges(validation.headers, changes);
  return { validation, changes };
}

function acceptRequest(
  app: App,
  site: Site,
  credentials: Credentials,
  found: Extract<Authentication, { ok: true }>,
): ValidatedRequest {
  const { transport } = credentials.presented;
  const accepted = runValidatedHook(app, transport, found);
  if (accepted === null) return failRequest(app, "unauthenticated", credentials);
  const { tokens } = found;
  const former = tokens === null ? [] : deleteFormerCookies(site, credentials);
  const changes = tokens === null ? [] : [...former, ...cookiesOf(site, tokens)];
  const { header: bearerHeader } = app.config.bearer;
  const headers = found.held ? sessionHeaders(bearerHeader) : new Headers();
  writeChanges(headers, changes);
  const validation = validSession({
    ...accepted,
    transport,
    refreshed: tokens !== null,
    headers,
    bearerHeader,
    sentCookies: credentials.cookieHeader,
    changes,
  });
  return { validation, changes };
}

/** Runs `hooks.validated`. Returns null if it refuses the session. */
export function runValidatedHook(
  app: App,
  transport: Transport,
  { claims }: Pick<Extract<Authentication, { ok: true }>, "claims">,
): Pick<ValidSession, "session" | "claims"> | null {
  const session = sessionOfClaims(claims);
  const { validated } = app.engine.settings.hooks;
  if (validated === undefined) return { session, claims };
  const answer = callNow("hooks.validated", () => validated({ session, claims, transport }));
  const verdict = classifyHookResult(withRejectionsIgnored(answer), ["context", "claims"]);
  if (verdict.kind === "fault") throw badAnswer("hooks.validated", verdict.returned, VALIDATED_ANSWERS);
  if (verdict.kind === "nothing") return { session, claims };
  if (verdict.kind === "refuse") return null;
  const { context = session.context, claims: more } = verdict.members;
  return {
    session: { ...session, context: context },
    claims: { ...claims, ...(more as JsonObject | undefined) } as typeof claims,
  };
}

/** The valid session of a call, and the cookie changes of its validation. */
export interface SignedIn {
  readonly valid: ValidSession;
  readonly changes: readonly CookieChange[];
}

/** Validates a call and runs `then` with its session, or responds with the error, unless `refuse` has another answer. */
export async function whenSignedIn(
  app: App,
  { request, client, site, credentials }: Call,
  then: (signedIn: SignedIn) => Promise<Response>,
  refuse: (refused: InvalidSession) => Response = (refused) => refused.response(),
): Promise<Response> {
  const refresh = request.method === "HEAD" ? "never" : "auto";
  // A route that changes something checks the store, so that an ended session cannot use it.
  const fresh = request.method !== "GET" && request.method !== "HEAD";
  const how = { refresh, fresh, keepAlive: client.waitUntil } as const;
  const { validation, changes } = await validateCredentials(app, site, credentials, how);
  if (!validation.ok) return refuse(validation);
  try {
    return await then({ valid: validation, changes });
  } catch (error) {
    // The tokens of a refresh are sent also with an error.
    return answerError(app, error, changes);
  }
}

/**
 * Whether a call has a live session of a user. The store is asked, so that an ended session does not count. Fails with
 * `store_unavailable` if that is not known.
 */
export async function isSignedInAs(app: App, call: Call, user: User): Promise<boolean> {
  return (await userSignedIn(app, call)) === user.id;
}

/** The user of the live session of a call, by the rules of `isSignedInAs`; null without one. It refreshes nothing. */
export async function userSignedIn(app: App, { credentials }: Call): Promise<string | null> {
  const { presented } = credentials;
  const found = await authenticate(app.engine, presented, { refresh: "prove", fresh: true, keepAlive: null });
  if (!found.ok || runValidatedHook(app, presented.transport, found) === null) return null;
  return found.claims.sub;
}
