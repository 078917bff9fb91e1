import type { App } from "../accounts/app.ts";
import { authenticate } from "../sessions/authenticate.ts";
import type { Transport } from "../sessions/session.ts";
import { codeOf, failRequest } from "./response.ts";
import { runValidatedHook } from "./validate.ts";
import type { Validation } from "./validation.ts";
import { validSession } from "./validation-result.ts";

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
    return validSession({
      ...accepted,
      transport: found.claims.transport,
      refreshed: false,
      headers: null,
      bearerHeader: app.config.bearer.header,
      sentCookies: null,
      changes: [],
    });
  } catch (error) {
    return failRequest(app, codeOf(app, error), { presented }).validation;
  }
}
