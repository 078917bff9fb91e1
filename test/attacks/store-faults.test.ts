import type { Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { countOf, type TestServer } from "../fixtures/server.ts";
import { type Fault, faulty } from "../fixtures/wrapped-store.ts";
import { LEASE, openAttackedServer, PASSWORD } from "./server.ts";
import { endReasonOf, modes, present, read, signUp, whoAmI, withAccess } from "./session.ts";
import { codeOf } from "./verdicts.ts";

/** A server whose store can be made to fail, one operation at a time. */
function openFaulty(options = {}): {
  readonly server: TestServer;
  readonly fail: (operation: string | null, how?: () => Promise<unknown>) => void;
} {
  let failing: string | null = null;
  let how = (): Promise<unknown> => Promise.reject(new Error("postgres://user:pw@db:5432 refused"));
  const fault: Fault = (operation) => (operation === failing ? how() : null);
  return {
    server: openAttackedServer({ store: faulty(newStore(), fault), storeTimeout: 1, ...options }),
    fail: (operation, with_ = how) => {
      failing = operation;
      how = with_;
    },
  };
}

const never = (): Promise<unknown> => new Promise(() => undefined);
const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["an error", () => Promise.reject(new Error("SQLITE_BUSY: lkr_secret"))],
  ["no error at all", () => Promise.reject("text")],
  ["undefined", () => Promise.reject(undefined)],
  [
    "an error thrown at once",
    () => {
      throw new Error("thrown");
    },
  ],
  ["silence", never],
];

// Together, as most of them wait for the store's time to be over.
describe.concurrent.each(modes)("a store that fails (%s)", (mode) => {
  it.each(ways)(
    "STO-01 STO-08 causes 503 on a checked read, by %s, never 401, and cookies stay",
    async (_, how) => {
      const { server, fail } = openFaulty({ revocation: "store" });
      const ann = await signUp(server, mode);
      fail("sessions.get", how);
      const found = await server.auth.validate(requestTo("/", { headers: withAccess(mode, ann.access) }));
      if (found.ok) throw new Error("signed in");
      expect({ code: found.code, status: found.status, cookies: found.headers.getSetCookie() }).toEqual({
        code: "store_unavailable",
        status: 503,
        cookies: [],
      });
      const text = await found.response().text();
      expect(text).not.toMatch(/SQLITE|postgres|secret|thrown/);
      fail(null);
      expect((await whoAmI(server, mode, ann.access)).status).toBe(200);
    },
  );

  it.each(ways)(
    "STO-08 CON-14 causes 503 on a refresh, by %s, clears no cookie, and the next refresh succeeds",
    async (_, how) => {
      const { server, fail } = openFaulty();
      const ann = await signUp(server, mode);
      fail("sessions.rotate", how);
      const failed = await present(server, mode, ann.refresh);
      expect({ status: failed.status, code: failed.code, cookies: failed.headers.getSetCookie() }).toEqual({
        status: 503,
        code: "store_unavailable",
        cookies: [],
      });
      fail(null);
      const answer = await present(server, mode, ann.refresh);
      expect({ status: answer.status, hasRefresh: answer.refresh !== null }).toEqual({
        status: 200,
        hasRefresh: true,
      });
      expect(countOf(server, "session.reuse_detected")).toBe(0);
    },
  );

  it("STO-02 STO-03 a refresh that was written but timed out delays the next rotation by the lease only", async () => {
    const inner = newStore();
    let late = false;
    const sessions: Store["sessions"] = {
      ...inner.sessions,
      async rotate(rotation) {
        const after = await inner.sessions.rotate(rotation);
        return late ? new Promise(() => undefined) : after;
      },
    };
    const server = openAttackedServer({ store: { ...inner, sessions }, storeTimeout: 1 });
    const ann = await signUp(server, mode);
    late = true;
    expect((await present(server, mode, ann.refresh)).code).toBe("store_unavailable");
    late = false;
    const retry = await present(server, mode, ann.refresh);
    expect({ status: retry.status, refresh: retry.refresh, hasAccess: retry.access !== null }).toEqual({
      status: 200,
      refresh: null,
      hasAccess: true,
    });
    server.clock.advance(LEASE);
    const after = await present(server, mode, ann.refresh);
    expect({ status: after.status, hasRefresh: after.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    expect(countOf(server, "session.reuse_detected")).toBe(0);
  });

  it("STO-05 a write that the driver delivers twice gives the same answer", async () => {
    const inner = newStore();
    const sessions: Store["sessions"] = {
      ...inner.sessions,
      async rotate(rotation) {
        await inner.sessions.rotate(rotation);
        return inner.sessions.rotate(rotation);
      },
    };
    const server = openAttackedServer({ store: { ...inner, sessions } });
    const ann = await signUp(server, mode);
    let token = ann.refresh;
    for (let n = 0; n < 4; n++) {
      const answer = await present(server, mode, token);
      expect({ status: answer.status, hasRefresh: answer.refresh !== null }).toEqual({
        status: 200,
        hasRefresh: true,
      });
      token = answer.refresh ?? "";
      server.clock.advance(LEASE);
    }
    expect(countOf(server, "session.reuse_detected")).toBe(0);
  });

  it.each([{}, { row: {}, now: 0 }, { row: { id: null }, now: Number.NaN }])(
    "STO-07 a damaged row (%j) authenticates no user, and leaks no detail",
    async (row) => {
      const { server, fail } = openFaulty({ revocation: "store" });
      const ann = await signUp(server, mode);
      fail("sessions.rotate", () => Promise.resolve(row));
      const answer = await present(server, mode, ann.refresh);
      expect({
        access: answer.access,
        refresh: answer.refresh,
        isFailure: [401, 500].includes(answer.status),
      }).toEqual({ access: null, refresh: null, isFailure: true });
      expect(await endReasonOf(server, ann.sessionId)).toBeNull();
      expect(JSON.stringify(server.events)).not.toMatch(/lkr_|eyJ/);
    },
  );

  it("STO-01 a live token is accepted where a refresh is due and the store is down", async () => {
    const { server, fail } = openFaulty();
    const ann = await signUp(server, "cookie");
    server.clock.advance(590);
    fail("sessions.rotate");
    const cookie = `__Host-Http-latchkey.access=${ann.access}; __Host-Http-latchkey.refresh=${ann.refresh}`;
    const found = await server.auth.validate(requestTo("/", { headers: { cookie } }));
    expect({ code: codeOf(found), cookies: found.headers.getSetCookie() }).toEqual({
      code: "ok",
      cookies: [],
    });
    server.clock.advance(10);
    const over = await server.auth.validate(requestTo("/", { headers: { cookie } }));
    expect({ code: codeOf(over), cookies: over.headers.getSetCookie() }).toEqual({
      code: "store_unavailable",
      cookies: [],
    });
  });
});

describe("a store that fails at other calls", () => {
  it.each([
    ["users.find", "/auth/login"],
    ["sessions.create", "/auth/login"],
    ["users.create", "/auth/signup"],
    ["sessions.create", "/auth/signup"],
    ["users.get", "/auth/signup"],
  ])(
    "with %s down, %s answers 503 without cookies, and reveals nothing about the database",
    async (operation, path) => {
      const { server, fail } = openFaulty();
      await signUp(server, "cookie");
      fail(operation);
      const email = path === "/auth/login" ? "ann@example.com" : "new@example.com";
      const answer = await read(
        await server.send(path, { method: "POST", body: { email, password: PASSWORD } }),
      );
      expect({ status: answer.status, code: answer.code, cookies: answer.headers.getSetCookie() }).toEqual({
        status: 503,
        code: "store_unavailable",
        cookies: [],
      });
      expect(JSON.stringify([answer.body, server.events])).not.toMatch(/postgres|pw@db/);
    },
  );

  it("STO-08 causes no unhandled rejection by a call that rejects after its timeout", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const { server, fail } = openFaulty();
      const ann = await signUp(server, "cookie");
      fail(
        "sessions.rotate",
        () => new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 1_050)),
      );
      expect((await present(server, "cookie", ann.refresh)).status).toBe(503);
      await new Promise((next) => setTimeout(next, 150));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("STO-20 gets no context that is too large, too deep or no data", async () => {
    const { auth } = openAttackedServer();
    const { id } = await auth.users.create({ email: "ann@example.com" });
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const context of [{ pad: "x".repeat(3_000) }, circular, [], "x", { n: 1n }]) {
      await expect(auth.sessions.create(id, { context: context as never })).rejects.toThrow();
    }
    expect(await auth.sessions.list(id)).toEqual([]);
    const { session } = await auth.sessions.create(id, { context: { role: "reader" } });
    await expect(auth.sessions.update(session.id, { context: { pad: "x".repeat(3_000) } })).rejects.toThrow(
      /sessions\.context/,
    );
    expect((await auth.sessions.get(session.id))?.context).toEqual({ role: "reader" });
  });
});

describe.each(modes)("a rotation that the store refused because its row changed (%s)", (mode) => {
  /** A server whose store refuses this often, and answers as it should after that; null has lost the session. */
  function openRefusing(): {
    readonly server: TestServer;
    readonly refuse: (...answers: readonly ("refused" | null)[]) => void;
  } {
    const inner = newStore();
    let answers: ("refused" | null)[] = [];
    const rotate: Store["sessions"]["rotate"] = async (rotation) => {
      const [answer, ...rest] = answers;
      answers = rest;
      if (answer === null) return null;
      if (answer === undefined) return inner.sessions.rotate(rotation);
      const found = await inner.sessions.get(rotation.id, rotation.now);
      return found === null ? null : { ...found, refused: true };
    };
    const server = openAttackedServer({ store: { ...inner, sessions: { ...inner.sessions, rotate } } });
    return { server, refuse: (...given) => (answers = [...given]) };
  }

  it("is repeated once", async () => {
    const { server, refuse } = openRefusing();
    const ann = await signUp(server, mode);
    refuse("refused");
    const answer = await present(server, mode, ann.refresh);
    expect({ status: answer.status, hasRefresh: answer.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
  });

  it.each([
    ["refused", "refused"],
    ["refused", null],
  ] as const)("is answered with 503 after the answers %s and %s, and clears no cookie", async (...given) => {
    const { server, refuse } = openRefusing();
    const ann = await signUp(server, mode);
    refuse(...given);
    const answer = await present(server, mode, ann.refresh);
    expect({ status: answer.status, code: answer.code, cleared: answer.cleared }).toEqual({
      status: 503,
      code: "store_unavailable",
      cleared: [],
    });
    expect((await present(server, mode, ann.refresh)).status).toBe(200);
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
  });
});
