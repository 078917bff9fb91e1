import type { Address } from "./address.ts";
import type { ClientSession } from "./client-session.ts";
import type { Env } from "./env.ts";
import type { Transport } from "./transport.ts";

/** The objects that `fetchWithSession` uses. */
export interface FetchParts {
  readonly session: ClientSession;
  readonly transport: Transport;
  readonly address: Address;
  readonly env: Env;
}

/**
 * Sends a request with the session. After a 401 it refreshes, and sends the request once more. A request to an untrusted
 * origin gets nothing of the session, and a 401 from there has no effect.
 */
export async function fetchWithSession(
  { session, transport, address, env }: FetchParts,
  request: Request,
): Promise<Response> {
  if (!address.isTrusted(request.url)) return env.fetch(request);
  await session.refreshIfDue();
  const { tokenVersion, state } = session;
  const response = await env.fetch(await transport.authorize(request.clone()));
  if (response.status !== 401) return response;
  if (session.tokenVersion === tokenVersion && !(await session.refresh()).ok) return response;
  // The request belongs to one session, and is not repeated with another one.
  if (state.session !== null && session.state.session?.id !== state.session.id) return response;
  await response.body?.cancel();
  return env.fetch(await transport.authorize(request));
}
