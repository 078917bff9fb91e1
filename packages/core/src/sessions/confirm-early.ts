import { now } from "../platform/env.ts";
import { reportQuietly } from "../platform/errors.ts";
import type { AccessClaims } from "./access-claims.ts";
import type { SessionEngine } from "./engine.ts";

const MAX_CONFIRMED = 10_000;

/**
 * Confirms the refresh token that was issued with an access token: after one lease the browser has stored its cookies, so the
 * refresh token counts as presented.
 */
export async function confirmEarly(engine: SessionEngine, claims: AccessClaims): Promise<void> {
  const { refresh } = engine.settings;
  const at = now(engine.env);
  if (refresh === null || claims.generation === undefined) return;
  if (at - claims.iat < refresh.lease || engine.confirmed.has(claims.jti)) return;
  if (engine.confirmed.size >= MAX_CONFIRMED) engine.confirmed.clear();
  engine.confirmed.add(claims.jti);
  await engine.store
    .confirm(claims.sid, claims.generation, refresh.lease, at)
    .catch(reportQuietly(engine.report));
}
