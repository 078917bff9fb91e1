import type { App } from "../../accounts/app.ts";
import { endEverywhere } from "../../accounts/credentials.ts";
import { now } from "../../platform/env.ts";
import { AuthError, type ErrorCode } from "../../platform/errors.ts";
import { liveClaims, MAX_TOKENS } from "../../sessions/access-token.ts";
import { authenticate } from "../../sessions/authenticate.ts";
import { endSession, endSessionsOf } from "../../sessions/end.ts";
import { expectationOf, type Presentation } from "../../sessions/presented-tokens.ts";
import { hashFamilySecret, parseRefreshToken } from "../../sessions/refresh-token.ts";
import type { SessionId } from "../../sessions/session.ts";
import { bucketOf } from "../../throttle/throttle.ts";
import { limitUnlessStoreDown } from "../limit.ts";
import { type Body, readBody, stringMember } from "../request.ts";
import { answerError, clearSessionCookies, respondJson } from "../response.ts";
import type { Call, Route } from "../route.ts";
import { runValidatedHook } from "../validate.ts";

type Scope = "session" | "others" | "all";

const CLEARING_CODES: ReadonlySet<ErrorCode> = new Set(["store_unavailable", "unauthenticated"]);

/**
 * `POST /logout`: ends the sessions that the request proves. It clears the cookies even if there is none.
 *
 * Body: none, or `{ scope?, refresh_token? }`; `scope` is `session` (default), `others` or `all`.
 *
 * Answer: 200 `{ ok: true }`, also without a session; the cookies are cleared. Errors: `unauthenticated` for `others` and `all`
 * without a live access token.
 */
export const logout: Route = {
  method: "POST",
  path: "/logout",
  async handle(app, call) {
    const body = await readBody(call.request, true);
    const scope = scopeOf(body);
    const presented = presentationOf(call, body);
    const byCookie = call.credentials.presented.transport === "cookie";
    const how = { keepAccessToken: app.config.keepAccessToken, now: now(app.env) };
    const changes =
      byCookie && scope !== "others" ? clearSessionCookies(call.site, call.credentials, how) : [];
    try {
      if (scope === "session") await endProvenSessions(app, presented);
      else await endSessionsOfUser(app, presented, scope);
      return respondJson(app, { ok: true }, 200, changes);
    } catch (error) {
      // The cookies are cleared even if the store is down (LGO-04) or the tokens are no longer valid.
      const clears = error instanceof AuthError && CLEARING_CODES.has(error.code);
      return answerError(app, error, clears ? changes : []);
    }
  },
};

function scopeOf(body: Body | null): Scope {
  const scope = (body === null ? undefined : stringMember(body, "scope")) ?? "session";
  if (scope === "session" || scope === "others" || scope === "all") return scope;
  throw new AuthError("invalid_request", "scope is session, others or all.");
}

/** Adds the refresh token of the body, where bearer clients send it, to the presented tokens. */
function presentationOf({ credentials }: Call, body: Body | null): Presentation {
  const { presented } = credentials;
  const sent = body === null ? undefined : stringMember(body, "refresh_token");
  if (sent === undefined) return presented;
  const refresh = [{ token: sent, current: true, hostBound: true }, ...presented.refresh].slice(
    0,
    MAX_TOKENS,
  );
  return { ...presented, transport: presented.refresh.length > 0 ? null : "bearer", refresh };
}

async function endProvenSessions(app: App, presented: Presentation): Promise<void> {
  const ended = new Set<SessionId>();
  for (const { sid } of await liveClaims(expectationOf(app.engine), presented.access)) {
    await endSession(app.engine, sid, "logout");
    ended.add(sid);
  }
  for (const { token } of presented.refresh.slice(0, MAX_TOKENS)) {
    const parsed = parseRefreshToken(token);
    if (parsed === null || ended.has(parsed.id)) continue;
    // Any generation of the family ends the session, and none counts as reuse.
    const familyHash = hashFamilySecret(parsed.id, parsed.familySecret);
    await endSession(app.engine, parsed.id, "logout", familyHash);
  }
}

// To end other sessions, the own session must be live in the store.
async function endSessionsOfUser(app: App, presented: Presentation, scope: "others" | "all"): Promise<void> {
  const proof = await authenticate(app.engine, presented, { refresh: "prove", fresh: true, keepAlive: null });
  const session = proof.ok
    ? runValidatedHook(app, presented.transport ?? proof.claims.transport, proof)
    : null;
  if (session === null) throw new AuthError("unauthenticated");
  const { id, userId } = session.session;
  if (scope === "all" || (await mayFailSignIns(app, id))) {
    await endEverywhere(app, userId, scope === "others" ? id : null, "logout");
  } else await endSessionsOf(app.engine, userId, id, "logout");
}

// Failing the sign-ins in progress also voids tokens in messages. A thief that repeated it without a limit could keep the owner
// from a sign-in and from a reset. Beyond the limit, the other sessions end all the same.
async function mayFailSignIns(app: App, sessionId: SessionId): Promise<boolean> {
  try {
    await limitUnlessStoreDown(app, bucketOf("mailbox", "sign-out", sessionId));
    return true;
  } catch {
    return false;
  }
}
