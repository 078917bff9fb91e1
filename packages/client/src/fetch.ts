import type { Address } from "./address.ts";
import type { Keeper } from "./keeper.ts";
import { look, renew } from "./refresh.ts";

/**
 * Sends a request with the session, and once more after a 401 and a renewal. What goes to another origin gets nothing of
 * the session, and its 401 means nothing here.
 */
export async function fetchWithSession(
  keeper: Keeper,
  { isTrusted }: Address,
  request: Request,
): Promise<Response> {
  const { env, transport } = keeper;
  if (!isTrusted(request.url)) return env.fetch(request);
  // Cookies of a server that refreshes by itself would come outside of anybody's turn, and undo a newer sign-in.
  if (keeper.dueAt === null && transport.isRefreshedByServer) await look(keeper);
  if (keeper.dueAt !== null && env.now() >= keeper.dueAt) await renew(keeper);
  const { renewals, state } = keeper;
  const response = await env.fetch(await transport.authorize(request.clone()));
  if (response.status !== 401) return response;
  if (keeper.renewals === renewals && !(await renew(keeper)).ok) return response;
  // What one user asked for is not done as another.
  if (state.session !== null && keeper.state.session?.id !== state.session.id) return response;
  await response.body?.cancel();
  return env.fetch(await transport.authorize(request));
}
