import {
  applyDecision,
  decide,
  type Rotation,
  type SessionRow,
  type Store,
  type Transport,
} from "@latchkey/core/store";
import { type Cases, equal, requirePresent } from "../cases.ts";
import {
  DEFAULTS,
  digest,
  LEASE,
  START,
  sampleRotation,
  sampleSession,
  sampleWithChild,
  secret,
  sessionId,
} from "../samples.ts";

const OLD = START + LEASE;

export const rotateCases: Cases = {
  "refuses an unknown session": async (store) => {
    equal(await rotate(store, sampleRotation("unknown", 0, START)), "unknown", "rotate");
  },

  "refuses another family, ended or not, and changes nothing": async (store) => {
    await seed(store, sampleWithChild("phone"));
    const token = { familyHash: digest("forged"), secretHash: digest("forged"), generation: 0 };
    const stolen = { familyHash: digest("forged"), secretHash: secret("phone", 1), generation: 1 };
    equal(await rotate(store, sampleRotation("phone", 0, OLD, { token })), "wrong_family", "forged");
    equal(
      await rotate(store, sampleRotation("phone", 1, OLD, { token: stolen })),
      "wrong_family",
      "half forged",
    );
    await store.sessions.end(sessionId("phone"), null, { reason: "logout", now: OLD });
    equal(await rotate(store, sampleRotation("phone", 0, OLD, { token })), "wrong_family", "ended");
  },

  "refuses an ended session for ever": async (store) => {
    await seed(store, sampleWithChild("phone", { endedAt: START, endReason: "revoked" }));
    for (const generation of [0, 1, 2]) {
      equal(await rotate(store, sampleRotation("phone", generation, OLD)), "ended", `token ${generation}`);
    }
  },

  "refuses at the very second of the idle expiry": async (store) => {
    await seed(store, sampleSession("phone", { expiresAt: START + 100 }));
    equal(await rotate(store, sampleRotation("phone", 0, START + 100)), "expired", "at the second");
    equal(await rotate(store, sampleRotation("phone", 0, START + 99)), "first", "one before");
  },

  "refuses at the very second of the absolute expiry": async (store) => {
    await seed(
      store,
      sampleSession("phone", { expiresAt: null, idleLifetime: null, absoluteExpiresAt: START + 100 }),
    );
    equal(await rotate(store, sampleRotation("phone", 0, START + 100)), "expired", "at the second");
    equal(await rotate(store, sampleRotation("phone", 0, START + 99)), "first", "one before");
  },

  "refuses the other transport if the policy names one": async (store) => {
    await seed(store, sampleSession("phone"));
    const by = (transport: Transport | null) =>
      sampleRotation("phone", 0, OLD, { policy: { lease: LEASE, transport } });
    equal(await rotate(store, by("bearer")), "wrong_transport", "other");
    equal(await rotate(store, by("cookie")), "first", "same");
    equal(await rotate(store, by(null)), "access_only", "none asked");
  },

  "refuses a later generation than the stored one, and does not report reuse": async (store) => {
    await seed(store, sampleWithChild("phone"));
    equal(await rotate(store, sampleRotation("phone", 2, OLD)), "rolled_back", "lost write");
    const token = { ...sampleRotation("phone", 1, OLD).token, generation: 2 };
    equal(await rotate(store, sampleRotation("phone", 1, OLD, { token })), "rolled_back", "edited upward");
    equal(await rotate(store, sampleRotation("phone", 1, OLD)), "rotated", "the child still");
  },

  "gives a root its first child at once": async (store) => {
    await seed(store, sampleSession("phone"));
    equal(await rotate(store, sampleRotation("phone", 0, START)), "first", "rotate");
    const { row } = requirePresent(await store.sessions.get(sessionId("phone"), START), "get");
    equal(
      { generation: row.generation, childHash: row.childHash, childIssuedAt: row.childIssuedAt },
      { generation: 1, childHash: secret("phone", 1), childIssuedAt: START },
      "row",
    );
    equal(
      { rootHash: row.rootHash, rootGeneration: row.rootGeneration, replacedAt: row.replacedAt },
      { rootHash: secret("phone", 0), rootGeneration: 0, replacedAt: null },
      "root",
    );
  },

  "ignores the date of a child if there is no child": async (store) => {
    await seed(store, sampleSession("phone", { childIssuedAt: START }));
    equal(await rotate(store, sampleRotation("phone", 0, START + 1)), "first", "rotate");
  },

  "gives access only inside the lease, to root and child, and changes nothing": async (store) => {
    await seed(store, sampleWithChild("phone"));
    for (const age of [0, 1, LEASE - 1, -1, -LEASE]) {
      equal(await rotate(store, sampleRotation("phone", 0, START + age)), "access_only", `root at ${age}`);
      equal(await rotate(store, sampleRotation("phone", 1, START + age)), "access_only", `child at ${age}`);
    }
  },

  "makes a child the root after the lease": async (store) => {
    await seed(store, sampleWithChild("phone"));
    equal(await rotate(store, sampleRotation("phone", 1, OLD)), "rotated", "rotate");
    const { row } = requirePresent(await store.sessions.get(sessionId("phone"), OLD), "get");
    equal(
      { rootHash: row.rootHash, rootGeneration: row.rootGeneration, generation: row.generation },
      { rootHash: secret("phone", 1), rootGeneration: 1, generation: 2 },
      "row",
    );
    equal(
      { childIssuedAt: row.childIssuedAt, replacedAt: row.replacedAt, expiresAt: row.expiresAt },
      { childIssuedAt: OLD, replacedAt: START, expiresAt: OLD + 86_400 },
      "times",
    );
  },

  "re-issues a lost child to the root after the lease": async (store) => {
    await seed(store, sampleWithChild("phone"));
    const next = secret("phone", 2);
    equal(await rotate(store, sampleRotation("phone", 0, OLD, { next })), "reissued", "rotate");
    const { row } = requirePresent(await store.sessions.get(sessionId("phone"), OLD), "get");
    equal(
      { rootHash: row.rootHash, rootGeneration: row.rootGeneration, generation: row.generation },
      { rootHash: secret("phone", 0), rootGeneration: 0, generation: 2 },
      "row",
    );
    equal(
      { childHash: row.childHash, replacedAt: row.replacedAt },
      { childHash: next, replacedAt: START },
      "child",
    );
    equal(await rotate(store, sampleRotation("phone", 1, OLD + 1)), "reuse", "the child it replaced");
  },

  "ignores the lease of a child that is dated too far ahead": async (store) => {
    await seed(store, sampleWithChild("phone"));
    equal(await rotate(store, sampleRotation("phone", 1, START - LEASE - 1)), "rotated", "rotate");
  },

  "ends the family on a superseded root for ever": async (store) => {
    await seed(store, sampleWithChild("phone"));
    await rotate(store, sampleRotation("phone", 1, OLD));
    equal(await rotate(store, sampleRotation("phone", 0, OLD + 1)), "reuse", "rotate");
    const { row } = requirePresent(await store.sessions.get(sessionId("phone"), OLD), "get");
    equal(
      { endedAt: row.endedAt, endReason: row.endReason, generation: row.generation },
      { endedAt: OLD + 1, endReason: "reuse", generation: 2 },
      "row",
    );
    equal(await rotate(store, sampleRotation("phone", 2, OLD + 1)), "ended", "the child");
  },

  "ends only that family": async (store) => {
    await seed(store, sampleWithChild("phone"));
    await seed(store, sampleWithChild("laptop"));
    const token = { ...sampleRotation("phone", 0, OLD).token, secretHash: digest("forged") };
    equal(await rotate(store, sampleRotation("phone", 0, OLD, { token })), "reuse", "a forged secret");
    equal(
      (await store.sessions.list("ann", OLD)).map(({ id }) => id),
      [sessionId("laptop")],
      "list",
    );
  },

  "ends the family if the generation of a token was edited": async (store) => {
    for (const [name, generation] of [
      ["child", 1],
      ["root", 0],
    ] as const) {
      await seed(store, sampleWithChild(name));
      const token = { ...sampleRotation(name, generation, OLD).token, generation: 1 - generation };
      equal(await rotate(store, sampleRotation(name, generation, OLD, { token })), "reuse", `edited ${name}`);
    }
  },

  "ends a family without refresh tokens when one is presented": async (store) => {
    await seed(store, sampleSession("machine", { rootHash: null }));
    equal(await rotate(store, sampleRotation("machine", 0, START)), "reuse", "rotate");
  },

  "moves the idle expiry, never beyond the absolute one": async (store) => {
    const lives = [
      ["idle", { idleLifetime: 500, expiresAt: START + 500 }, START + 510],
      ["both", { idleLifetime: 500, expiresAt: START + 500, absoluteExpiresAt: START + 505 }, START + 505],
      [
        "absolute",
        { idleLifetime: null, expiresAt: START + 900, absoluteExpiresAt: START + 900 },
        START + 900,
      ],
      ["endless", { idleLifetime: null, expiresAt: null }, null],
    ] as const;
    for (const [name, life, expiresAt] of lives) {
      await seed(store, sampleSession(name, life));
      await rotate(store, sampleRotation(name, 0, START + 10));
      equal((await store.sessions.get(sessionId(name), START))?.row.expiresAt, expiresAt, name);
    }
  },
};

async function seed({ sessions }: Store, row: SessionRow): Promise<void> {
  await sessions.create(row, DEFAULTS);
}

/** Rotates, compares the result and the stored row with `decide`, and returns the outcome. */
async function rotate({ sessions }: Store, rotation: Rotation): Promise<string> {
  const { id, token, policy, next, now } = rotation;
  const before = (await sessions.get(id, now))?.row ?? null;
  const decision = decide(before, token, now, policy);
  const after = await sessions.rotate(rotation);
  const stored = (await sessions.get(id, now))?.row ?? null;
  if (before === null || decision.kind === "refused") {
    equal(after, before === null ? null : { row: before, now, refused: true }, "a refused rotation");
    equal(stored, before, "the row after a refused rotation");
    return decision.kind === "refused" ? decision.reason : "unknown";
  }
  const expected = applyDecision(before, decision, next, now);
  equal(after, { row: expected, now, refused: false }, "the row that rotate returns");
  equal(stored, expected, "the row that is stored");
  return decision.kind === "issue" ? decision.outcome : decision.kind;
}
