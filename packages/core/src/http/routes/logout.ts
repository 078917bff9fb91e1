import { endEverywhere } from "../../app/accounts.ts";
import type { App } from "../../app/app.ts";
import { now } from "../../env.ts";
import { AuthError, type ErrorCode } from "../../errors.ts";
import { endByToken, endSession } from "../../sessions/revoke.ts";
import { peek } from "../../sessions/rotate.ts";
import { verifyAccessToken } from "../../tokens/access-token.ts";
import { parseRefreshToken } from "../../tokens/refresh-token.ts";
import type { User } from "../../users/store.ts";
import { type Body, readBody, stringMember } from "../body.ts";
import { answerError } from "../fault.ts";
import { answer, type Call, type Route } from "../route.ts";
import { clearAll } from "../tokens.ts";

type Scope = "session" | "others" | "all";

const CLEARING: ReadonlySet<ErrorCode> = new Set(["store_unavailable", "unauthenticated"]);

/** More tokens in one request are not looked at. */
const MOST = 4;

/** `POST /logout`: ends what the request proves, and clears the cookies even where there was nothing to end. */
export const logout: Route = async (app, call) => {
  const body = await readBody(call.request, true);
  const scope = scopeOf(body);
  const tokens = tokensOf(call, body);
  const byCookie = call.credentials.presented.transport === "cookie";
  const changes =
    byCookie && scope !== "others" ? clearAll(call.site, call.credentials, app.config.keepAccessToken) : [];
  try {
    if (scope === "session") await endProven(app, tokens);
    else await endOfUser(app, tokens, scope);
    return answer(app, { ok: true }, 200, changes);
  } catch (error) {
    // The user wants to be gone: neither a store that is down (LGO-04) nor dead tokens keep the cookies alive.
    const gone = error instanceof AuthError && CLEARING.has(error.code);
    return answerError(app, error, gone ? changes : []);
  }
};

interface Tokens {
  readonly access: readonly string[];
  readonly refresh: readonly string[];
}

function scopeOf(body: Body | null): Scope {
  const scope = (body === null ? undefined : stringMember(body, "scope")) ?? "session";
  if (scope === "session" || scope === "others" || scope === "all") return scope;
  throw new AuthError("invalid_request", "scope is session, others or all.");
}

function tokensOf({ credentials }: Call, body: Body | null): Tokens {
  const { access, refresh } = credentials.presented;
  const sent = body === null ? undefined : stringMember(body, "refresh_token");
  return {
    access: access.slice(0, MOST).map(({ token }) => token),
    refresh: [...(sent === undefined ? [] : [sent]), ...refresh.map(({ token }) => token)].slice(0, MOST),
  };
}

async function endProven<Context, U extends User>(app: App<Context, U>, tokens: Tokens): Promise<void> {
  for (const { sid } of await liveClaims(app, tokens.access)) await endSession(app.engine, sid, "logout");
  for (const token of tokens.refresh) await endByToken(app.engine, token, "logout");
}

async function endOfUser<Context, U extends User>(
  app: App<Context, U>,
  tokens: Tokens,
  scope: "others" | "all",
): Promise<void> {
  const proof = await proofOf(app, tokens);
  if (proof === null) throw new AuthError("unauthenticated");
  await endEverywhere(app, proof.userId, scope === "others" ? proof.sessionId : null, "logout");
}

interface Proof {
  readonly userId: string;
  readonly sessionId: string;
}

async function proofOf<Context, U extends User>(app: App<Context, U>, tokens: Tokens): Promise<Proof | null> {
  const [claims] = await liveClaims(app, tokens.access);
  if (claims !== undefined) return { userId: claims.sub, sessionId: claims.sid };
  for (const token of tokens.refresh) {
    const parsed = parseRefreshToken(token);
    const found = parsed === null ? null : await peek(app.engine, parsed, null);
    const good = found?.decision.kind === "access_only" || found?.decision.kind === "issue";
    if (found?.row && good) return { userId: found.row.userId, sessionId: found.row.id };
  }
  return null;
}

async function liveClaims<Context, U extends User>(
  app: App<Context, U>,
  tokens: readonly string[],
): Promise<readonly { readonly sub: string; readonly sid: string }[]> {
  const { issuer, audience, env } = app.config;
  const verified = await Promise.all(
    tokens.map((token) => verifyAccessToken(token, app.engine.keys, { issuer, audience, now: now(env) })),
  );
  return verified.flatMap((token) => (token.kind === "live" ? [token.claims] : []));
}
