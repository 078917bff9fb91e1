import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { type Auth, applyValidation, createAuth, type Validation } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { Hono, type MiddlewareHandler } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { session } from "./index.ts";

// From here on, `Response` is the one of the server: it keeps the headers that Hono makes it with.
const listenTo = (app: Hono) => createServer(getRequestListener(app.fetch));

const OWN = { vary: "Accept", "cache-control": "public, max-age=600", "set-cookie": "theme=dark; Path=/" };
const CDN = { "cdn-cache-control": "max-age=600", "surrogate-control": "max-age=600" };
const KEPT_HEADERS = { "cache-control": "public, max-age=60", vary: "Accept" };

const early: MiddlewareHandler = async (c, next) => {
  c.header("x-early", "1");
  c.res.headers.append("x-early", "2");
  await next();
};

/** An app whose routes make every kind of response. `first` runs before all of them. */
function appWith(first: MiddlewareHandler): Hono {
  const kept = new Response(null, { headers: KEPT_HEADERS });
  const remembered: Response[] = [];
  const app = new Hono().use("*", first);
  app.use("/early/*", early);
  app.use("/late", async (c, next) => {
    await next();
    c.header("vary", "Accept-Language", { append: true });
    c.header("cache-control", "public");
  });
  app.use("/late-fault", async (_, next) => {
    await next();
    throw new Error("a middleware's fault");
  });
  return app
    .get("/json", (c) => c.json({ ok: true }))
    .get("/text", (c) => c.text("text"))
    .get("/html", (c) => c.html("<p>html</p>"))
    .get("/body", (c) => c.body("body"))
    .get("/bytes", (c) => c.body(new TextEncoder().encode("bytes")))
    .get("/empty", (c) => c.body(null, 204))
    .get("/unchanged", (c) => c.body(null, 304, { etag: '"1"' }))
    .get("/redirect", (c) => c.redirect("/elsewhere"))
    .get("/own", (c) => c.json({}, 200, OWN))
    .get("/private", (c) => c.json({}, 200, { "cache-control": "private, max-age=5", vary: "*" }))
    .get("/edge", (c) => c.text("x", 200, { "cache-control": "no-store", ...CDN }))
    .get("/two", (c) => {
      c.header("vary", "Accept", { append: true });
      c.header("set-cookie", "a=1; Path=/", { append: true });
      c.header("set-cookie", "b=2; Path=/", { append: true });
      return c.text("two");
    })
    .get("/access", (c) => c.text("x", 200, { "set-cookie": "latchkey.access=own; Path=/" }))
    .get("/stream", (c) => c.body(new Blob(["streamed"]).stream(), 200, OWN))
    .get("/raw", () => new Response("raw", { headers: { ...OWN, ...CDN } }))
    .get("/raw-empty", () => new Response(null, { status: 304, headers: OWN }))
    .get("/raw-stream", () => new Response(new Blob(["streamed"]).stream(), { headers: OWN }))
    .get("/raw-redirect", () => Response.redirect("http://localhost/elsewhere", 303))
    .get("/kept", () => kept)
    .get("/remembered", (c) => {
      remembered[0] ??= c.body(null, 200, KEPT_HEADERS);
      return remembered[0];
    })
    .get("/early/json", (c) => c.json({}, 200, OWN))
    .get("/early/raw", () => new Response("raw", { headers: OWN }))
    .get("/late", (c) => c.json({}, 200, OWN))
    .get("/late-fault", (c) => c.text("late", 200, OWN))
    .get("/thrown", () => {
      throw new Error("a handler's fault");
    })
    .get("/replaced", async (c, next) => {
      await next();
      c.res = new Response("replaced", { status: 418, headers: OWN });
    })
    .notFound((c) => c.json({ error: "nothing here" }, 404))
    .onError((_, c) => c.text("sorry", 500));
}

const PATHS = [
  ..."/json /text /html /body /bytes /empty /unchanged /redirect /own /private /edge /two /access".split(" "),
  ..."/stream /raw /raw-empty /raw-stream /raw-redirect /kept /early/json /early/raw".split(" "),
  ..."/late /late-fault /thrown /replaced /nowhere".split(" "),
];
const VISITORS = ["anonymous", "live", "refreshed"] as const;

/** The headers that the server itself writes. */
const OF_SERVER = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"]);

interface Seen {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

async function seen(response: Response): Promise<Seen> {
  // The server writes the type of a text in its own form, if it does, and a copy of a response has it in another one.
  const isText = response.headers.get("content-type")?.startsWith("text/plain") !== false;
  const headers = [...response.headers].filter(
    ([name]) => !OF_SERVER.has(name) && !(isText && name === "content-type"),
  );
  return { status: response.status, headers, body: await response.text() };
}

describe("session on @hono/node-server", () => {
  const clock = { now: 1_700_000_000_000 };
  const auth = createAuth({ store: memory(), env: { clock: () => clock.now } });
  let last: Validation | null = null;
  const noting: Auth = {
    ...auth,
    validate: async (...given) => {
      const validation = await auth.validate(...given);
      last = validation;
      return validation;
    },
  };
  const servers: readonly Server[] = [appWith((_, next) => next()), appWith(session(noting))].map(listenTo);
  let ports: readonly number[] = [];
  beforeAll(async () => {
    for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
    ports = servers.map((server) => (server.address() as AddressInfo).port);
  });
  afterAll(() => servers.map((server) => server.close()));

  const get = (server: 0 | 1, path: string, cookie: string): Promise<Response> =>
    fetch(`http://localhost:${ports[server]}${path}`, { headers: { cookie }, redirect: "manual" });

  async function cookieOf(visitor: (typeof VISITORS)[number]): Promise<string> {
    if (visitor === "anonymous") return "theme=dark";
    const { id } = await auth.users.create({ email: `${crypto.randomUUID()}@example.com` });
    const { headers } = await auth.sessions.create(id);
    // Past the life of the access token, so that the next request refreshes.
    if (visitor === "refreshed") clock.now += 11 * 60 * 1_000;
    return headers
      .getSetCookie()
      .map((line) => line.split(";", 1)[0])
      .join("; ");
  }

  it.each(VISITORS)(
    "sends what applyValidation makes of each response to a visitor who is %s",
    async (visitor) => {
      for (const path of PATHS) {
        const bare = await get(0, path, "");
        const applied = await seen(await get(1, path, await cookieOf(visitor)));
        if (last === null) throw new Error("session did not validate");
        const empty = new Response(null, { status: bare.status, headers: bare.headers });
        const { headers } = await seen(applyValidation(empty, last));
        const { status, body } = await seen(bare);
        expect({ path, ...applied }).toEqual({ path, status, headers, body });
      }
    },
  );

  it("sends no cookie of a visitor to another one with a response that a handler keeps", async () => {
    const first = await get(1, "/remembered", await cookieOf("refreshed"));
    expect(first.headers.getSetCookie()).toHaveLength(2);
    for (const visitor of ["live", "anonymous"] as const) {
      const { status, headers } = await get(1, "/remembered", await cookieOf(visitor));
      expect({ status, cookies: headers.getSetCookie() }).toEqual({ status: 200, cookies: [] });
    }
  });
});
