import { equal } from "../assert.ts";
import type { Cases } from "../cases.ts";
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
