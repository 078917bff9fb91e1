import { expect, test } from "vitest";
import { migrated, open } from "./files.ts";
import { START, session } from "./sessions.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const COUNT = 3_500;

for (const keep of [false, true]) {
  test(`prune reads a large table in parts, and other work runs between them (keep: ${keep})`, async () => {
    const database = open(":memory:");
    const { sessions } = await migrated(database);
    const expired = (n: number): boolean => n % 3 !== 0;
    for (let n = 0; n < COUNT; n++) {
      await sessions.create(session(`s ${n}`, { expiresAt: expired(n) ? START : START + 9_999 }), freely);
    }
    const due = Array.from({ length: COUNT }, (_, n) => n).filter(expired).length;

    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    const now = START + 600;
    expect(await sessions.prune({ userId: null, keep, now })).toBe(due);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(1);

    const left = database
      .prepare("SELECT count(*) AS n, count(ended_at) AS ended FROM latchkey_sessions")
      .get();
    expect(left).toEqual(keep ? { n: COUNT, ended: due } : { n: COUNT - due, ended: 0 });
    expect(await sessions.prune({ userId: null, keep, now })).toBe(0);
  });
}
