import type { SessionRow, Store } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { DEFAULTS, digest, START, sampleSession, sampleWithChild, sessionId, sortEnded } from "../samples.ts";

const NOW = START + 10;
const options = { reason: "revoked", now: NOW } as const;

export const endCases: Cases = {
  "ends one session once, and returns it": async ({ sessions }) => {
    const row = sampleWithChild("phone");
    await sessions.create(row, DEFAULTS);
    const answer = await sessions.end(row.id, row.familyHash, options);
    equal(answer, { id: row.id, userId: "ann", reason: "revoked" }, "end");
    equal((await sessions.get(row.id, NOW))?.row, { ...row, endedAt: NOW, endReason: "revoked" }, "row");
    equal(await sessions.end(row.id, null, { reason: "logout", now: NOW + 1 }), null, "again");
    equal((await sessions.get(row.id, NOW))?.row.endReason, "revoked", "the first reason");
  },

  "checks the family if one is given": async ({ sessions }) => {
    const row = sampleSession("phone");
    await sessions.create(row, DEFAULTS);
    equal(await sessions.end(row.id, digest("forged"), options), null, "another family");
    equal((await sessions.get(row.id, NOW))?.row, row, "row");
    equal((await sessions.end(row.id, null, options))?.id, row.id, "no family asked");
    equal(await sessions.end(sessionId("unknown"), null, options), null, "unknown");
  },

  "ends an expired session too": async ({ sessions }) => {
    const row = sampleSession("phone", { expiresAt: START + 1 });
    await sessions.create(row, DEFAULTS);
    equal((await sessions.end(row.id, null, options))?.id, row.id, "end");
  },

  "ends all sessions of a user but one": async ({ sessions }) => {
    const rows = [
      sampleSession("phone"),
      sampleWithChild("laptop"),
      sampleSession("expired", { expiresAt: START + 1 }),
      sampleSession("ended", { endedAt: START, endReason: "logout" }),
      sampleSession("theirs", { userId: "bob" }),
    ];
    for (const row of rows) await sessions.create(row, DEFAULTS);
    const ended = await sessions.endAll("ann", sessionId("phone"), options);
    const expected = ["laptop", "expired"].map((name) => ({
      id: sessionId(name),
      userId: "ann",
      reason: "revoked" as const,
    }));
    equal(sortEnded(ended), sortEnded(expected), "endAll");
    equal((await sessions.get(sessionId("ended"), NOW))?.row.endReason, "logout", "ended before");
    equal(
      (await sessions.list("ann", START)).map(({ id }) => id),
      [sessionId("phone")],
      "ann's",
    );
    equal((await sessions.list("bob", START)).length, 1, "bob's");
  },

  "ends all sessions of a user": async ({ sessions }) => {
    for (const name of ["a", "b", "c"]) await sessions.create(sampleSession(name), DEFAULTS);
    equal((await sessions.endAll("ann", null, options)).length, 3, "endAll");
    equal(await sessions.list("ann", START), [], "list");
    equal(await sessions.endAll("ann", null, options), [], "again");
    equal(await sessions.endAll("unknown", null, options), [], "unknown user");
  },
};

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
