/** The parts of a request that show its origin. */
export interface Provenance {
  readonly method: string;
  /** Whether it is a WebSocket handshake: a GET that a script of any origin can start. */
  readonly upgrade: boolean;
  readonly secFetchSite: string | null;
  readonly origin: string | null;
  readonly referer: string | null;
}

export interface CsrfPolicy {
  readonly ownOrigin: string;
  readonly trustedOrigins: ReadonlySet<string>;
  /** Refuse requests without origin headers, instead of treating them as requests of other clients than browsers. */
  readonly requireFetchMetadata: boolean;
}

export type CsrfDecision =
  | { readonly kind: "allow"; readonly because: "safe" | "same_origin" | "trusted" | "user" | "no_browser" }
  | { readonly kind: "reject"; readonly because: "cross_site" | "inconsistent" | "unknown" };

const MAX_REFERER = 4_096;
/** The methods that only read (RFC 9110 9.2.1). */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Decides whether the origin of an unsafe request is allowed (OWASP ASVS 5.0 3.5.1, Fetch Metadata). `same-site` is not
 * enough, because a sibling subdomain is a different party.
 */
export function decideCsrf(request: Provenance, policy: CsrfPolicy): CsrfDecision {
  if (SAFE_METHODS.has(request.method) && !request.upgrade) return { kind: "allow", because: "safe" };
  const { origin } = request;
  const trusted = origin !== null && policy.trustedOrigins.has(origin);
  switch (request.secFetchSite) {
    case null:
      return withoutMetadata(request, policy);
    case "same-origin":
      // Fetch 3.2: from a page with the referrer policy no-referrer, a form of the same origin has Origin null. One from a
      // sandboxed frame has that too, and its Sec-Fetch-Site is cross-site.
      if (origin !== null && origin !== "null" && origin !== policy.ownOrigin && !trusted)
        return reject("inconsistent");
      return { kind: "allow", because: "same_origin" };
    case "none":
      return origin === null || origin === policy.ownOrigin || trusted
        ? { kind: "allow", because: "user" }
        : reject("inconsistent");
    case "same-site":
    case "cross-site":
      return trusted ? { kind: "allow", because: "trusted" } : reject("cross_site");
    default:
      return reject("unknown");
  }
}

// Older browsers send Origin with unsafe requests. A client that sends neither is not a browser.
function withoutMetadata(request: Provenance, policy: CsrfPolicy): CsrfDecision {
  const source = request.origin ?? originOf(request.referer);
  if (source === null) {
    return policy.requireFetchMetadata ? reject("unknown") : { kind: "allow", because: "no_browser" };
  }
  if (source === policy.ownOrigin) return { kind: "allow", because: "same_origin" };
  return policy.trustedOrigins.has(source) ? { kind: "allow", because: "trusted" } : reject("cross_site");
}

function originOf(referer: string | null): string | null {
  if (referer === null) return null;
  // Referrer Policy 8.3: browsers reduce a longer URL to its origin.
  if (referer.length > MAX_REFERER) return "null";
  return URL.parse(referer)?.origin ?? "null";
}

function reject(because: Extract<CsrfDecision, { kind: "reject" }>["because"]): CsrfDecision {
  return { kind: "reject", because };
}

/** The parts of a request that show whether a browser opens a page by it. */
export interface Arrival {
  readonly method: string;
  /** `Sec-Fetch-Mode` and `Sec-Fetch-Dest`; null for a client that does not send them. */
  readonly mode: string | null;
  readonly destination: string | null;
  /** Whether the browser loads it ahead of the user's decision, by `Sec-Purpose` or `Purpose`. */
  readonly ahead: boolean;
}

/**
 * Decides whether a request opens a page: only that may start or finish a sign-in with a provider. An image, a frame, a
 * script's `fetch` or a prefetch of any site must not.
 *
 * A service worker that answers with `fetch(event.request)` relays a navigation with an empty destination. The mode stays
 * `navigate`, which no script can set (Fetch 5.4), and the request is of a page below the worker's own origin. So it is
 * accepted. It hides whether the page is in a frame: browsers give a frame below another site a worker of its own partition,
 * so such a frame is relayed only below a page of the same site.
 */
export function decideNavigation({ method, mode, destination, ahead }: Arrival): "allow" | "refuse" {
  if (method === "HEAD" || ahead) return "refuse";
  if (mode !== null && mode !== "navigate") return "refuse";
  if (destination === null || destination === "document") return "allow";
  return destination === "empty" && mode === "navigate" ? "allow" : "refuse";
}

/** A host name has at most 253 characters. */
const MAX_ORIGIN = 280;

/** The origin of a request as a parsed URL writes it, to show it; null if there is none. Never the bytes of a header. */
export function shownOrigin({ origin, referer }: Pick<Provenance, "origin" | "referer">): string | null {
  const source = origin ?? referer;
  const url = source === null || source.length > MAX_REFERER ? null : URL.parse(source);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null;
  return url.origin.length > MAX_ORIGIN ? null : url.origin;
}

/** Says which origin was refused, and which option lets it in. */
export function originAdvice(origin: string | null, ownOrigin: string): string {
  if (origin === null) return "The request comes from another site, and does not name its origin.";
  return `The request comes from ${origin}, and this server is ${ownOrigin}: to let it in, add it to trustedOrigins.`;
}

/** The largest number of refused origins that are named: a client can send any number of them. */
const MAX_NAMED = 32;

/** Makes the function that passes the advice about each refused origin to `tell`, once. */
export function originReporter(tell: (advice: string) => void): (origin: string, ownOrigin: string) => void {
  const named = new Set<string>();
  return (origin, ownOrigin) => {
    if (named.has(origin) || named.size >= MAX_NAMED) return;
    named.add(origin);
    tell(originAdvice(origin, ownOrigin));
  };
}
