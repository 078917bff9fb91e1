import type { Clock } from "./clock.ts";

/** What a browser talks to: `auth`, or anything with its door. */
export interface Server {
  handle(request: Request): Promise<Response>;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One cookie jar, and requests that go through it. */
export interface Browser {
  readonly origin: string;
  /** Makes the request that a page of this origin would send, with the cookies for its path. */
  request(path: string, call?: Call): Request;
  /** Sends it to `auth.handle` and keeps the cookies of the answer. */
  send(path: string, call?: Call): Promise<Response>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Keeps the cookies of an answer that came another way, as from `auth.validate`. */
  take(headers: Headers): void;
  /** The value of the cookie whose name holds this word, or "". */
  cookie(word: "access" | "refresh"): string;
  /** Forgets a cookie, as if it had run out. */
  drop(word: "access" | "refresh"): void;
  /** The names of the cookies it would send to a path. */
  names(path?: string): readonly string[];
  /** Another browser with the same cookies: a thief, or a jar before it was rolled back. It may talk to another server. */
  copy(other?: Server): Browser;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly expiresAt: number;
}

export interface BrowserOptions {
  readonly server: Server;
  readonly clock: Clock;
  readonly origin?: string;
  /** The cookies it begins with. */
  readonly jar?: ReadonlyMap<string, Cookie>;
}

/** Opens a browser on one origin. It honours Max-Age and Path, and says where its requests come from. */
export function openBrowser(options: BrowserOptions): Browser {
  const { server, clock, origin = "http://localhost:3000" } = options;
  const jar = new Map(options.jar);
  const sent = (path: string): readonly Cookie[] =>
    [...jar.values()].filter((cookie) => cookie.expiresAt > clock.now() && matches(path, cookie.path));
  const holding = (word: string): Cookie | undefined => sent("/").find(({ name }) => name.includes(word));

  const request = (path: string, { method = "GET", body, headers = {} }: Call = {}): Request => {
    const all = new Headers({ "user-agent": "browser", "sec-fetch-site": "same-origin" });
    if (method !== "GET" && method !== "HEAD") all.set("origin", origin);
    const pairs = sent(path.split("?")[0] ?? path).map(({ name, value }) => `${name}=${value}`);
    if (pairs.length > 0) all.set("cookie", pairs.join("; "));
    if (body !== undefined) all.set("content-type", "application/json");
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    const content =
      body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    return new Request(origin + path, { method, headers: all, ...content });
  };
  const take = (headers: Headers): void => {
    for (const line of headers.getSetCookie()) keep(jar, line, clock.now());
  };
  const send = async (path: string, call: Call = {}): Promise<Response> => {
    const response = await server.handle(request(path, call));
    take(response.headers);
    return response;
  };
  return {
    origin,
    request,
    send,
    take,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, body, headers = {}) => send(path, { method: "POST", body, headers }),
    cookie: (word) => holding(word)?.value ?? "",
    drop: (word) => {
      const found = holding(word);
      if (found !== undefined) jar.delete(keyOf(found));
    },
    names: (path = "/") => sent(path).map(({ name }) => name),
    copy: (other = server) => openBrowser({ ...options, server: other, jar }),
  };
}

function keyOf({ name, path }: Pick<Cookie, "name" | "path">): string {
  return `${name};${path}`;
}

function keep(jar: Map<string, Cookie>, line: string, now: number): void {
  const [pair = "", ...rest] = line.split("; ");
  const attributes = new Map(rest.map((part) => splitAt(part, "=")));
  const [name, value] = splitAt(pair, "=");
  const maxAge = Number(attributes.get("Max-Age"));
  const cookie = { name, value, path: attributes.get("Path") ?? "/", expiresAt: now + maxAge * 1_000 };
  if (maxAge > 0) jar.set(keyOf(cookie), cookie);
  else jar.delete(keyOf(cookie));
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

// RFC 6265bis 5.1.4.
function matches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}
