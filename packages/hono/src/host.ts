import type { RequestHost } from "@latchkey/core";
import type { Context } from "hono";

/**
 * Returns the client's address and `waitUntil` of a request, for a call of `auth.handle` or `auth.validate` by hand. It
 * knows Node with `@hono/node-server`, Bun, Deno and Cloudflare Workers. Elsewhere the address is null.
 *
 * @example
 * app.post("/join", (c) => auth.handlers.signup(c.req.raw, requestHost(c)));
 */
export function requestHost(c: Context): RequestHost {
  // Only Cloudflare overwrites this header. The bindings are those of the application, and are not searched.
  if (isWorker())
    return { clientAddress: c.req.header("cf-connecting-ip") ?? null, waitUntil: waitUntilOf(c) };
  const connected = connectedAddress(c);
  return connected === null ? { waitUntil: waitUntilOf(c) } : { clientAddress: connected };
}

function isWorker(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}

/** What the servers of the runtimes pass to `app.fetch`, or under `server` in it. */
interface Connection {
  /** Of Node. */
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: unknown } };
  /** Of Bun. */
  readonly requestIP?: unknown;
  /** Of Deno. */
  readonly remoteAddr?: { readonly hostname?: unknown };
}

function connectedAddress(c: Context): string | null {
  const env: (Connection & { readonly server?: Connection }) | undefined = c.env;
  const connection = env?.server ?? env;
  const address =
    connection?.incoming?.socket?.remoteAddress ?? connection?.remoteAddr?.hostname ?? askBun(connection, c);
  return typeof address === "string" ? address : null;
}

function askBun(server: Connection | undefined, c: Context): unknown {
  if (server === undefined || typeof server.requestIP !== "function") return null;
  const found: { readonly address?: unknown } | null = server.requestIP(c.req.raw);
  return found?.address;
}

function waitUntilOf(c: Context): RequestHost["waitUntil"] {
  try {
    const { executionCtx } = c;
    return (work) => executionCtx.waitUntil(work);
  } catch {
    // Hono throws where the platform has no such context.
    return undefined;
  }
}
