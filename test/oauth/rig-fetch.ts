/** One request that went out. */
export interface Outgoing {
  readonly method: string;
  /** As it was asked for, before it was turned to this machine. */
  readonly url: string;
  readonly redirect: RequestRedirect;
  /** False where nothing limits how long the caller waits. */
  readonly hasSignal: boolean;
}

/** An `env.fetch` that reaches this machine only. */
export interface RigFetch {
  readonly fetch: typeof fetch;
  readonly calls: readonly Outgoing[];
  /** The URLs that it would not fetch: no test leaves the machine. */
  readonly refused: readonly string[];
}

const HERE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const HOPS = 10;

/** Makes a fetch that sends the listed origins elsewhere, keeping path and query, and refuses every other foreign host. */
export function rigFetch(origins: Readonly<Record<string, string>> = {}): RigFetch {
  const calls: Outgoing[] = [];
  const refused: string[] = [];
  const one = async (request: Request, hasSignal: boolean): Promise<Response> => {
    calls.push({ method: request.method, url: request.url, redirect: request.redirect, hasSignal });
    const { origin, href } = new URL(request.url);
    const target = new URL(`${origins[origin] ?? origin}${href.slice(origin.length)}`);
    if (!HERE.has(target.hostname)) {
      refused.push(href);
      throw new TypeError(`the test would have left the machine for ${origin}`);
    }
    const body = request.body === null ? {} : { body: await request.clone().arrayBuffer() };
    const { method, headers, signal } = request;
    return fetch(target, { method, headers, signal, redirect: "manual", ...body });
  };
  return {
    calls,
    refused,
    fetch: async (input, init) => {
      let request = new Request(input, init);
      const isGiven = init?.signal != null || input instanceof Request;
      for (let hop = 0; hop < HOPS; hop++) {
        const spare = request.clone();
        const response = await one(request, isGiven);
        const location = response.headers.get("location");
        // Redirects are followed here, so that they cannot leave the machine either.
        const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
        if (!isRedirect || request.redirect === "manual") return response;
        await response.body?.cancel();
        if (request.redirect === "error") throw new TypeError("fetch failed: a redirect");
        request = redirected(spare, new URL(location, request.url), response.status);
      }
      throw new TypeError("fetch failed: too many redirects");
    },
  };
}

// Fetch standard, HTTP-redirect fetch: only 307 and 308 keep a POST, and Authorization does not cross origins.
function redirected(request: Request, target: URL, status: number): Request {
  const isKept = status === 307 || status === 308 || request.method === "GET" || request.method === "HEAD";
  const next = isKept ? new Request(target, request) : new Request(target, { signal: request.signal });
  if (target.origin !== new URL(request.url).origin) next.headers.delete("authorization");
  return next;
}

/** Sends the well-known providers to one place. */
export function wellKnown(origin: string): Readonly<Record<string, string>> {
  const hosts = [
    "github.com",
    "api.github.com",
    "accounts.google.com",
    "oauth2.googleapis.com",
    "www.googleapis.com",
    "openidconnect.googleapis.com",
    "appleid.apple.com",
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "discord.com",
    "gitlab.com",
  ];
  return Object.fromEntries(hosts.map((host) => [`https://${host}`, origin]));
}
