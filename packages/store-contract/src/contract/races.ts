import { type Rotation, rotationOutcome, type Store } from "@latchkey/core/store";
import { type Cases, equal, requirePresent } from "../cases.ts";
import {
  DEFAULTS,
  digest,
  LEASE,
  START,
  sampleRotation,
  sampleSession,
  sampleUser,
  sampleWithChild,
  sessionId,
} from "../samples.ts";

const CROWD = 64;
const ROUNDS = 8;
const OLD = START + LEASE;

export const raceCases: Cases = {
  "64 rotations of a root, one first child": async (store) => {
    await store.sessions.create(sampleSession("phone"), DEFAULTS);
    equal(await rotateConcurrently(store, 0, START), { first: 1, access_only: CROWD - 1 }, "outcomes");
    equal((await store.sessions.get(sessionId("phone"), START))?.row.generation, 1, "generation");
  },

  "64 rotations of a child, one successor": async (store) => {
    await store.sessions.create(sampleWithChild("phone"), DEFAULTS);
    equal(await rotateConcurrently(store, 1, OLD), { rotated: 1, access_only: CROWD - 1 }, "outcomes");
    equal((await store.sessions.get(sessionId("phone"), OLD))?.row.generation, 2, "generation");
  },

  "64 rotations of a root whose child was lost, one re-issue": async (store) => {
    await store.sessions.create(sampleWithChild("phone"), DEFAULTS);
    equal(await rotateConcurrently(store, 0, OLD), { reissued: 1, access_only: CROWD - 1 }, "outcomes");
    equal((await store.sessions.get(sessionId("phone"), OLD))?.row.endedAt, null, "no alarm");
  },

  "one rotation delivered twice, one answer": async ({ sessions }) => {
    await sessions.create(sampleSession("phone"), DEFAULTS);
    const rotation = sampleRotation("phone", 0, START);
    const [one, two] = await Promise.all([sessions.rotate(rotation), sessions.rotate(rotation)]);
    equal(one, two, "answers");
    equal(requirePresent(one, "rotate").row.childHash, rotation.next, "child");
  },

  "rotate against end: the end stays": async (store) => {
    await repeat(async (name) => {
      const row = sampleWithChild(name);
      await store.sessions.create(row, DEFAULTS);
      await Promise.all([
        store.sessions.rotate(sampleRotation(name, 1, OLD)),
        store.sessions.end(row.id, row.familyHash, { reason: "logout", now: OLD }),
        store.sessions.rotate(sampleRotation(name, 0, OLD)),
      ]);
      await expectOver(store, name);
    });
  },

  "rotate and confirm against endAll: no session survives": async (store) => {
    await repeat(async (name) => {
      const row = sampleWithChild(name);
      await store.sessions.create(row, DEFAULTS);
      await Promise.all([
        store.sessions.rotate(sampleRotation(name, 1, OLD)),
        store.sessions.endAll("ann", null, { reason: "revoked", now: OLD }),
        store.sessions.confirm(row.id, 1, LEASE, OLD),
        store.sessions.update(row.id, { context: {} }, OLD),
      ]);
      await expectOver(store, name);
    });
  },

  "rotate against the detection of reuse: no session survives": async (store) => {
    await repeat(async (name) => {
      await store.sessions.create(sampleWithChild(name), DEFAULTS);
      const token = { ...sampleRotation(name, 0, OLD).token, secretHash: digest("forged") };
      await Promise.all([
        store.sessions.rotate(sampleRotation(name, 1, OLD)),
        store.sessions.rotate(sampleRotation(name, 0, OLD, { token })),
        store.sessions.rotate(sampleRotation(name, 0, OLD)),
      ]);
      await expectOver(store, name);
    });
  },

  "confirm against rotate: the child becomes the root once": async (store) => {
    await repeat(async (name) => {
      const row = sampleWithChild(name);
      await store.sessions.create(row, DEFAULTS);
      await Promise.all([
        store.sessions.confirm(row.id, 1, LEASE, OLD),
        store.sessions.rotate(sampleRotation(name, 1, OLD)),
      ]);
      const after = requirePresent(await store.sessions.get(row.id, OLD), "get").row;
      equal(
        { rootHash: after.rootHash, rootGeneration: after.rootGeneration, generation: after.generation },
        { rootHash: row.childHash, rootGeneration: 1, generation: 2 },
        "row",
      );
    });
  },

  "create against a change of password: no older sign-in survives": async (store) => {
    if (store.sessions.users !== store.users) return;
    await repeat(async (userId) => {
      await store.users.create(sampleUser(userId));
      const change = async (): Promise<void> => {
        await store.users.update(userId, { passwordHash: "new" }, { ifVersion: null, raiseVersion: true });
        await store.sessions.endAll(userId, null, { reason: "password_changed", now: START });
      };
      const signIns = Array.from({ length: ROUNDS }, (_, index) =>
        store.sessions.create(sampleSession(`${userId} ${index}`, { userId }), {
          ...DEFAULTS,
          ifVersion: 1,
        }),
      );
      await Promise.all([...signIns, change()]);
      equal(await store.sessions.list(userId, START), [], "live sessions");
    });
  },

  "create against create: the limit holds": async ({ sessions }) => {
    const names = Array.from({ length: 16 }, (_, index) => `device ${index}`);
    await Promise.all(names.map((name) => sessions.create(sampleSession(name), { ...DEFAULTS, limit: 2 })));
    equal((await sessions.list("ann", START)).length, 2, "live sessions");
  },

  "saves of one key document: one wins": async ({ keys }) => {
    for (const version of [0, 1]) {
      const saved = await Promise.all(
        Array.from({ length: 16 }, (_, n) => keys.save(version, `${version}/${n}`)),
      );
      equal(saved.filter(Boolean).length, 1, "winners");
      const expected = { version: version + 1, document: `${version}/${saved.indexOf(true)}` };
      equal(await keys.load(), expected, "load");
    }
  },
};

/** The races that need the users alone. */
export const userRaceCases: Cases = {
  "sign-ups of one identifier: one user": async ({ users }) => {
    const made = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        users.create(sampleUser(`u${index}`, { email: "same@example.com" })),
      ),
    );
    equal(made.filter(Boolean).length, 1, "by e-mail");
    const winner = await users.find({ email: "same@example.com" });
    equal(winner?.id, `u${made.indexOf(true)}`, "winner");
  },

  "changes of one version: one wins": async ({ users }) => {
    await users.create(sampleUser("ann"));
    const changes = Array.from({ length: 16 }, (_, index) =>
      users.update("ann", { name: `n${index}` }, { ifVersion: 1, raiseVersion: true }),
    );
    equal((await Promise.all(changes)).filter((user) => user !== null).length, 1, "winners");
    await Promise.all(
      Array.from({ length: 16 }, () => users.update("ann", {}, { ifVersion: null, raiseVersion: true })),
    );
    equal((await users.get("ann"))?.credentialsVersion, 18, "no raise is lost");
  },
};

/** Rotates one token many times concurrently, each time with another successor, and counts the outcomes. */
async function rotateConcurrently(
  { sessions }: Store,
  generation: number,
  now: number,
): Promise<Record<string, number>> {
  const rotations: Rotation[] = Array.from({ length: CROWD }, (_, index) =>
    sampleRotation("phone", generation, now, { next: digest(`successor ${index}`) }),
  );
  const rows = await Promise.all(rotations.map((rotation) => sessions.rotate(rotation)));
  const counts: Record<string, number> = {};
  for (const [index, { token, next }] of rotations.entries()) {
    const outcome = rotationOutcome(requirePresent(rows[index], "rotate").row, token, next);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

async function repeat(round: (name: string) => Promise<void>): Promise<void> {
  for (let n = 0; n < ROUNDS; n++) await round(`round ${n}`);
}

async function expectOver({ sessions }: Store, name: string): Promise<void> {
  const { row } = requirePresent(await sessions.get(sessionId(name), OLD), "get");
  equal(row.endedAt, OLD, `${name} is over`);
  for (let generation = 0; generation <= row.generation; generation++) {
    const after = await sessions.rotate(sampleRotation(name, generation, OLD));
    equal(requirePresent(after, "rotate").refused, true, `${name}, token ${generation}`);
  }
}
