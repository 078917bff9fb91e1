import { type Cases, equal, rejects, requirePresent } from "../cases.ts";
import {
  DEFAULTS,
  START,
  sampleSession,
  sampleUser,
  sampleWithChild,
  sessionId,
  sortEnded,
} from "../samples.ts";

export const createCases: Cases = {
  "keeps the row as given": async ({ sessions }) => {
    const rows = [
      sampleSession("phone"),
      sampleWithChild("laptop", {
        absoluteExpiresAt: START + 900,
        replacedAt: START - 90,
        rootGeneration: 0,
      }),
      sampleSession("machine", { rootHash: null, idleLifetime: null, expiresAt: null, transport: "bearer" }),
      sampleSession("bare", { context: {}, device: { userAgent: null, address: null }, amr: [] }),
      sampleSession("over", { endedAt: START + 5, endReason: "refused" }),
    ];
    for (const row of rows) {
      equal(await sessions.create(row, DEFAULTS), { ended: [] }, "create");
      equal(await sessions.get(row.id, START), { row, now: START }, "get");
    }
  },

  "throws on an id that is taken, and leaves its row": async ({ sessions }) => {
    const row = sampleSession("phone");
    await sessions.create(row, DEFAULTS);
    await rejects(sessions.create({ ...row, context: {} }, DEFAULTS), "second create");
    equal(await sessions.get(row.id, START), { row, now: START }, "get");
  },

  "checks the version of the user": async ({ sessions, users }) => {
    if (sessions.users !== users) return;
    await users.create(sampleUser("ann"));
    const row = sampleSession("phone");
    equal(await sessions.create(row, { ...DEFAULTS, ifVersion: 1 }), { ended: [] }, "the version of the row");
    await users.update("ann", {}, { ifVersion: null, raiseVersion: true });
    const late = sampleSession("late");
    equal(await sessions.create(late, { ...DEFAULTS, ifVersion: 1 }), null, "an older version");
    equal(await sessions.get(late.id, START), null, "get");
    equal(await sessions.create(late, { ...DEFAULTS, ifVersion: 2 }), { ended: [] }, "the new version");
  },

  "refuses a disabled and a missing user": async ({ sessions, users }) => {
    if (sessions.users !== users) return;
    await users.create(sampleUser("ann", { disabledAt: START }));
    const options = { ...DEFAULTS, ifVersion: 1 };
    equal(await sessions.create(sampleSession("phone"), options), null, "disabled");
    equal(await sessions.create(sampleSession("phone", { userId: "bob" }), options), null, "missing");
    await users.update("ann", { disabledAt: null }, { ifVersion: null, raiseVersion: false });
    equal(await sessions.create(sampleSession("phone"), options), { ended: [] }, "enabled again");
    await users.delete("ann");
    equal(await sessions.create(sampleSession("tablet"), options), null, "deleted");
  },

  "does not check the user without a version": async ({ sessions }) => {
    equal(
      await sessions.create(sampleSession("phone", { userId: "elsewhere" }), DEFAULTS),
      { ended: [] },
      "create",
    );
  },

  "ends nothing when it refuses": async ({ sessions, users }) => {
    if (sessions.users !== users) return;
    await users.create(sampleUser("ann"));
    const row = sampleSession("phone");
    await sessions.create(row, DEFAULTS);
    const options = { ifVersion: 7, limit: 1, replaces: [row.id] };
    equal(await sessions.create(sampleSession("tablet"), options), null, "create");
    equal(await sessions.get(row.id, START), { row, now: START }, "get");
  },

  "ends the oldest beyond the limit, by age and then by insertion": async ({ sessions }) => {
    for (const [name, age] of [
      ["young", 10],
      ["older", 50],
      ["old", 50],
      ["oldest", 90],
    ] as const) {
      await sessions.create(sampleSession(name, { createdAt: START - age }), DEFAULTS);
    }
    const first = await sessions.create(sampleSession("new"), { ...DEFAULTS, limit: 3 });
    const expected = ["older", "oldest"].map((name) => ({
      id: sessionId(name),
      userId: "ann",
      reason: "limit" as const,
    }));
    equal(sortEnded(requirePresent(first, "create").ended), sortEnded(expected), "ended");
    equal(
      (await sessions.list("ann", START)).map(({ id }) => id),
      ["new", "young", "old"].map((name) => sessionId(name)),
      "list",
    );
    const endedRow = requirePresent(await sessions.get(sessionId("oldest"), START), "get").row;
    equal(
      { endedAt: endedRow.endedAt, endReason: endedRow.endReason },
      { endedAt: START, endReason: "limit" },
      "how it ended",
    );
  },

  "keeps the new session if the clock has gone back": async ({ sessions }) => {
    await sessions.create(sampleSession("phone"), DEFAULTS);
    const row = sampleSession("new", { createdAt: START - 100, refreshedAt: START - 100 });
    await sessions.create(row, { ...DEFAULTS, limit: 1 });
    equal(
      (await sessions.list("ann", START)).map(({ id }) => id),
      [row.id],
      "list",
    );
  },

  "counts only live sessions of that user": async ({ sessions }) => {
    await sessions.create(sampleSession("ended", { endedAt: START, endReason: "logout" }), DEFAULTS);
    await sessions.create(sampleSession("expired", { expiresAt: START }), DEFAULTS);
    await sessions.create(sampleSession("past", { expiresAt: null, absoluteExpiresAt: START }), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob" }), DEFAULTS);
    await sessions.create(sampleSession("live"), DEFAULTS);
    equal(await sessions.create(sampleSession("new"), { ...DEFAULTS, limit: 2 }), { ended: [] }, "create");
    equal(
      requirePresent(await sessions.get(sessionId("expired"), START), "get").row.endedAt,
      null,
      "expired",
    );
  },

  "ends the replaced sessions, also those of another user": async ({ sessions }) => {
    await sessions.create(sampleSession("mine"), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob" }), DEFAULTS);
    const theirs = sessionId("theirs", "bob");
    const options = { ifVersion: null, limit: 1, replaces: [sessionId("mine"), theirs, theirs] };
    const result = await sessions.create(sampleSession("new"), options);
    const expected = [
      { id: sessionId("mine"), userId: "ann", reason: "replaced" as const },
      { id: theirs, userId: "bob", reason: "replaced" as const },
    ];
    equal(sortEnded(requirePresent(result, "create").ended), sortEnded(expected), "ended");
    const endedRow = requirePresent(await sessions.get(theirs, START), "get").row;
    equal(
      { endedAt: endedRow.endedAt, endReason: endedRow.endReason },
      { endedAt: START, endReason: "replaced" },
      "how it ended",
    );
  },

  "leaves replaced sessions unchanged if they have ended or expired, or are unknown": async ({
    sessions,
  }) => {
    const ended = sampleSession("ended", { endedAt: START - 9, endReason: "logout" });
    const expired = sampleSession("expired", { expiresAt: START });
    await sessions.create(ended, DEFAULTS);
    await sessions.create(expired, DEFAULTS);
    const row = sampleSession("new");
    const replaces = [ended.id, expired.id, sessionId("unknown"), row.id];
    equal(await sessions.create(row, { ...DEFAULTS, replaces }), { ended: [] }, "create");
    for (const same of [ended, expired, row]) {
      equal(await sessions.get(same.id, START), { row: same, now: START }, "get");
    }
  },
};
