import { request } from "node:http";

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The members of a JSON body; none for any other. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** One browser at one server: a cookie jar and a User-Agent. */
export interface Visitor {
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly remove: (path: string) => Promise<Answer>;
  /** Goes to a page, as a link does. */
  readonly open: (path: string) => Promise<Answer>;
  /** The names of the cookies of its session: all but the device cookie, which stays after a sign-out. */
  readonly cookies: () => readonly string[];
  /** Forgets the cookies whose names hold a word, as if they had run out. */
  readonly drop: (word: string) => void;
}

/** Opens a browser that sends what a page of the server itself would. */
export function openVisitor(url: string, userAgent: string): Visitor {
  const jar = new Map<string, string>();
  const ownHeaders = (): Headers => {
    const headers = new Headers({ "user-agent": userAgent, "sec-fetch-site": "same-origin" });
    if (jar.size > 0) headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    return headers;
  };
  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const headers = ownHeaders();
    new Headers(init.headers).forEach((value, name) => {
      headers.set(name, value);
    });
    return read(await fetch(url + path, { redirect: "manual", ...init, headers }));
  };
  const read = async ({ status, headers, body }: Response): Promise<Answer> => {
    for (const line of headers.getSetCookie()) keep(jar, line);
    const text = await new Response(body).text();
    return { status, headers, text, body: membersOf(text) };
  };
  return {
    get: (path) => send(path, {}),
    post: (path, body, headers = {}) =>
      body === undefined
        ? send(path, { method: "POST", headers })
        : send(path, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
          }),
    remove: (path) => send(path, { method: "DELETE" }),
    open: async (path) => read(await navigate(url + path, ownHeaders())),
    cookies: () => [...jar.keys()].filter((name) => !name.includes("latchkey.device")),
    drop: (word) => {
      for (const name of jar.keys()) if (name.includes(word)) jar.delete(name);
    },
  };
}

/** `fetch` always says that it is no navigation. */
function navigate(url: string, own: Headers): Promise<Response> {
  const headers = { ...Object.fromEntries(own), "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (message) => {
      const answered = new Headers();
      for (const [name, values = []] of Object.entries(message.headersDistinct)) {
        for (const value of values) answered.append(name, value);
      }
      message.resume();
      resolve(new Response(null, { status: message.statusCode ?? 500, headers: answered }));
    });
    sent.once("error", reject);
    sent.end();
  });
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ""] = line.split(";");
  const at = pair.indexOf("=");
  if (/; Max-Age=0(;|$)/.test(line)) jar.delete(pair.slice(0, at));
  else jar.set(pair.slice(0, at), pair.slice(at + 1));
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith("{")) return {};
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
