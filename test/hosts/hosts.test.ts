import { execFile } from "node:child_process";
import { IncomingMessage, request, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { RouterContextProvider } from "react-router";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startServer } from "../e2e/demo-process.ts";
import { openVisitor } from "../e2e/visitor.ts";
import { openBrowser, type Server } from "../fixtures/browser.ts";
import {
  removeSnippets,
  sectionsOf,
  type Written,
  writeMistaken,
  writeProject,
  writeSnippets,
} from "./snippets.ts";

const ADA = { email: "ada@example.com", password: "correct horse battery" };
const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));

let written: readonly Written[] = [];
beforeAll(() => {
  written = writeSnippets();
});
afterAll(removeSnippets);

function section(heading: string): Written {
  const found = written.find((candidate) => candidate.heading === heading);
  if (found === undefined) throw new Error(`HOSTS.md has no section ${heading}`);
  return found;
}

/** The errors in the code of sections. The sources of the packages have their own compiler options, so they are left out. */
function compile(sections: readonly Written[]): Promise<readonly string[]> {
  const project = writeProject(sections);
  return new Promise((resolve) => {
    execFile(tsc, ["-p", project], { cwd: dirname(project) }, (_, out) =>
      resolve(out.split("\n").filter((line) => /^(?!\.\.)\S.*error TS/.test(line))),
    );
  });
}

const served = ["Node's `http`", "Express", "Fastify"];
const called = ["SvelteKit", "Astro", "React Router"];

const MOST_LINES = 15;
const tooLong = (document?: string): readonly string[] =>
  sectionsOf(document)
    .filter(({ lines }) => lines > MOST_LINES)
    .map(({ heading }) => heading);

describe("the document HOSTS.md", () => {
  it("has no section of more than 15 lines", () => {
    expect(sectionsOf().map(({ heading }) => heading)).toEqual(
      expect.arrayContaining([...served, ...called]),
    );
    expect(tooLong()).toEqual([]);
  });

  it("would fail this test with a longer section", () => {
    const sample = (name: string, lines: number): string => `## ${name}\n\n${"a line\n".repeat(lines)}`;
    expect(tooLong(sample("Short", 14) + sample("Long", 15) + sample("Short too", 1))).toEqual(["Long"]);
  });
});

describe("the code of HOSTS.md", () => {
  it("compiles for every host over `http`, and would not with a mistake", async () => {
    const mistaken = writeMistaken(section("Express"), "validate(req, res)", "validate(req)");
    const errors = await compile([...served.map(section), mistaken]);
    const isOfMistake = (line: string): boolean => line.startsWith(`${basename(mistaken.folder)}/`);
    expect(errors.filter((line) => !isOfMistake(line))).toEqual([]);
    expect(errors.filter(isOfMistake).join()).toContain("error TS");
  });

  it.each(called)("compiles for %s", async (heading) => {
    expect(await compile([section(heading)])).toEqual([]);
  });
});

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The address of this machine that the connection comes from. */
  readonly from?: string;
}

interface Told {
  readonly status: number;
  readonly text: string;
  /** The cookies that the answer sets, by the last part of their names. */
  readonly cookies: Readonly<Record<string, string>>;
}

function ask(
  port: number,
  { path = "/mine", method = "GET", headers = {}, body, from }: Asked,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const own = { host: `localhost:${port}`, "content-type": "application/json", ...headers };
    const local = from === undefined ? { host: "localhost" } : { host: "127.0.0.1", localAddress: from };
    const sent = request({ ...local, port, method, path, headers: own }, async (answer) => {
      const lines = answer.headers["set-cookie"] ?? [];
      const pairs = lines.map((line) => line.split(";", 1)[0] ?? "");
      const cookies = Object.fromEntries(pairs.map((pair) => [/access|refresh/.exec(pair)?.[0], pair]));
      resolve({ status: answer.statusCode ?? 0, text: await text(answer), cookies });
    });
    sent.once("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const FORGED = { "x-forwarded-for": "198.51.100.9", forwarded: "for=198.51.100.9" };

describe.each(served)("a server with the code of HOSTS.md for %s", (heading) => {
  it("serves a sign-up, a refresh and a sign-out over HTTP", async () => {
    const port = await freePort();
    const env = { ORIGIN: `http://localhost:${port}` };
    const server = await startServer({ script: section(heading).files[0], port, env });
    try {
      const visitor = openVisitor(server.url, "Firefox");
      expect((await visitor.get("/mine")).body).toMatchObject({ error: "unauthenticated" });
      const signedUp = await visitor.post("/auth/signup", ADA);
      expect({ status: signedUp.status, cookies: signedUp.headers.getSetCookie().length }).toEqual({
        status: 201,
        // Those of the session, and that of the device.
        cookies: 3,
      });
      const userId = Object(signedUp.body["user"]).id;
      const mine = await visitor.get("/mine");
      expect({ body: mine.body, cacheControl: mine.headers.get("cache-control") }).toEqual({
        body: { userId },
        cacheControl: "private, no-store",
      });
      visitor.drop("access");
      const refreshed = await visitor.get("/mine");
      expect({ body: refreshed.body, cookies: refreshed.headers.getSetCookie().length }).toEqual({
        body: { userId },
        cookies: 2,
      });
      const wrong = await visitor.post("/auth/login", { ...ADA, password: "wrong horse battery" });
      expect({ status: wrong.status, error: wrong.body["error"] }).toEqual({
        status: 401,
        error: "invalid_credentials",
      });
      const large = await visitor.post("/auth/login", { ...ADA, padding: "x".repeat(20_000) });
      expect({ status: large.status, error: large.body["error"] }).toEqual({
        status: 413,
        error: "payload_too_large",
      });
      const forged = await visitor.post("/auth/logout", undefined, { "sec-fetch-site": "cross-site" });
      expect(forged.status).toBe(403);
      expect((await visitor.post("/auth/logout")).status).toBe(200);
      expect(visitor.cookies()).toEqual([]);
      expect((await visitor.get("/mine")).status).toBe(401);
      // `Request` refuses this method. The server must survive it.
      expect((await ask(port, { method: "TRACE" })).status).toBeGreaterThanOrEqual(400);
      expect((await visitor.get("/mine")).status).toBe(401);
    } finally {
      await server.stop("SIGKILL");
    }
  });
});

describe.each(served)("a server with the code of HOSTS.md for %s", (heading) => {
  it("RAT-03 hands over the address of each connection, and no header", async () => {
    const port = await freePort();
    const env = { ORIGIN: `http://localhost:${port}` };
    const server = await startServer({ script: section(heading).files[0], port, env });
    const addressSeen = async (cookie = ""): Promise<unknown> => {
      const { text: listed } = await ask(port, { path: "/auth/sessions", headers: { cookie } });
      return JSON.parse(listed).sessions[0].device.address;
    };
    try {
      const join = { path: "/auth/signup", method: "POST", headers: FORGED, body: ADA };
      const signedUp = await ask(port, { ...join, from: "127.0.0.2" });
      expect(await addressSeen(signedUp.cookies["access"])).toBe("127.0.0.2");
      const headers = { ...FORGED, cookie: signedUp.cookies["refresh"] ?? "" };
      const mine = await ask(port, { headers, from: "127.0.0.3" });
      expect(mine.status).toBe(200);
      expect(await addressSeen(mine.cookies["access"])).toBe("127.0.0.3");
    } finally {
      await server.stop("SIGKILL");
    }
  });
});

it("the code of HOSTS.md keeps the headers that a framework over `http` set before", async () => {
  const [file] = section("Express").files;
  const { validate } = await import(join(dirname(file), "node.ts"));
  const asked = new IncomingMessage(new Socket());
  const answer = new ServerResponse(asked);
  answer.setHeader("Vary", "Origin").setHeader("Set-Cookie", ["a=1", "b=2"]).setHeader("X-Limit", 7);
  await validate(asked, answer);
  expect(answer.getHeaders()).toMatchObject({
    vary: ["Origin", "Cookie, Authorization"],
    "x-limit": 7,
    "set-cookie": ["a=1", "b=2"],
  });
});

/** A page of the framework: a response with immutable headers that names the user its handlers see. */
type Page = (userId: string | null) => Response;
const page: Page = (userId) => {
  const response = Response.json({ userId }, { headers: { "cache-control": "public, max-age=60" } });
  const refuse = (): never => {
    throw new TypeError("immutable");
  };
  Object.assign(response.headers, { append: refuse, set: refuse, delete: refuse });
  return response;
};

/** The client's address, which the frameworks tell. */
let clientAddress = "";

/** Calls the exports of a snippet as its framework would. */
const doors: Readonly<Record<string, (module: Module) => Server>> = {
  SvelteKit: ({ handle }) => ({
    handle: async (request) => {
      const locals = { session: undefined };
      const event = { url: new URL(request.url), request, locals, getClientAddress: () => clientAddress };
      const resolve = async () => page(Object(event.locals.session).userId ?? null);
      return handle({ event, resolve });
    },
  }),
  Astro: ({ onRequest, ALL }) => ({
    handle: async (request) => {
      const locals = { session: undefined };
      const url = new URL(request.url);
      const context = { url, request, locals, clientAddress, isPrerendered: false };
      return onRequest(context, async () =>
        url.pathname.startsWith("/auth/") ? ALL(context) : page(Object(locals.session).userId ?? null),
      );
    },
  }),
  "React Router": ({ withSession, sessionContext, addressContext, respond }) => ({
    handle: async (request) => {
      const context = new RouterContextProvider(new Map([[addressContext as never, clientAddress]]));
      const args = { request, context, params: {}, pattern: "" };
      return withSession(args, async () => {
        if (new URL(request.url).pathname.startsWith("/auth/")) return respond(args);
        return page(Object(context.get(sessionContext as never)).userId ?? null);
      });
    },
  }),
};

type Exported = (...args: readonly unknown[]) => Promise<Response>;
type Name = "handle" | "onRequest" | "ALL" | "withSession" | "sessionContext" | "addressContext" | "respond";
type Module = Readonly<Record<Name, Exported>>;

describe.each(called)("a hook with the code of HOSTS.md for %s", (heading) => {
  it("serves a sign-up, a refresh and a sign-out", async () => {
    // One after the other: parallel imports of one module can create two instances, each with its own store.
    const modules: Module[] = [];
    const { files } = section(heading);
    for (const file of [...files, join(dirname(files[0]), "context.ts")]) modules.push(await import(file));
    const door = doors[heading]?.(Object.assign({}, ...modules));
    if (door === undefined) throw new Error("no door");
    const browser = openBrowser({ server: door, clock: { now: Date.now, advance: () => undefined } });
    const devices = async (): Promise<unknown> => (await browser.get("/auth/sessions")).json();
    clientAddress = "203.0.113.7";
    expect(await (await browser.get("/")).json()).toEqual({ userId: null });
    const signedUp = await browser.post("/auth/signup", ADA);
    expect(signedUp.status).toBe(201);
    const userId = (await signedUp.json()).user.id;
    expect(await devices()).toMatchObject({ sessions: [{ device: { address: "203.0.113.7" } }] });
    const mine = await browser.get("/");
    expect({ body: await mine.json(), cacheControl: mine.headers.get("cache-control") }).toEqual({
      body: { userId },
      cacheControl: "private, no-store",
    });
    browser.drop("access");
    clientAddress = "203.0.113.8";
    const refreshed = await browser.get("/");
    expect({ body: await refreshed.json(), cookies: refreshed.headers.getSetCookie().length }).toEqual({
      body: { userId },
      cookies: 2,
    });
    expect(await devices()).toMatchObject({ sessions: [{ device: { address: "203.0.113.8" } }] });
    expect((await browser.post("/auth/logout")).status).toBe(200);
    expect(browser.names()).toEqual([expect.stringContaining("device")]);
    const anonymous = await browser.get("/");
    expect({ body: await anonymous.json(), cacheControl: anonymous.headers.get("cache-control") }).toEqual({
      body: { userId: null },
      cacheControl: "public, max-age=60",
    });
  });
});
