import type { SessionRow, Store } from "@latchkey/core/store";
import { equal } from "../assert.ts";
import type { Cases } from "../cases.ts";
import { DEFAULTS, START, sampleSession, sessionId } from "../samples.ts";

const LIFETIME = 600;

export const pruneCases: Cases = {
  "deletes sessions after their last access token has expired": async ({ sessions }) => {
    const lives: readonly (readonly [string, Partial<SessionRow>])[] = [
      ["ended", { endedAt: START, endReason: "logout" }],
      ["idle", { expiresAt: START }],
      ["past", { expiresAt: null, absoluteExpiresAt: START }],
    ];
    for (const [name, life] of lives) {
      await sessions.create(sampleSession(name, { accessLifetime: LIFETIME, ...life }), DEFAULTS);
      equal(await prune(sessions, START + LIFETIME - 1), 0, `${name}, one second before`);
      equal(await prune(sessions, START + LIFETIME), 1, name);
      equal(await sessions.get(sessionId(name), START), null, `${name}, after`);
    }
  },

  "keeps live sessions": async ({ sessions }) => {
    await sessions.create(sampleSession("live"), DEFAULTS);
    await sessions.create(sampleSession("endless", { expiresAt: null, idleLifetime: null }), DEFAULTS);
    equal(await prune(sessions, START + 80_000), 0, "prune");
    equal((await sessions.list("ann", START + 80_000)).length, 2, "list");
  },

  "keeps an ended session for one access lifetime after its end, even if it expired long before": async ({
    sessions,
  }) => {
    const life = { expiresAt: START - 9_999, endedAt: START, endReason: "revoked" } as const;
    await sessions.create(sampleSession("phone", life), DEFAULTS);
    equal(await prune(sessions, START + LIFETIME - 1), 0, "before");
    equal(await prune(sessions, START + LIFETIME), 1, "after");
  },

  "uses the access lifetime of each session": async ({ sessions }) => {
    const ended = { endedAt: START, endReason: "logout" } as const;
    await sessions.create(sampleSession("short", { ...ended, accessLifetime: 60 }), DEFAULTS);
    await sessions.create(sampleSession("long", { ...ended, accessLifetime: 3_600 }), DEFAULTS);
    equal(await prune(sessions, START + 60), 1, "the short one");
    equal((await sessions.get(sessionId("long"), START))?.row.endedAt, START, "the long one");
  },

  "prunes only the sessions of one user if one is given": async ({ sessions }) => {
    const ended = { endedAt: START, endReason: "logout" } as const;
    await sessions.create(sampleSession("mine", ended), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob", ...ended }), DEFAULTS);
    const now = START + LIFETIME;
    equal(await sessions.prune({ userId: "ann", keep: false, now }), 1, "ann's");
    equal((await sessions.get(sessionId("theirs", "bob"), now))?.row.userId, "bob", "bob's");
    equal(await prune(sessions, now), 1, "of all users");
  },

  "with keep: marks expired sessions and deletes none": async ({ sessions }) => {
    const expired = sampleSession("expired", { expiresAt: START + 5 });
    const past = sampleSession("past", { expiresAt: null, absoluteExpiresAt: START + 5 });
    const ended = sampleSession("ended", { endedAt: START, endReason: "logout" });
    for (const row of [expired, past, ended, sampleSession("live")]) await sessions.create(row, DEFAULTS);
    const now = START + 5;
    equal(await sessions.prune({ userId: "bob", keep: true, now }), 0, "bob's");
    equal(await sessions.prune({ userId: "ann", keep: true, now }), 2, "ann's");
    equal(await sessions.prune({ userId: null, keep: true, now: START + 99_999 }), 1, "everybody's, later");
    for (const row of [expired, past]) {
      equal((await sessions.get(row.id, now))?.row, { ...row, endedAt: now, endReason: "expired" }, "marked");
    }
    equal((await sessions.get(ended.id, now))?.row, ended, "ended before");
  },

  "prunes any number of sessions": async ({ sessions }) => {
    const ended = { endedAt: START, endReason: "logout" } as const;
    const names = Array.from({ length: 120 }, (_, index) => `old ${index}`);
    for (const name of names) await sessions.create(sampleSession(name, ended), DEFAULTS);
    await sessions.create(sampleSession("live"), DEFAULTS);
    equal(await prune(sessions, START + LIFETIME), names.length, "prune");
    equal((await sessions.list("ann", START)).length, 1, "list");
  },
};

function prune(sessions: Store["sessions"], now: number): Promise<number> {
  return sessions.prune({ userId: null, keep: false, now });
}
