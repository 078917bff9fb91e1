import type { App } from "../accounts/app.ts";
import { sessionHeaders } from "../cookies/cookie.ts";
import { authenticate } from "../sessions/authenticate.ts";
import type { Transport } from "../sessions/session.ts";
import { codeOf } from "./response.ts";
import { failRequest, runValidatedHook } from "./validate.ts";
import type { Validation } from "./validation.ts";

/** Validates an access token that did not come with a request. A null `transport` accepts either. */
export async function validateToken(
  app: App,
  token: string,
  transport: Transport | null,
): Promise<Validation> {
  const presented = {
    transport,
    access: [{ token, current: true, hostBound: true }],
    refresh: [],
    device: null,
  };
  try {
    const found = await authenticate(app.engine, presented, {
      refresh: "never",
      fresh: false,
      keepAlive: null,
    });
    if (!found.ok) return failRequest(app, found.code, { presented }).validation;
    const accepted = runValidatedHook(app, found.claims.transport, found);
    if (accepted === null) return failRequest(app, "unauthenticated", { presented }).validation;
    const { transport: by } = found.claims;
    const headers = sessionHeaders(app.config.bearer.header);
    return {
      ok: true,
      ...accepted,
      userId: accepted.session.userId,
      transport: by,
      refreshed: false,
      headers,
      cookies: new Map(),
    };
  } catch (error) {
    return failRequest(app, codeOf(app, error), { presented }).validation;
  }
}
