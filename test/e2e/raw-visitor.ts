import { type IncomingHttpHeaders, request } from "node:http";
import { expect } from "vitest";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The Set-Cookie lines. */
  readonly lines: readonly string[];
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
}

/** A browser that sends paths as they are written, and keeps cookies by name. */
export interface RawVisitor {
  readonly send: (path: string, sent?: Sent) => Promise<RawAnswer>;
  readonly jar: Map<string, string>;
  /** Forgets the access token, as browsers do once it has expired. */
  readonly expire: () => void;
  /** The value of the cookie whose name holds a word. */
  readonly cookie: (word: string) => string;
}

export interface Site {
  readonly port: number;
  /** Where the browser believes it is. */
  readonly origin: string;
}

export function openRawVisitor({ port, origin }: Site): RawVisitor {
  const jar = new Map<string, string>();
  const own = { host: new URL(origin).host, "user-agent": "Firefox", "sec-fetch-site": "same-origin" };
  const cookie = (word: string): string => [...jar].find(([name]) => name.includes(word))?.[1] ?? "";
  return {
    jar,
    cookie,
    expire: () => {
      for (const name of jar.keys()) if (name.includes("access")) jar.delete(name);
    },
    async send(path, { method = "GET", headers = {}, body } = {}) {
      const encoded = body instanceof FormData ? new Response(body) : null;
      const type = encoded?.headers.get("content-type");
      const bytes = encoded === null ? body : Buffer.from(await encoded.arrayBuffer());
      const answer = await exchange({
        port,
        path,
        method,
        headers: {
          ...own,
          ...(jar.size === 0 ? {} : { cookie: [...jar].map((pair) => pair.join("=")).join("; ") }),
          ...(method === "POST" ? { origin } : {}),
          ...(type == null ? {} : { "content-type": type }),
          ...headers,
        },
        body: bytes as string | Buffer | undefined,
      });
      for (const line of answer.lines) keep(jar, line);
      // Whatever is asked, nothing of the inside comes out; x-middleware-skip is Next's own answer to a prefetch.
      expect(
        Object.keys(answer.headers).filter((name) => /^x-middleware-(?!skip)|latchkey/.test(name)),
      ).toEqual([]);
      return answer;
    },
  };
}

export interface Press {
  readonly path: string;
  /** The text of the button; of several the last one. */
  readonly button: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** The page, where it was loaded before. */
  readonly page?: string;
}

/** Presses a button of a page as a browser without script does. */
export async function press(
  visitor: RawVisitor,
  { path, button, fields = {}, page }: Press,
): Promise<RawAnswer> {
  const text = page ?? (await visitor.send(path)).text;
  const forms = [...text.matchAll(/<form[^>]*>.*?<\/form>/gs)].map(([form]) => form);
  const form = forms.findLast((candidate) => candidate.includes(`>${button}</button>`)) ?? "";
  const [pressed = ""] = new RegExp(`<button[^>]*>${button}</button>`).exec(form) ?? [];
  const body = new FormData();
  const inputs = [...form.matchAll(/<input type="hidden"[^>]*>/g)].map(([input]) => input);
  for (const tag of [...inputs, pressed]) {
    const [, name = ""] = /name="([^"]*)"/.exec(tag) ?? [];
    const [, escaped = ""] = /value="([^"]*)"/.exec(tag) ?? [];
    const value = escaped.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    // Of two actions the one of the button counts.
    if (name.startsWith("$ACTION_ID_"))
      for (const known of [...body.keys()]) if (/^\$ACTION/.test(known)) body.delete(known);
    if (name !== "") body.append(name, value);
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  expect(
    [...body.keys()].some((name) => /^\$ACTION_(ID|REF)_/.test(name)),
    `${button} on ${path}`,
  ).toBe(true);
  return visitor.send(path, { method: "POST", body });
}

interface Exchange {
  readonly port: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

function exchange({ body, ...options }: Exchange): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          lines: incoming.headers["set-cookie"] ?? [],
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ""] = line.split(";");
  const at = pair.indexOf("=");
  if (/; Max-Age=0(;|$)/.test(line)) jar.delete(pair.slice(0, at));
  else jar.set(pair.slice(0, at), pair.slice(at + 1));
}
