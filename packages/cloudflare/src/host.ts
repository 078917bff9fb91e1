import type { RequestHost } from "@latchkey/core";

/** The part of the context of a request that `requestHost` uses. */
export interface WaitingContext {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Returns what `auth.handle` and `auth.validate` need besides the request: the client's address, and the `waitUntil` of the
 * context. The address is the header `CF-Connecting-IP`, which Cloudflare overwrites in every request of a client. A
 * Worker that calls this one through a service binding sets it itself.
 *
 * @example
 * fetch: (request: Request, env: Env, ctx: ExecutionContext) =>
 *   getAuth(env).handle(request, requestHost(request, ctx)),
 */
export function requestHost(request: Request, context: WaitingContext): RequestHost {
  return {
    clientAddress: request.headers.get("cf-connecting-ip"),
    waitUntil: (work) => context.waitUntil(work),
  };
}
