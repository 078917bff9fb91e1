import { type Keeper, renew } from "./keeper.ts";

/**
 * Sends a request with the session, and once more after a 401 and a renewal. What goes to another origin gets nothing of
 * the session, and its 401 means nothing here.
 */
export async function fetchWithSession<U, C>(
  keeper: Keeper<U, C>,
  origins: readonly string[],
  request: Request,
): Promise<Response> {
  const { env, transport } = keeper;
  if (!origins.includes(new URL(request.url).origin)) return env.fetch(request);
  // A server that refreshes by itself would set cookies outside of anybody's turn.
  if (env.now() >= keeper.expiresAt) await renew(keeper);
  const { renewals } = keeper;
  const response = await env.fetch(await transport.authorize(request.clone()));
  if (response.status !== 401) return response;
  if (keeper.renewals === renewals && !(await renew(keeper)).ok) return response;
  await response.body?.cancel();
  return env.fetch(await transport.authorize(request));
}
