import type { Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { read } from "./session.ts";
import { openStage, PASSWORD, type Stage } from "./stage.ts";
import { newStore } from "./store.ts";

const SIGN_UP = { email: "ann@example.com", password: PASSWORD };
const NO_BOOLEANS: readonly unknown[] = [undefined, null, 1, 0, "true", "", {}, []];

function withUsers(part: Record<string, unknown>): Store {
  const store = newStore();
  const users = { ...store.users, ...part } as Store["users"];
  return { ...store, users, sessions: { ...store.sessions, users } };
}

async function enter(stage: Stage, path: string): ReturnType<typeof read> {
  return read(await stage.send(path, { method: "POST", body: SIGN_UP }));
}

function faults(stage: Stage): readonly string[] {
  return stage.events.flatMap((event) => (event.type === "internal_error" ? [event.error] : []));
}

describe("a store that answers what its contract does not allow lets no one in", () => {
  it.each(NO_BOOLEANS)("users.create answers %j", async (result) => {
    const stage = openStage({ store: withUsers({ create: async () => result }) });
    const answer = await enter(stage, "/auth/signup");
    expect([answer.status, answer.code, answer.access]).toEqual([500, "internal_error", null]);
    expect(faults(stage)).toEqual([expect.stringMatching(/^users\.create returned /)]);
  });

  it.each([
    ["emailVerified", "false"],
    ["emailVerified", 1],
    ["disabledAt", undefined],
    ["disabledAt", false],
    ["credentialsVersion", undefined],
    ["credentialsVersion", "0"],
    ["passwordHash", undefined],
    ["id", ""],
  ])("users.find answers a user whose %s is %j", async (name, value) => {
    const store = newStore();
    const find = async (identifier: { email: string }): Promise<unknown> => {
      const user = await store.users.find(identifier);
      return user === null ? null : { ...user, [name]: value };
    };
    const users = { ...store.users, find } as Store["users"];
    const stage = openStage({ store: { ...store, users, sessions: { ...store.sessions, users } } });
    expect((await enter(stage, "/auth/signup")).status).toBe(201);
    const answer = await enter(stage, "/auth/login");
    expect([answer.status, answer.code, answer.access]).toEqual([500, "internal_error", null]);
    expect(faults(stage)).toEqual([expect.stringContaining(`users.find returned a user whose ${name} is`)]);
  });

  it.each([undefined, null, true, {}, { allowed: 1 }, { allowed: "true" }])(
    "throttle.hit answers %j",
    async (verdict) => {
      const store = newStore();
      const throttle = { ...store.throttle, hit: async () => verdict as { allowed: true } };
      const stage = openStage({ store: { ...store, throttle }, rateLimit: {} });
      const answer = await enter(stage, "/auth/login");
      expect([answer.status, answer.code]).toEqual([500, "internal_error"]);
      expect(faults(stage)).toEqual([expect.stringMatching(/^throttle\.hit returned /)]);
    },
  );
});
