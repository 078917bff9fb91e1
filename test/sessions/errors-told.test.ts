import { randomBytes } from "node:crypto";
import {
  AuthError,
  createAuth,
  type ErrorContext,
  type JsonObject,
  type Store,
  type User,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type ArcticClient, arcticProvider, github } from "@latchkey/core/oauth";
import { type PasswordHasher, password } from "@latchkey/core/password";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { begin, nativeCode, VERIFIER } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer, type StubServerOptions } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { requestTo } from "../fixtures/requests.ts";
import { collectSecrets, listening, printed } from "../fixtures/secrets.ts";
import { ANN, BOB, cheapHasher, openSecureServer, openServer, SECRET } from "../fixtures/server.ts";
import { faulty } from "../fixtures/wrapped-store.ts";

interface Told {
  readonly error: unknown;
  readonly context: ErrorContext;
}

interface Stage {
  readonly server: StubServer;
  readonly ann: Browser;
  readonly annId: string;
  readonly sessionId: string;
  readonly told: Told[];
  readonly inbox: Inbox;
  /** Whether the fault happens. */
  readonly fault: { armed: boolean };
}

class DriverError extends Error {
  readonly code = "ECONNREFUSED";
}

/** An error as a driver throws it. Each is another object with another text. */
function newError(): DriverError {
  const text = randomBytes(8).toString("hex");
  return new DriverError(`connect failed: ${text}`, { cause: new Error(`socket ${text}`) });
}

const CALLBACKS = { trustedOrigins: ["com.example.app://"], sessions: { confirm: "early" } } as const;

async function openStage(options: StubServerOptions = {}): Promise<Stage> {
  const told: Told[] = [];
  const inbox = openInbox();
  const server = openStubServer({
    stubs: [stubProvider({ storeTokens: true })],
    mail: inbox.mail,
    rateLimit: {},
    ...CALLBACKS,
    onError: (error, context) => told.push({ error, context }),
    ...options,
  });
  const ann = await server.signedIn();
  const annId = (await server.auth.users.find({ email: ANN.email }))?.id ?? "";
  const [session] = await server.auth.sessions.list(annId);
  return { server, ann, annId, sessionId: session?.id ?? "", told, inbox, fault: { armed: false } };
}

async function signInThere({ server }: Stage): Promise<void> {
  await server.signIn(server.browser(), { ...ANN_THERE, email: "there@example.com" });
}

async function thereId(stage: Stage): Promise<string> {
  return (await stage.server.auth.users.find({ email: "there@example.com" }))?.id ?? "";
}

/** The sign-in of a native app, as far as its code. */
function codeOf({ server }: Stage): Promise<string> {
  const person = { ...ANN_THERE, email: "there@example.com" };
  return nativeCode(server.browser(), (location) => server.stub.agree(location, person));
}

/** Asks for another address, and returns the token of the message. */
async function changeTokenOf({ server, annId, inbox }: Stage): Promise<string> {
  await server.auth.users.changeEmail(annId, "ann@new.example");
  return inbox.token("change");
}

/** Prepares what the step needs without the fault, and makes the step. */
type Step = (stage: Stage, arm: () => void) => Promise<unknown>;

const byHand =
  (call: (stage: Stage) => Promise<unknown>): Step =>
  async (stage, arm) => {
    arm();
    await call(stage);
  };
const confirmChange: Step = async (stage, arm) => {
  const token = await changeTokenOf(stage);
  arm();
  await stage.ann.post("/auth/email/change/confirm", { token });
};
const login = byHand(({ server }) => server.browser().post("/auth/login", ANN));
const signup = byHand(({ server }) => server.browser().post("/auth/signup", BOB));

type Operations<Part> = Exclude<keyof Part, "users">;

/** A step for each operation of a store, or null where core does not call it. An operation without a step is a type error. */
const STEPS: {
  readonly [Part in Exclude<keyof Store, "check">]: Readonly<Record<Operations<Store[Part]>, Step | null>>;
} = {
  sessions: {
    create: login,
    get: byHand(({ server, ann }) => server.auth.validate(ann.request("/"), { fresh: true })),
    rotate: byHand(({ ann }) => ann.post("/auth/refresh")),
    confirm: async ({ server, ann }, arm) => {
      server.clock.advance(61);
      arm();
      await server.auth.validate(ann.request("/"));
    },
    list: byHand(({ ann }) => ann.get("/auth/sessions")),
    update: byHand(({ server, sessionId }) => server.auth.sessions.update(sessionId, { context: {} })),
    end: byHand(({ ann }) => ann.post("/auth/logout")),
    endAll: byHand(({ server, annId }) => server.auth.sessions.revokeAll(annId)),
    prune: byHand(({ server, annId }) => server.auth.sessions.prune({ userId: annId })),
    endedSince: async ({ server, ann }, arm) => {
      // So far behind that the request waits for the read.
      server.clock.advance(60);
      arm();
      await server.auth.validate(ann.request("/"));
    },
  },
  users: {
    create: signup,
    get: byHand(({ ann }) => ann.get("/auth/me")),
    find: login,
    update: byHand(({ server, annId }) => server.auth.users.disable(annId)),
    delete: byHand(({ server, annId }) => server.auth.users.delete(annId)),
    findByAccount: byHand(signInThere),
    link: byHand(signInThere),
    unlink: async (stage, arm) => {
      await signInThere(stage);
      const id = await thereId(stage);
      arm();
      await stage.server.auth.users.unlink(id, "stub");
    },
    changeEmail: confirmChange,
    list: byHand(({ server }) => server.auth.users.list()),
    accounts: byHand(({ server, annId }) => server.auth.users.accounts(annId)),
    keepTokens: byHand(signInThere),
    keptTokens: async (stage, arm) => {
      await signInThere(stage);
      const id = await thereId(stage);
      arm();
      await stage.server.auth.users.providerTokens(id, "stub");
    },
  },
  keys: {
    load: byHand(({ server }) => server.auth.keys.rotate()),
    save: byHand(({ server }) => server.auth.keys.rotate()),
  },
  tokens: {
    put: byHand(codeOf),
    redeem: async (stage, arm) => {
      const code = await codeOf(stage);
      arm();
      await stage.server.send("/auth/oauth/exchange", {
        method: "POST",
        body: { code, code_verifier: VERIFIER },
      });
    },
    spend: byHand(signInThere),
    revoke: null,
    fillSlot: byHand(changeTokenOf),
    readSlot: confirmChange,
    redeemSlot: confirmChange,
    prune: byHand(({ server }) => server.auth.sessions.prune()),
  },
  throttle: { hit: login, release: login },
};

const OPERATIONS = Object.entries(STEPS).flatMap(([part, steps]) =>
  Object.entries<Step | null>(steps).flatMap(([name, step]) =>
    step === null ? [] : [{ operation: `${part}.${name}`, step }],
  ),
);

afterEach(() => void vi.restoreAllMocks());

describe("a store that throws", () => {
  it.each(OPERATIONS)("is told whole where $operation fails", async ({ operation, step }) => {
    const secrets = collectSecrets();
    secrets.add(ANN.password, BOB.password, SECRET);
    const fault = { armed: false };
    const thrown: unknown[] = [];
    const store = faulty(listening(memory(), secrets), (of) => {
      if (!fault.armed || of !== operation) return null;
      thrown.push(newError());
      return Promise.reject(thrown.at(-1));
    });
    const stage = { ...(await openStage({ store })), fault };
    secrets.addAccessToken(stage.ann.cookie("access"));
    secrets.addRefreshToken(stage.ann.cookie("refresh"));
    const rejected = await step(stage, () => arm(fault)).catch((error: unknown) => error);
    expect(thrown.length).toBeGreaterThan(0);
    expect(stage.told.map(({ error }) => error)).toEqual(thrown);
    for (const [index, { error, context }] of stage.told.entries()) {
      expect(error).toBe(thrown[index]);
      expect(context.operation).toBe(operation);
    }
    for (const message of await stage.inbox.messages()) {
      if ("url" in message) secrets.add(new URL(message.url ?? "").searchParams.get("token") ?? "");
    }
    const added = [stage.told.map(({ context }) => context), rejected, stage.server.events];
    expect(secrets.foundIn(added.map(printed).join("\n"))).toEqual([]);
    expect(printed(rejected)).not.toContain("connect failed");
  });

  it("keeps its code on the error that a caller gets, and not its text", async () => {
    const store = faulty(memory(), (of) => (of === "users.get" ? Promise.reject(newError()) : null));
    const server = openStubServer({ store, onError: () => undefined });
    const error: unknown = await server.auth.users.get("x").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      code: "store_unavailable",
      operation: "users.get",
      cause: { code: "ECONNREFUSED" },
    });
    expect(printed(error)).not.toContain("connect failed");
    expect(JSON.stringify(error)).not.toMatch(/operation|cause|ECONNREFUSED/);
  });

  it("is told as late with the name of the option", async () => {
    const never = new Promise<never>(() => undefined);
    const store = faulty(memory(), (of) => (of === "users.find" ? never : null));
    const told: unknown[] = [];
    const server = openStubServer({ store, storeTimeout: 1, onError: (error) => told.push(error) });
    await server.browser().post("/auth/login", ANN);
    expect(told).toEqual([new Error("users.find did not answer within storeTimeout, 1 seconds")]);
  });
});

type Throw = () => never;

function arm(fault: { armed: boolean }): void {
  fault.armed = true;
}

interface CallbackCase {
  readonly operation: string;
  readonly options: (fail: Throw, stage: { readonly armed: boolean }) => StubServerOptions;
  readonly step: Step;
}

const callMe = byHand(({ ann }) => ann.get("/auth/me"));

/** Fails once the fault is armed, and does nothing before. */
const CASES: readonly CallbackCase[] = [
  {
    operation: "hooks.signedIn",
    options: (fail, at) => ({ hooks: { signedIn: () => (at.armed ? fail() : undefined) } }),
    step: login,
  },
  {
    operation: "hooks.signedIn",
    options: (fail, at) => ({ hooks: { signedIn: async () => (at.armed ? fail() : undefined) } }),
    step: login,
  },
  {
    operation: "hooks.signedIn",
    options: (fail, at) => ({ hooks: { signedIn: () => (at.armed ? fail() : undefined) } }),
    step: byHand(({ server, annId }) => server.auth.sessions.create(annId)),
  },
  {
    operation: "hooks.refreshed",
    options: (fail, at) => ({ hooks: { refreshed: async () => (at.armed ? fail() : undefined) } }),
    step: byHand(({ ann }) => ann.post("/auth/refresh")),
  },
  {
    operation: "hooks.validated",
    options: (fail, at) => ({ hooks: { validated: () => (at.armed ? fail() : undefined) } }),
    step: callMe,
  },
  {
    operation: "hooks.validated",
    options: (fail, at) => ({ hooks: { validated: () => (at.armed ? fail() : undefined) } }),
    step: byHand(({ server, ann }) => server.auth.validate(ann.request("/"))),
  },
  {
    operation: "accessToken.claims",
    options: (fail, at) => ({ accessToken: { claims: () => (at.armed ? fail() : {}) } }),
    step: login,
  },
  {
    operation: "user.serialize",
    options: (fail, at) => ({
      user: { serialize: ({ id }: Pick<User, "id">) => (at.armed ? fail() : { id }) },
    }),
    step: callMe,
  },
  {
    operation: "sessions.context.from",
    options: (fail, at) => ({
      sessions: { context: { schema: anySchema(() => undefined), from: () => (at.armed ? fail() : {}) } },
    }),
    step: login,
  },
  {
    operation: "sessions.context.schema",
    options: (fail, at) => ({
      sessions: { context: { schema: anySchema(() => (at.armed ? fail() : undefined)) } },
    }),
    step: login,
  },
  {
    operation: "clientAddress",
    options: (fail, at) => ({ clientAddress: () => (at.armed ? fail() : null) }),
    step: callMe,
  },
  {
    operation: "onEvent",
    options: (fail, at) => ({ onEvent: () => (at.armed ? fail() : undefined) }),
    step: byHand(({ server, sessionId }) => server.auth.sessions.revoke(sessionId)),
  },
  {
    operation: "onEvent",
    options: (fail, at) => ({ onEvent: async () => (at.armed ? fail() : undefined) }),
    step: byHand(({ server, sessionId }) => server.auth.sessions.revoke(sessionId)),
  },
];

/** A client as arctic has them, of a provider that agrees to everything. */
const PLAIN_CLIENT: ArcticClient = {
  createAuthorizationURL: () => new URL("https://provider.example/authorize"),
  validateAuthorizationCode: async () => {
    const answer = await fetch("https://provider.example/token", { method: "POST" });
    return { data: await answer.json() } as Awaited<ReturnType<ArcticClient["validateAuthorizationCode"]>>;
  },
};

function anySchema(check: () => void) {
  const validate = (value: unknown) => {
    check();
    return { value: value as JsonObject };
  };
  return { "~standard": { version: 1 as const, vendor: "test", validate } };
}

describe("a callback that throws", () => {
  it.each(CASES)("is told whole where $operation fails", async ({ operation, options, step }) => {
    const fault = { armed: false };
    const thrown = newError();
    const fail: Throw = () => {
      throw thrown;
    };
    const stage = { ...(await openStage(options(fail, fault))), fault };
    await step(stage, () => arm(fault)).catch((error: unknown) =>
      expect(error).toMatchObject({ code: "internal_error", operation, cause: thrown }),
    );
    expect(stage.told.map(({ context }) => context.operation)).toEqual([operation]);
    expect(stage.told[0]?.error).toBe(thrown);
  });

  it.each(["hash", "verify", "needsRehash"] as const)("is told whole where hasher.%s fails", async (name) => {
    const thrown = newError();
    const fault = { armed: false };
    const hasher: PasswordHasher = { ...cheapHasher };
    const failing = new Proxy(hasher, {
      get: (target, member) => {
        if (!fault.armed || member !== name) return Reflect.get(target, member);
        return () => {
          throw thrown;
        };
      },
    });
    const told: Told[] = [];
    const server = openServer({
      providers: [password({ hasher: failing })],
      onError: (error, context) => told.push({ error, context }),
    });
    await server.signedIn();
    fault.armed = true;
    const [path, body] = name === "hash" ? ["/auth/signup", BOB] : ["/auth/login", ANN];
    expect((await server.browser().post(path, body)).status).toBe(500);
    expect(told).toEqual([
      { error: thrown, context: { operation: `hasher.${name}`, requestId: expect.any(String) } },
    ]);
    expect(told[0]?.error).toBe(thrown);
  });

  it.each(["authorizationUrl", "identify"] as const)(
    "is told whole where %s of a provider fails",
    async (name) => {
      const thrown = newError();
      const stub = stubProvider();
      const connect: typeof stub.provider.connect = (env) => ({
        ...stub.provider.connect(env),
        [name]: async () => {
          throw thrown;
        },
      });
      const told: Told[] = [];
      const server = openStubServer({
        stubs: [{ ...stub, provider: { ...stub.provider, connect } }],
        onError: (error, context) => told.push({ error, context }),
      });
      await server.signIn(server.browser()).catch(() => undefined);
      expect(told.map(({ context }) => context.operation)).toEqual([`${name} of stub`]);
      expect(told[0]?.error).toBe(thrown);
    },
  );

  it("is told whole where the profile of a provider of arctic fails", async () => {
    const thrown = newError();
    const told: Told[] = [];
    const provider = arcticProvider(PLAIN_CLIENT, {
      id: "twitch",
      scopes: [],
      profile: () => {
        throw thrown;
      },
    });
    const server = openSecureServer({
      providers: [provider],
      onError: (error, context) => told.push({ error, context }),
      env: { fetch: async () => Response.json({ access_token: "there", token_type: "bearer" }) },
    });
    const browser = server.browser();
    const state = new URL(await begin(browser, "twitch")).searchParams.get("state") ?? "";
    const back = await browser.get(`/auth/oauth/twitch/callback?code=c&state=${state}`);
    expect(back.headers.get("location")).toContain("error=internal_error");
    expect(told.map(({ context }) => context.operation)).toEqual(["profile of twitch"]);
    expect(told[0]?.error).toBe(thrown);
  });

  it("is told whole where the network of a provider fails, which is its fault for the browser", async () => {
    const thrown = newError();
    const told: Told[] = [];
    const server = openSecureServer({
      providers: [github({ clientId: "client", clientSecret: "secret" })],
      onError: (error, context) => told.push({ error, context }),
      env: { fetch: () => Promise.reject(thrown) },
    });
    const browser = server.browser();
    const state = new URL(await begin(browser, "github")).searchParams.get("state") ?? "";
    const back = await browser.get(`/auth/oauth/github/callback?code=c&state=${state}`);
    expect(back.headers.get("location")).toContain("error=oauth_failed");
    expect(told.map(({ context }) => context.operation)).toEqual(["identify of github"]);
    expect(told[0]?.error).toBe(thrown);
  });

  it("gives the messages of a schema that refuses a context", async () => {
    const told: Told[] = [];
    const validate = () => ({ issues: [{ message: "tenant is missing" }] });
    const server = openServer({
      sessions: { context: { schema: { "~standard": { version: 1, vendor: "test", validate } } } },
      onError: (error, context) => told.push({ error, context }),
    });
    const answer = await server.browser().post("/auth/signup", ANN);
    expect(await answer.text()).not.toContain("tenant");
    expect(String(told[0]?.error)).toContain("tenant is missing");
    expect(told[0]?.context.operation).toBe("sessions.context.schema");
  });

  it("is told once where a hook passes on the failure of a call to auth", async () => {
    const fault = { armed: false };
    const thrown = newError();
    const told: Told[] = [];
    const server = openServer({
      store: faulty(memory(), (of) => (of === "users.accounts" ? Promise.reject(thrown) : null)),
      onError: (error, context) => told.push({ error, context }),
      hooks: {
        signedIn: async ({ user }) => {
          if (fault.armed) await server.auth.users.accounts(user.id);
        },
      },
    });
    await server.signedIn();
    arm(fault);
    const answer = await server.browser().post("/auth/login", ANN);
    expect(answer.status).toBe(503);
    expect(told).toEqual([{ error: thrown, context: { operation: "users.accounts", requestId: null } }]);
  });

  it("tells of no refusal", async () => {
    const { server, told, ann } = await openStage({
      hooks: {
        validated: () => {
          throw new AuthError("forbidden");
        },
      },
    });
    expect((await ann.get("/auth/me")).status).toBe(403);
    await server.browser().post("/auth/login", BOB);
    await server.auth.users.create({ email: "nonsense" }).catch(() => undefined);
    expect(told).toEqual([]);
  });
});

describe("the id of a request", () => {
  const thrown = newError();
  const failing = async (headers: Record<string, string>, onError?: () => unknown) => {
    const told: Told[] = [];
    const server = openServer({
      hooks: {
        validated: () => {
          throw thrown;
        },
      },
      onError: (error, context) => {
        told.push({ error, context });
        return onError?.();
      },
    });
    const ann = await server.signedIn();
    return { answer: await ann.get("/auth/me", headers), told, server, ann };
  };

  it("is the one that the request brings, in the report and in the answer", async () => {
    const { answer, told } = await failing({ "x-request-id": "7f:00.a_b-1" });
    expect(answer.headers.get("x-request-id")).toBe("7f:00.a_b-1");
    expect(told.map(({ context }) => context)).toEqual([
      { operation: "hooks.validated", requestId: "7f:00.a_b-1" },
    ]);
  });

  it.each(["", "a b", "<script>", "x".repeat(129), "é"])(
    "is drawn where the request brings %j",
    async (sent) => {
      const { answer, told } = await failing({ "x-request-id": sent });
      const id = answer.headers.get("x-request-id");
      expect(id).toMatch(/^[\w-]{16}$/);
      expect(told[0]?.context.requestId).toBe(id);
    },
  );

  it("is also on a failed validation, and null outside of a request", async () => {
    const { told, server, ann } = await failing({});
    const found = await server.auth.validate(ann.request("/", { headers: { "x-request-id": "abc" } }));
    expect(found.ok ? null : found.response().headers.get("x-request-id")).toBe("abc");
    await server.auth.sessions.verify(ann.cookie("access"));
    expect(told.map(({ context }) => context.requestId)).toEqual([expect.any(String), "abc", null]);
  });

  it("can be read by the pages of trusted origins", async () => {
    const origin = "https://spa.example.com";
    const server = openServer({
      trustedOrigins: [origin],
      hooks: {
        signedIn: () => {
          throw thrown;
        },
      },
    });
    const answer = await server
      .browser()
      .post("/auth/signup", ANN, { origin, "sec-fetch-site": "cross-site" });
    expect(answer.status).toBe(500);
    expect(answer.headers.get("access-control-expose-headers")).toContain("X-Request-Id");
  });

  it("is not on an answer that is no fault of the server", async () => {
    const answer = await openServer().browser().get("/auth/me", { "x-request-id": "abc" });
    expect(answer.status).toBe(401);
    expect(answer.headers.has("x-request-id")).toBe(false);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no network")), 500],
    [
      "rejects",
      () => {
        throw new Error("no network");
      },
      500,
    ],
  ] as const)("changes nothing where onError %s", async (_, onError, status) => {
    const { answer, told } = await failing({}, onError);
    expect(answer.status).toBe(status);
    expect(told).toHaveLength(1);
  });

  it("stands in the line that the console gets without onError, before the error with its stack", async () => {
    const lines: unknown[][] = [];
    vi.spyOn(console, "error").mockImplementation((...line) => void lines.push(line));
    const auth = createAuth({
      store: memory(),
      providers: [password({ hasher: cheapHasher })],
      hooks: {
        signedIn: () => {
          throw thrown;
        },
      },
    });
    const call = { method: "POST", body: ANN, headers: { "x-request-id": "abc" } };
    const answer = await auth.handle(requestTo("/auth/signup", call, "http://localhost"));
    expect(answer.headers.get("x-request-id")).toBe("abc");
    expect(await answer.text()).not.toContain(thrown.message);
    expect(lines).toEqual([["latchkey: hooks.signedIn failed in request abc:", thrown]]);
  });

  it("comes with the route for an error that names no operation", async () => {
    const told: Told[] = [];
    const broken = { armed: false };
    const random = (length: number): Uint8Array => {
      if (broken.armed) throw thrown;
      return randomBytes(length);
    };
    const server = openServer({
      onError: (error, context) => told.push({ error, context }),
      env: { random },
    });
    await server.signedIn();
    arm(broken);
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(500);
    expect(told).toEqual([{ error: thrown, context: { operation: "POST /login", requestId: null } }]);
  });
});
