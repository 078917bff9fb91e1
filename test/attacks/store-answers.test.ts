import type { AuthEvent, Store, Transport } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { beginLink } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { requestTo } from "../fixtures/requests.ts";
import type { TestServer } from "../fixtures/server.ts";
import { faulty } from "../fixtures/wrapped-store.ts";
import { type Options, openAttackedServer, PASSWORD } from "./server.ts";
import { modes, signUp, withAccess } from "./session.ts";

/** What drivers and query builders answer where the contract asks for something else. */
const WRONG: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  "0": 0,
  "1": 1,
  NaN: Number.NaN,
  "an empty text": "",
  "a text that says true": "true",
  "an empty object": {},
  "an empty list": [],
  "a list of one": [{}],
  "a driver's result": { rowCount: 0, rows: [] },
  "a result of two lists": [[], []],
  "a wrapped false": Object(false),
  "an error as a value": new Error("down"),
  "a function": () => null,
};
const FLAGS = { true: true, false: false };
const wrongBut = (...titles: readonly string[]): readonly (readonly [string, unknown])[] =>
  Object.entries(WRONG).filter(([title]) => !titles.includes(title));
const wrongFlags = [...wrongBut(), ["null", null]] as const;
const wrongRows = [...wrongBut(), ...Object.entries(FLAGS)];
const wrongLists = [...wrongBut("an empty list"), ...Object.entries(FLAGS), ["null", null]] as const;
const wrongCounts = [...wrongBut("0", "1"), ...Object.entries(FLAGS), ["null", null]] as const;

interface Broken {
  readonly server: TestServer;
  readonly answerWith: (operation: string, value: unknown) => void;
  readonly heal: () => void;
}

function openBroken(options: Options = {}): Broken {
  let broken: { readonly operation: string; readonly value: unknown } | null = null;
  const store = faulty(newStore(), (operation) =>
    operation === broken?.operation ? Promise.resolve(broken.value) : null,
  );
  return {
    server: openAttackedServer({ store, rateLimit: {}, clientAddress: () => "203.0.113.7", ...options }),
    answerWith: (operation, value) => {
      broken = { operation, value };
    },
    heal: () => {
      broken = null;
    },
  };
}

function expectTold(events: readonly AuthEvent[], operation: string): void {
  const told = events.flatMap((event) => (event.type === "store.failed" ? [event] : []));
  expect(told.length).toBeGreaterThan(0);
  for (const event of told) {
    expect(event.operation).toBe(operation);
    expect(event.error).toMatch(new RegExp(`^${operation.replace(".", "\\.")} returned .+: return `));
  }
}

const faultOf = (response: Response): Promise<string> =>
  response.json().then(({ error }) => `${response.status} ${error}`);
const FAULT = "500 internal_error";
const ANN = { email: "ann@example.com", password: PASSWORD };
const post = (server: TestServer, path: string, body: object = {}, headers = {}): Promise<Response> =>
  server.send(path, { method: "POST", body, headers });

/** One way to each operation that a sign-in, a refresh or a check depends on. It returns what the client is told. */
type Way = (server: TestServer, mode: Transport, ann: Awaited<ReturnType<typeof signUp>>) => Promise<string>;

const login: Way = async (server, mode) =>
  faultOf(await post(server, "/auth/login", { ...ANN, transport: mode }));
const signup: Way = async (server, mode) =>
  faultOf(await post(server, "/auth/signup", { ...ANN, email: "bob@example.com", transport: mode }));
const refresh: Way = async (server, mode, { refresh }) =>
  mode === "bearer"
    ? faultOf(await post(server, "/auth/refresh", { refresh_token: refresh }))
    : faultOf(await post(server, "/auth/refresh", {}, { cookie: `__Host-Http-latchkey.refresh=${refresh}` }));
const me: Way = async (server, mode, { access }) =>
  faultOf(await server.send("/auth/me", { headers: withAccess(mode, access) }));
const fresh: Way = async (server, mode, { access }) => {
  const request = requestTo("/", { headers: withAccess(mode, access) });
  const found = await server.auth.validate(request, { fresh: true });
  return found.ok ? "ok" : `${found.status} ${found.code}`;
};
const list: Way = async (server, mode, { access }) =>
  faultOf(await server.send("/auth/sessions", { headers: withAccess(mode, access) }));
const endedSessions: Way = async (server) => faultOf(await server.send("/auth/ended"));
const byHand =
  (call: (auth: TestServer["auth"], id: string, sessionId: string) => Promise<unknown>): Way =>
  async ({ auth }, _, { userId, sessionId }) => {
    const outcome = await call(auth, userId, sessionId).catch((error: unknown) => error);
    return outcome instanceof Error && "code" in outcome ? `500 ${outcome.code}` : "ok";
  };

const ways: Readonly<
  Record<string, readonly (readonly [string, Way, readonly (readonly [string, unknown])[]])[]>
> = {
  // A text is the id that a table of the application made.
  "users.create": [["a sign-up", signup, wrongFlags.filter(([title]) => title !== "a text that says true")]],
  "users.get": [
    ["a sign-up", signup, wrongRows],
    ["the user of a session", me, wrongRows],
  ],
  "users.find": [["a sign-in", login, wrongRows]],
  "users.update": [["barring a user", byHand((auth, id) => auth.users.disable(id)), wrongRows]],
  "users.list": [["the list of users", byHand((auth) => auth.users.list()), wrongLists]],
  "users.delete": [["deleting a user", byHand((auth, id) => auth.users.delete(id)), wrongFlags]],
  "users.accounts": [["the accounts of a user", byHand((auth, id) => auth.users.accounts(id)), wrongLists]],
  "sessions.create": [
    ["a sign-in", login, wrongRows],
    ["a sign-up", signup, wrongRows],
  ],
  "sessions.get": [["a fresh check", fresh, wrongRows]],
  "sessions.rotate": [["a refresh", refresh, wrongRows]],
  "sessions.list": [["the devices", list, wrongLists]],
  "sessions.update": [
    ["a new context", byHand((auth, _, id) => auth.sessions.update(id, { context: {} })), wrongRows],
  ],
  "sessions.end": [["ending a session", byHand((auth, _, id) => auth.sessions.revoke(id)), wrongRows]],
  "sessions.endAll": [["ending them all", byHand((auth, id) => auth.sessions.revokeAll(id)), wrongLists]],
  "sessions.endedSince": [["the ended sessions", endedSessions, [...wrongRows, ["null", null]]]],
  "sessions.prune": [["cleaning up", byHand((auth) => auth.sessions.prune()), wrongCounts]],
  "throttle.hit": [
    ["a sign-in", login, wrongRows],
    ["a sign-up", signup, wrongRows],
  ],
};

const cases = Object.entries(ways).flatMap(([operation, list]) =>
  list.flatMap(([title, way, values]) =>
    values.map(([answer, value]) => ({ operation, title, way, answer, value })),
  ),
);

describe.each(modes)("a store with invalid answers, by %s", (mode) => {
  it.each(cases)(
    "authenticates no request where $operation answers $answer for $title",
    async ({ operation, way, value }) => {
      const { server, answerWith, heal } = openBroken();
      const ann = await signUp(server, mode);
      answerWith(operation, value);
      expect(await way(server, mode, ann)).toBe(FAULT);
      expectTold(server.events, operation);
      heal();
      // Whatever was asked, the session of before is neither lost nor another.
      const ended = ["ending them all", "ending a session", "barring a user", "deleting a user"];
      if (!ended.some((title) => ways[operation]?.some(([of]) => of === title))) {
        expect(await fresh(server, mode, ann)).toBe("ok");
      }
    },
  );

  it.each(wrongRows)(
    "lifts no limit where throttle.hit answers %s after a refresh without a refresh token",
    async (_, value) => {
      const { server, answerWith } = openBroken();
      const ann = await signUp(server, mode);
      // The first refresh issues a child; the second, within the lease, is counted.
      await refresh(server, mode, ann);
      answerWith("throttle.hit", value);
      expect(await refresh(server, mode, ann)).toBe(FAULT);
    },
  );

  it.each(wrongFlags)(
    "confirms nothing and fails no request where sessions.confirm answers %s",
    async (_, value) => {
      const { server, answerWith } = openBroken({ sessions: { confirm: "early" } });
      const ann = await signUp(server, mode);
      server.clock.advance(61);
      answerWith("sessions.confirm", value);
      expect((await server.auth.validate(requestTo("/", { headers: withAccess(mode, ann.access) }))).ok).toBe(
        true,
      );
      expectTold(server.events, "sessions.confirm");
    },
  );

  it.each([...wrongRows, ["another version", { version: "1", document: "" }] as const])(
    "gives no key where keys.load answers %s",
    async (_, value) => {
      const { server, answerWith } = openBroken();
      answerWith("keys.load", value);
      expect(await faultOf(await post(server, "/auth/signup", { ...ANN, transport: mode }))).toBe(FAULT);
    },
  );

  it.each(wrongFlags)("saves no key where keys.save answers %s", async (_, value) => {
    const { server, answerWith } = openBroken();
    answerWith("keys.save", value);
    expect(await faultOf(await post(server, "/auth/signup", { ...ANN, transport: mode }))).toBe(FAULT);
  });

  const members: Readonly<Record<string, readonly (readonly [string, object])[]>> = {
    "users.find": [
      ["another version", { credentialsVersion: "0" }],
      ["no word on being disabled", { disabledAt: undefined }],
      ["a hash that is a list", { passwordHash: ["x"] }],
      ["an address that is verified by a word", { emailVerified: "false" }],
    ],
    "sessions.get": [
      ["no expiry", { expiresAt: undefined }],
      ["an expiry that is a text", { expiresAt: "2100-01-01" }],
      ["no end", { endedAt: undefined }],
    ],
  };
  it.each(
    Object.entries(members).flatMap(([operation, rows]) => rows.map((row) => [operation, ...row] as const)),
  )("rejects the row of %s with %s", async (operation, _, change) => {
    const inner = newStore();
    let broken = false;
    const altered = (row: object | null): never => ({ ...row, ...(broken ? change : {}) }) as never;
    const { users, sessions } = inner;
    const store: Store = {
      ...inner,
      users: { ...users, find: async (identifier) => altered(await users.find(identifier)) },
      sessions: {
        ...sessions,
        get: async (id, now) => {
          const found = await sessions.get(id, now);
          return found === null ? null : { ...found, row: altered(found.row) };
        },
      },
    };
    const server = openAttackedServer({ store });
    const ann = await signUp(server, mode);
    broken = true;
    expect(await (operation === "users.find" ? login : fresh)(server, mode, ann)).toBe(FAULT);
    expectTold(server.events, operation);
  });
});

describe("a sign-in with a provider, on a store with invalid answers", () => {
  it.each(wrongFlags)("OAU-02 uses up no state where tokens.spend answers %s", async (_, value) => {
    const store = faulty(newStore(), (operation) =>
      operation === "tokens.spend" ? Promise.resolve(value) : null,
    );
    const server = openStubServer({ store });
    const browser = server.browser();
    const answer = await server.signIn(browser);
    expect({ status: answer.status, location: answer.headers.get("location") }).toEqual({
      status: 303,
      location: "https://app.example.com/welcome?error=internal_error",
    });
    expect((await browser.get("/auth/me")).status).toBe(401);
    expectTold(server.events, "tokens.spend");
  });

  const exchange = async (server: ReturnType<typeof openStubServer>): Promise<object> => {
    const body = JSON.stringify({ code: "A".repeat(43), code_verifier: "v".repeat(43) });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const answer = await server.auth.handle(new Request("https://app.example.com/auth/oauth/exchange", init));
    return { status: answer.status, code: (await answer.json()).error };
  };

  it.each(wrongRows)("redeems no code of a native app where tokens.redeem answers %s", async (_, value) => {
    const store = faulty(newStore(), (operation) =>
      operation === "tokens.redeem" ? Promise.resolve(value) : null,
    );
    const server = openStubServer({ store });
    expect(await exchange(server)).toEqual({ status: 500, code: "internal_error" });
    expectTold(server.events, "tokens.redeem");
  });

  it.each(["hash", "purpose"])("redeems no code of a native app that is for another %s", async (name) => {
    const inner = memory();
    const tokens: Store["tokens"] = {
      ...inner.tokens,
      redeem: async (hash, purpose) => {
        const token = { hash, purpose, userId: null, data: {}, expiresAt: 2e9 };
        return { ...token, [name]: "another" };
      },
    };
    expect(await exchange(openStubServer({ store: { ...inner, tokens } }))).toEqual({
      status: 500,
      code: "internal_error",
    });
  });

  it.each([
    ["users.findByAccount", wrongRows],
    ["users.link", wrongFlags],
  ] as const)("does not sign in where %s", async (operation, values) => {
    for (const [title, value] of values) {
      const store = faulty(newStore(), (called) => (called === operation ? Promise.resolve(value) : null));
      const server = openStubServer({ store });
      const browser = server.browser();
      const answer = await server.signIn(browser);
      expect({ title, location: answer.headers.get("location") }).toEqual({
        title,
        location: "https://app.example.com/welcome?error=internal_error",
      });
      expect((await browser.get("/auth/me")).status).toBe(401);
    }
  });

  it.each(wrongFlags)("removes no link where users.unlink answers %s", async (_, value) => {
    let broken = false;
    const store = faulty(newStore(), (called) =>
      broken && called === "users.unlink" ? Promise.resolve(value) : null,
    );
    const server = openStubServer({ store });
    const browser = await server.signedIn();
    await linkAt(server.stub, browser, { ...ANN_THERE, email: "other@example.org" });
    broken = true;
    const answer = await browser.send("/auth/oauth/stub/link", { method: "DELETE" });
    expect(answer.status).toBe(500);
  });
});

describe("a provider with invalid answers", () => {
  const accounts = {
    "another provider": { provider: "google" },
    "no provider": { provider: undefined },
    "an empty subject": { subject: "" },
    "a number as subject": { subject: 7 },
    "an address that is verified by a word": { emailVerified: "false" },
    "an address that is verified by 1": { emailVerified: 1 },
    "an address that is a list": { email: ["ann@example.com"] },
    "no tokens": { tokens: undefined },
    "claims that are a promise": { claims: Promise.resolve({}) },
  };
  const answers = {
    ...Object.fromEntries(wrongRows),
    null: null,
    ...accounts,
  };
  it.each(Object.entries(answers))("does not sign in where identify answers %s", async (title, value) => {
    const stub = stubProvider();
    const changes = Object.hasOwn(accounts, title) ? (value as object) : null;
    const connect: typeof stub.provider.connect = (env) => {
      const inner = stub.provider.connect(env);
      return {
        ...inner,
        identify: async (flow, answer) => {
          const account = await inner.identify(flow, answer);
          return (changes === null ? value : { ...account, ...changes }) as typeof account;
        },
      };
    };
    const server = openStubServer({ stubs: [{ ...stub, provider: { ...stub.provider, connect } }] });
    const browser = server.browser();
    const answer = await server.signIn(browser);
    expect(answer.headers.get("location")).toBe("https://app.example.com/welcome?error=internal_error");
    expect((await browser.get("/auth/me")).status).toBe(401);
    const told = server.events.flatMap((event) => (event.type === "internal_error" ? [event.error] : []));
    expect(told).toEqual([expect.stringMatching(/^identify of stub returned .+: return a ProviderAccount$/)]);
  });

  it.each([undefined, null, "https://evil.example/", { href: "https://evil.example/" }, true])(
    "begins no sign-in where authorizationUrl answers %j",
    async (value) => {
      const stub = stubProvider();
      const connect: typeof stub.provider.connect = (env) => ({
        ...stub.provider.connect(env),
        authorizationUrl: async () => value as never,
      });
      const server = openStubServer({ stubs: [{ ...stub, provider: { ...stub.provider, connect } }] });
      const answer = await server.browser().get("/auth/oauth/stub");
      expect({ status: answer.status, location: answer.headers.get("location") }).toEqual({
        status: 500,
        location: null,
      });
      const browser = await server.signedIn();
      await expect(beginLink(browser, "stub")).rejects.toThrow("500 internal_error");
    },
  );
});
