import type { App } from "../accounts/app.ts";
import { deviceOf } from "../accounts/client.ts";
import { endEverywhere } from "../accounts/credentials.ts";
import { sessionHeaders, writeChanges } from "../cookies/cookie.ts";
import { cookiesOf } from "../http/response.ts";
import { validateToken } from "../http/validate-token.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers, FLAG, type MembersOf } from "../platform/option-error.ts";
import type { IssuedTokens } from "../sessions/access-token.ts";
import { isLive } from "../sessions/decide.ts";
import { endSession } from "../sessions/end.ts";
import { isSessionId } from "../sessions/refresh-token.ts";
import { refreshSession } from "../sessions/rotate.ts";
import { detailsOfRow, type SessionRow, sessionOfRow } from "../sessions/session.ts";
import { startSession } from "../sessions/start.ts";
import type { CreateSessionOptions, IssuedSession, RefreshOutcome, SessionsApi } from "./auth.ts";

type SecondOf<Name extends "verify" | "update" | "revokeAll"> = NonNullable<Parameters<SessionsApi[Name]>[1]>;

const CREATE: MembersOf<CreateSessionOptions> = {
  context: null,
  device: { userAgent: null, address: null },
  transport: null,
  amr: null,
  accessLifetime: null,
  refreshLifetime: null,
  refresh: null,
  remember: FLAG,
};
const VERIFY: MembersOf<SecondOf<"verify">> = { transport: ["cookie", "bearer"] };
const UPDATE: MembersOf<SecondOf<"update">> = { context: null };
const REVOKE_ALL: MembersOf<SecondOf<"revokeAll">> = { except: null };
const PRUNE: MembersOf<NonNullable<Parameters<SessionsApi["prune"]>[0]>> = { userId: null };

/** Makes `auth.sessions`. */
export function sessionsApi(app: App): SessionsApi {
  const { engine } = app;
  const { store } = engine;
  return {
    async create(userId, options = {}) {
      checkMembers("sessions.create", options, CREATE);
      return createSession(app, userId, options);
    },
    async refresh(refreshToken): Promise<RefreshOutcome> {
      const result = await refreshSession(engine, { token: refreshToken, transport: null, device: null });
      if (!result.ok) return { ok: false, code: result.code };
      return { ok: true, outcome: result.outcome, ...issued(app, result.row, result.tokens) };
    },
    async verify(token, how = {}) {
      checkMembers("sessions.verify", how, VERIFY);
      return validateToken(app, token, how.transport ?? null);
    },
    async get(id) {
      const found = isSessionId(id) ? await store.get(id, now(app.env)) : null;
      return found === null ? null : detailsOfRow(found.row);
    },
    list: async (userId) => (await store.list(userId, now(app.env))).map((row) => detailsOfRow(row)),
    async update(id, change) {
      checkMembers("sessions.update", change, UPDATE);
      if (!isSessionId(id)) return null;
      const context = await engine.settings.parseContext(change.context);
      const row = await store.update(id, { context }, now(app.env));
      return row === null || !isLive(row, now(app.env)) ? null : detailsOfRow(row);
    },
    revoke: async (id) => isSessionId(id) && (await endSession(engine, id, "revoked")) !== null,
    async revokeAll(userId, options = {}) {
      checkMembers("sessions.revokeAll", options, REVOKE_ALL);
      return endEverywhere(app, userId, options.except ?? null, "revoked");
    },
    async prune(options = {}) {
      // Without a user it prunes for all of them: a misspelled option must not widen it.
      checkMembers("sessions.prune", options, PRUNE);
      const { userId } = options;
      if (userId === undefined) await app.tokens.prune(now(app.env));
      return store.prune({ userId: userId ?? null, keep: engine.settings.keepEnded, now: now(app.env) });
    },
  };
}

async function createSession(
  app: App,
  userId: string,
  options: CreateSessionOptions,
): Promise<IssuedSession> {
  const { engine } = app;
  const { context, device, transport = "cookie", amr = [], remember = true, ...lifetimes } = options;
  if (transport !== "cookie" && transport !== "bearer") {
    throw new AuthError("invalid_request", "sessions.create: transport is cookie or bearer");
  }
  if (!Array.isArray(amr) || !amr.every((method) => typeof method === "string")) {
    throw new AuthError("invalid_request", "sessions.create: amr is a list of strings");
  }
  const user = await app.users.get(userId);
  if (user === null) throw new AuthError("not_found", "sessions.create: there is no such user");
  const started = await startSession(engine, {
    user,
    context: await engine.settings.parseContext(context ?? {}),
    device: deviceOf(device?.userAgent, device?.address),
    transport,
    amr,
    replaces: [],
    succeeds: null,
    lifetimes,
    remember,
    account: null,
    isNewUser: false,
  });
  if (started === null)
    throw new AuthError("invalid_credentials", "sessions.create: the user may not sign in");
  return issued(app, started.row, started.tokens);
}

function issued(app: App, row: SessionRow, tokens: IssuedTokens): IssuedSession {
  const headers = new Headers();
  // Without baseURL there is no request to take a port from: on localhost these cookies go without.
  const site = app.siteOf(null);
  if (row.transport === "cookie" && site !== null) {
    sessionHeaders(app.config.bearer.header).forEach((value, name) => {
      headers.set(name, value);
    });
    writeChanges(headers, cookiesOf(site, tokens));
  }
  const { accessToken, refreshToken, expiresIn } = tokens;
  return { session: sessionOfRow(row), accessToken, refreshToken, expiresIn, headers };
}
