import { type Cases, equal } from "../cases.ts";
import {
  DEFAULTS,
  LEASE,
  START,
  sampleRotation,
  sampleSession,
  sampleWithChild,
  secret,
  sessionId,
} from "../samples.ts";

const DUE = START + LEASE;
const ID = sessionId("phone");

export const confirmCases: Cases = {
  "makes the child the root": async ({ sessions }) => {
    const row = sampleWithChild("phone");
    await sessions.create(row, DEFAULTS);
    equal(await sessions.confirm(ID, 1, LEASE, DUE), true, "confirm");
    const expected = {
      ...row,
      rootHash: secret("phone", 1),
      rootGeneration: 1,
      childHash: null,
      childIssuedAt: null,
    };
    equal((await sessions.get(ID, DUE))?.row, expected, "row");
    equal(await sessions.confirm(ID, 1, LEASE, DUE), false, "again");
  },

  "makes the old root count as reuse, and the child as a root": async ({ sessions }) => {
    for (const name of ["honest", "thief"]) {
      await sessions.create(sampleWithChild(name), DEFAULTS);
      await sessions.confirm(sessionId(name), 1, LEASE, DUE);
    }
    const honest = await sessions.rotate(sampleRotation("honest", 1, DUE));
    equal(
      { childHash: honest?.row.childHash, generation: honest?.row.generation },
      { childHash: secret("honest", 2), generation: 2 },
      "the child",
    );
    const thief = await sessions.rotate(sampleRotation("thief", 0, DUE));
    equal(thief?.row.endReason, "reuse", "the old root");
  },

  "waits for the lease": async ({ sessions }) => {
    const row = sampleWithChild("phone");
    await sessions.create(row, DEFAULTS);
    equal(await sessions.confirm(ID, 1, LEASE, DUE - 1), false, "confirm");
    equal((await sessions.get(ID, DUE))?.row, row, "row");
  },

  "checks the generation of the child": async ({ sessions }) => {
    await sessions.create(sampleWithChild("phone"), DEFAULTS);
    equal(await sessions.confirm(ID, 0, LEASE, DUE), false, "older");
    equal(await sessions.confirm(ID, 2, LEASE, DUE), false, "newer");
  },

  "does nothing without a live session and a child": async ({ sessions }) => {
    equal(await sessions.confirm(ID, 1, LEASE, DUE), false, "unknown");
    const rows = [
      sampleSession("fresh"),
      sampleWithChild("ended", { endedAt: START, endReason: "logout" }),
      sampleWithChild("expired", { expiresAt: DUE }),
      sampleWithChild("past", { expiresAt: null, absoluteExpiresAt: DUE }),
    ];
    for (const row of rows) {
      await sessions.create(row, DEFAULTS);
      equal(await sessions.confirm(row.id, row.generation, LEASE, DUE), false, "confirm");
      equal((await sessions.get(row.id, DUE))?.row, row, "row");
    }
  },
};
