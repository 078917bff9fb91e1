import { runInNewContext } from "node:vm";
import type { AuthEvent, AuthOptions, JsonObject } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { modes, present, read, signUp, withAccess } from "./session.ts";
import { cheapHasher, openStage, PASSWORD, requestTo, type Stage } from "./stage.ts";

/** A query builder that was not awaited, as Prisma, Kysely, Knex and Drizzle have them. */
// biome-ignore lint/suspicious/noThenProperty: that is what a query builder has
const query = { then: () => undefined };

const MISTAKES: Readonly<Record<string, () => unknown>> = {
  "a promise of false": () => Promise.resolve(false),
  "a promise that rejects": () => Promise.reject(new Error("tenant unknown")),
  "a promise of another realm": () => runInNewContext("Promise.reject(new Error('tenant unknown'))"),
  "a query that was not awaited": () => query,
  "0": () => 0,
  "an empty text": () => "",
  true: () => true,
  null: () => null,
  "a list": () => [],
  "an unknown member": () => ({ allowed: false }),
};
const mistakes = Object.entries(MISTAKES);
/** Those that are wrong wherever an object belongs. */
const values = mistakes.filter(([name]) => name !== "an unknown member");
/** `await` turns these into answers that are right, or waits for ever, as it does in any code. */
const asynchronous = mistakes.filter(([name]) => !/promise|query/.test(name));

function told(stage: Stage, callback: string): boolean {
  const isFault = (event: AuthEvent): boolean =>
    event.type === "internal_error" && event.error.startsWith(`${callback} returned`);
  return stage.events.some(isFault);
}

/** Opens a server whose options go wrong only when the test says so. */
function opened(options: (mistaken: () => unknown) => Partial<AuthOptions>): {
  readonly stage: Stage;
  readonly begin: (make: () => unknown) => void;
} {
  let make: (() => unknown) | null = null;
  const stage = openStage(options(() => make?.()));
  return { stage, begin: (mistake) => (make = mistake) };
}

describe.each(modes)("a callback that returns what is no answer lets no request in (%s)", (mode) => {
  it.each(mistakes)("hooks.validated: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({ hooks: { validated: () => mistaken() as undefined } }));
    const ann = await signUp(stage, mode);
    begin(make);
    const found = await stage.auth.validate(requestTo("/page", { headers: withAccess(mode, ann.access) }));
    expect(found).toMatchObject({ ok: false, code: "internal_error", status: 500 });
    const me = await read(await stage.send("/auth/me", { headers: withAccess(mode, ann.access) }));
    expect([me.status, me.code]).toEqual([500, "internal_error"]);
    expect(told(stage, "hooks.validated")).toBe(true);
  });

  it.each(values)("hooks.validated, a member of its answer: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({
      hooks: { validated: () => ({ context: (mistaken() ?? {}) as JsonObject }) },
    }));
    const ann = await signUp(stage, mode);
    begin(() => make() ?? 1);
    const found = await stage.auth.validate(requestTo("/page", { headers: withAccess(mode, ann.access) }));
    expect(found).toMatchObject({ ok: false, code: "internal_error" });
  });

  it.each(asynchronous)("hooks.signedIn: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({ hooks: { signedIn: () => mistaken() as undefined } }));
    const { userId } = await signUp(stage, mode);
    begin(make);
    const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
    const answer = await read(await stage.send("/auth/login", { method: "POST", body }));
    expect([answer.status, answer.code, answer.access]).toEqual([500, "internal_error", null]);
    expect((await stage.auth.sessions.list(userId)).length).toBe(1);
    expect(told(stage, "hooks.signedIn")).toBe(true);
  });

  it.each(asynchronous)("hooks.refreshed: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({ hooks: { refreshed: () => mistaken() as undefined } }));
    const ann = await signUp(stage, mode);
    begin(make);
    const answer = await present(stage, mode, ann.refresh);
    expect([answer.status, answer.code, answer.access, answer.refresh]).toEqual([
      500,
      "internal_error",
      null,
      null,
    ]);
    expect(told(stage, "hooks.refreshed")).toBe(true);
  });

  it.each(values)("accessToken.claims: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({
      accessToken: { claims: () => (mistaken() ?? {}) as { role: string } },
    }));
    const ann = await signUp(stage, mode);
    begin(() => make() ?? 1);
    const answer = await present(stage, mode, ann.refresh);
    expect([answer.status, answer.code]).toEqual([500, "internal_error"]);
    expect(told(stage, "accessToken.claims")).toBe(true);
  });

  it.each(values)("user.serialize: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({
      user: { serialize: () => (mistaken() ?? {}) as object },
    }));
    const ann = await signUp(stage, mode);
    begin(() => make() ?? 1);
    const me = await read(await stage.send("/auth/me", { headers: withAccess(mode, ann.access) }));
    expect([me.status, me.code]).toEqual([500, "internal_error"]);
    expect(told(stage, "user.serialize")).toBe(true);
  });

  it.each(values)("sessions.context.from: %s", async (_, make) => {
    const anything = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => ({ value: value as JsonObject }),
      },
    } as const;
    const { stage } = opened(() => ({
      sessions: { context: { schema: anything, from: () => make() as JsonObject } },
    }));
    const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
    const answer = await read(await stage.send("/auth/signup", { method: "POST", body }));
    expect([answer.status, answer.code]).toEqual([500, "internal_error"]);
    expect(told(stage, "sessions.context.from")).toBe(true);
  });

  it.each(mistakes.filter(([name]) => !/null|text/.test(name)))("clientAddress: %s", async (_, make) => {
    const { stage, begin } = opened((mistaken) => ({
      clientAddress: () => (mistaken() ?? null) as string | null,
    }));
    const ann = await signUp(stage, mode);
    begin(make);
    const found = await stage.auth.validate(requestTo("/page", { headers: withAccess(mode, ann.access) }));
    expect(found).toMatchObject({ ok: false, code: "internal_error" });
    const answer = await read(await stage.send("/auth/me", { headers: withAccess(mode, ann.access) }));
    expect([answer.status, answer.code]).toEqual([500, "internal_error"]);
    expect(told(stage, "clientAddress")).toBe(true);
  });

  it.each(["true", "undefined", "null", 1, {}, [], "ok"])("a hasher's verify: %j", async (result) => {
    const hasher = { ...cheapHasher, verify: async () => result as unknown as boolean };
    const stage = openStage({ providers: [password({ hasher })] });
    await stage.auth.users.create({ email: "ann@example.com", password: PASSWORD });
    const body = { email: "ann@example.com", password: "wrong horse", transport: mode };
    const answer = await read(await stage.send("/auth/login", { method: "POST", body }));
    expect([answer.status, answer.code, answer.access]).toEqual([500, "internal_error", null]);
    expect(told(stage, "hasher.verify")).toBe(true);
  });

  it("a hasher's verify that says yes of a user without a password", async () => {
    const stage = openStage({
      providers: [password({ hasher: { ...cheapHasher, verify: async () => true } })],
    });
    await stage.auth.users.create({ email: "ann@example.com" });
    for (const email of ["ann@example.com", "unknown@example.com"]) {
      const body = { email, password: "anything at all", transport: mode };
      const answer = await read(await stage.send("/auth/login", { method: "POST", body }));
      expect([answer.status, answer.code]).toEqual([401, "invalid_credentials"]);
    }
  });
});

it("a sink of events that rejects, by a promise of any realm, stops no process", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", note);
  try {
    for (const make of [MISTAKES["a promise that rejects"], MISTAKES["a promise of another realm"]]) {
      const stage = openStage({ onEvent: () => make?.() });
      await signUp(stage, "cookie");
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(rejections).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
});
