import { ORIGIN } from "./stage.ts";

interface Kept {
  readonly name: string;
  readonly value: string;
  /** The domain of a cookie that subdomains share; null for one of the host alone. */
  readonly domain: string | null;
  readonly path: string;
  readonly partitioned: boolean;
}

/** The cookies of one browser on the origin of the stage, with those that its sibling subdomains set. */
export interface Jar {
  /** Keeps the cookies of an answer. A deleted cookie is gone only where name, domain, path and partition are the same. */
  readonly take: (headers: Headers) => void;
  /** Keeps a cookie that a sibling subdomain sets. */
  readonly toss: (line: string) => void;
  /** Forgets the cookies of a name that are the host's own or at this domain, as time does. */
  readonly drop: (name: string) => void;
  /** The header that the browser sends to a path (RFC 6265bis 5.7.3: longer paths first, then the older). */
  readonly header: (path: string) => { readonly cookie: string };
  readonly size: () => number;
}

export function openJar(): Jar {
  const kept = new Map<string, Kept>();
  const host = new URL(ORIGIN).hostname;
  const keep = (line: string): void => {
    const [pair = "", ...rest] = line.split("; ");
    const attributes = new Map(rest.map((part) => splitAt(part)));
    const [name, value] = splitAt(pair);
    const domain = attributes.get("Domain") ?? null;
    if (domain !== null && host !== domain && !host.endsWith(`.${domain}`))
      throw new Error(`rejected: ${line}`);
    if (name.startsWith("__Host-") && domain !== null) throw new Error(`rejected: ${line}`);
    const cookie = {
      name,
      value,
      domain,
      path: attributes.get("Path") ?? "/",
      partitioned: attributes.has("Partitioned"),
    };
    const key = [name, domain, cookie.path, cookie.partitioned].join(";");
    if (attributes.get("Max-Age") === "0") kept.delete(key);
    else kept.set(key, cookie);
  };
  return {
    take: (headers) => {
      for (const line of headers.getSetCookie()) keep(line);
    },
    toss: (line) => {
      if (!line.includes("Domain=")) throw new Error("a sibling sets no cookie of the host alone");
      keep(line);
    },
    drop: (name) => {
      for (const [key, cookie] of kept) if (cookie.name === name) kept.delete(key);
    },
    header: (path) => {
      const sent = [...kept.values()].filter((cookie) => matches(path, cookie.path));
      const sorted = sent.toSorted((one, other) => other.path.length - one.path.length);
      return { cookie: sorted.map(({ name, value }) => `${name}=${value}`).join("; ") };
    },
    size: () => kept.size,
  };
}

function splitAt(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

// RFC 6265bis 5.1.4.
function matches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}
