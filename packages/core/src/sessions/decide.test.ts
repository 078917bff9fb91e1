import { describe, expect, it } from "vitest";
import {
  applyDecision,
  confirmChild,
  type Decision,
  decide,
  decideLookUp,
  idleExpiry,
  isExpired,
  isLive,
  type PresentedToken,
  rotationOutcome,
} from "./decide.ts";
import type { SessionRow, Transport } from "./session.ts";

const LEASE = 60;
const NOW = 10_000;

const base: SessionRow = {
  id: "AAAAAAAAAAAAAAAAAAAAAA",
  userId: "ann",
  familyHash: "family",
  rootHash: "root",
  rootGeneration: 3,
  childHash: null,
  childIssuedAt: null,
  replacedAt: null,
  generation: 3,
  context: {},
  device: { userAgent: null, address: null },
  transport: "cookie",
  amr: [],
  createdAt: 0,
  authTime: 0,
  refreshedAt: 0,
  accessLifetime: 600,
  idleLifetime: 5_000,
  expiresAt: NOW + 1,
  absoluteExpiresAt: null,
  endedAt: null,
  endReason: null,
};
const withChild: SessionRow = { ...base, childHash: "child", childIssuedAt: NOW, generation: 4 };

/** Every combination of the values of each member. */
function* combinations<T extends object>(domain: { readonly [K in keyof T]: readonly T[K][] }): Generator<T> {
  const names = Object.keys(domain) as (keyof T)[];
  const count = names.reduce((product, name) => product * domain[name].length, 1);
  for (let n = 0; n < count; n++) {
    let rest = n;
    const chosen = names.map((name) => {
      const values = domain[name];
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [name, value] as const;
    });
    yield Object.fromEntries(chosen) as T;
  }
}

interface Case {
  readonly family: "family" | "other";
  readonly secret: "root" | "child" | "other";
  readonly generation: number;
  readonly child: boolean;
  readonly age: number;
  readonly ended: boolean;
  readonly expired: "no" | "idle" | "absolute";
  readonly asked: Transport | null;
}

const domain: { readonly [K in keyof Case]: readonly Case[K][] } = {
  family: ["family", "other"],
  secret: ["root", "child", "other"],
  generation: [2, 3, 4, 5],
  child: [true, false],
  age: [-LEASE - 1, -LEASE, -1, 0, LEASE - 1, LEASE, 1_000],
  ended: [false, true],
  expired: ["no", "idle", "absolute"],
  asked: [null, "cookie", "bearer"],
};

function rowOf({ child, age, ended, expired }: Case): SessionRow {
  return {
    ...(child ? { ...withChild, childIssuedAt: NOW - age } : base),
    endedAt: ended ? 1 : null,
    expiresAt: expired === "idle" ? NOW : NOW + 1,
    absoluteExpiresAt: expired === "absolute" ? NOW : null,
  };
}

/** The rules of rotation, written once more as the text has them. */
function expected(at: Case): string {
  if (at.family === "other") return "refused wrong_family";
  if (at.ended) return "refused ended";
  if (at.expired !== "no") return "refused expired";
  if (at.asked === "bearer") return "refused wrong_transport";
  const newest = at.child ? 4 : 3;
  if (at.generation > newest) return "refused rolled_back";
  const leased = at.child && at.age >= -LEASE && at.age < LEASE;
  if (at.child && at.secret === "child" && at.generation === 4)
    return leased ? "access_only child" : "issue rotated";
  if (at.secret === "root" && at.generation === 3) {
    if (!at.child) return "issue first";
    return leased ? "access_only root" : "issue reissued";
  }
  return "reuse";
}

function named(decision: Decision): string {
  const detail =
    "reason" in decision
      ? decision.reason
      : "presented" in decision
        ? decision.presented
        : "outcome" in decision
          ? decision.outcome
          : "";
  return `${decision.kind} ${detail}`.trim();
}

function tokenOf({ family, secret, generation }: Case): PresentedToken {
  return { familyHash: family, secretHash: secret, generation };
}

/** The rules where nothing may rotate: the same refusals, and a bound on the age of the last issue. */
function expectedLookUp(at: Case, sinceIssue: number): string {
  const rotation = expected(at);
  if (rotation.startsWith("refused")) return rotation;
  if (rotation === "reuse") return "superseded";
  return sinceIssue < 600 + 4 * LEASE && sinceIssue >= -86_400 ? "proven" : "stale";
}

describe("decideLookUp", () => {
  it("agrees with the written rules in every state of a small model", () => {
    const seen = new Set<string>();
    for (const at of combinations<Case>(domain)) {
      for (const sinceIssue of [-86_401, -86_400, -1, 0, 839, 840, 1e6]) {
        const row = { ...rowOf(at), refreshedAt: NOW - sinceIssue };
        const decision = decideLookUp(row, tokenOf(at), NOW, { lease: LEASE, transport: at.asked });
        const name = "reason" in decision ? `refused ${decision.reason}` : decision.kind;
        if (name !== expectedLookUp(at, sinceIssue)) {
          expect({ at, sinceIssue, name }).toEqual({ at, sinceIssue, name: expectedLookUp(at, sinceIssue) });
        }
        seen.add(name);
      }
    }
    expect([...seen].sort()).toEqual([
      "proven",
      "refused ended",
      "refused expired",
      "refused rolled_back",
      "refused wrong_family",
      "refused wrong_transport",
      "stale",
      "superseded",
    ]);
  });

  it("refuses a token as unknown where the session does not exist", () => {
    const token = { familyHash: "family", secretHash: "root", generation: 0 };
    expect(decideLookUp(null, token, NOW, { lease: LEASE, transport: null })).toEqual({
      kind: "refused",
      reason: "unknown",
    });
  });
});

describe("decide", () => {
  it("agrees with the written rules in every state of a small model", () => {
    const seen = new Set<string>();
    for (const at of combinations<Case>(domain)) {
      const decision = named(decide(rowOf(at), tokenOf(at), NOW, { lease: LEASE, transport: at.asked }));
      if (decision !== expected(at)) expect({ at, decision }).toEqual({ at, decision: expected(at) });
      seen.add(decision);
    }
    expect([...seen].sort()).toEqual([
      "access_only child",
      "access_only root",
      "issue first",
      "issue reissued",
      "issue rotated",
      "refused ended",
      "refused expired",
      "refused rolled_back",
      "refused wrong_family",
      "refused wrong_transport",
      "reuse",
    ]);
  });

  it("answers unknown without a row, and reports reuse where the session has no refresh tokens", () => {
    const token = { familyHash: "family", secretHash: "root", generation: 0 };
    expect(named(decide(null, token, NOW, { lease: LEASE, transport: null }))).toBe("refused unknown");
    const without = { ...base, rootHash: null };
    expect(named(decide(without, { ...token, generation: 3 }, NOW, { lease: LEASE, transport: null }))).toBe(
      "reuse",
    );
  });
});

describe("applyDecision and rotationOutcome", () => {
  it("write only what was decided, and the written row tells the outcome", () => {
    for (const at of combinations<Case>(domain)) {
      const row = rowOf(at);
      const decision = decide(row, tokenOf(at), NOW, { lease: LEASE, transport: at.asked });
      const after = applyDecision(row, decision, "next", NOW);
      if (decision.kind === "refused" || decision.kind === "access_only") expect(after).toBe(row);
      if (decision.kind === "reuse") expect(after).toEqual({ ...row, endedAt: NOW, endReason: "reuse" });
      if (decision.kind === "issue") {
        const root = decision.outcome === "rotated" ? { rootHash: "child", rootGeneration: 4 } : {};
        const issued = {
          childHash: "next",
          childIssuedAt: NOW,
          replacedAt: row.childIssuedAt,
          generation: row.generation + 1,
        };
        expect(after).toEqual({ ...row, ...root, ...issued, refreshedAt: NOW, expiresAt: NOW + 5_000 });
      }
      if (decision.kind === "refused") continue;
      const outcome = decision.kind === "issue" ? decision.outcome : decision.kind;
      expect(rotationOutcome(after, tokenOf(at), "next")).toBe(outcome);
    }
  });

  it("tell the outcomes of one session apart: first, reissued twice, rotated", () => {
    const present = (
      row: SessionRow,
      token: PresentedToken,
      at: number,
      next: string,
    ): readonly [SessionRow, string] => {
      const policy = { lease: LEASE, transport: null };
      const after = applyDecision(row, decide(row, token, at, policy), next, at);
      return [after, rotationOutcome(after, token, next)];
    };
    const root = { familyHash: "family", secretHash: "root", generation: 3 };
    const living = { ...base, expiresAt: null };
    const [one, first] = present(living, root, NOW, "a");
    const [two, lost] = present(one, root, NOW + LEASE, "b");
    const [three, again] = present(two, root, NOW + 2 * LEASE, "c");
    const [four, rotated] = present(
      three,
      { ...root, secretHash: "c", generation: three.generation },
      NOW + 3 * LEASE,
      "d",
    );
    expect({ first, lost, again, rotated }).toEqual({
      first: "first",
      lost: "reissued",
      again: "reissued",
      rotated: "rotated",
    });
    expect({ generation: four.generation, rootGeneration: four.rootGeneration }).toEqual({
      generation: 7,
      rootGeneration: 6,
    });
    const [, stale] = present(four, { ...root, secretHash: "b", generation: 5 }, NOW + 3 * LEASE, "e");
    expect(stale).toBe("reuse");
  });
});

describe("confirmChild", () => {
  it("makes the child the root only for its generation, a lease after its issue, in a live session", () => {
    interface Confirmation {
      readonly generation: number;
      readonly age: number;
      readonly child: boolean;
      readonly ended: boolean;
      readonly expired: boolean;
    }
    const cases = combinations<Confirmation>({
      generation: [3, 4, 5],
      age: [-1, 0, LEASE - 1, LEASE, LEASE + 1],
      child: [true, false],
      ended: [true, false],
      expired: [true, false],
    });
    for (const { generation, age, child, ended, expired } of cases) {
      const row = rowOf({
        family: "family",
        secret: "root",
        generation,
        child,
        age,
        ended,
        expired: expired ? "idle" : "no",
        asked: null,
      });
      const due = child && generation === 4 && age >= LEASE && !ended && !expired;
      const root = { rootHash: "child", rootGeneration: 4, childHash: null, childIssuedAt: null };
      expect(confirmChild(row, generation, NOW, LEASE)).toEqual(due ? { ...row, ...root } : null);
    }
  });
});

describe("the expiries of a session", () => {
  it("take effect at their exact second, and the absolute expiry limits the idle expiry", () => {
    const at = (expiresAt: number | null, absoluteExpiresAt: number | null): boolean =>
      isExpired({ expiresAt, absoluteExpiresAt }, NOW);
    expect(at(NOW, null)).toBe(true);
    expect(at(NOW + 1, null)).toBe(false);
    expect(at(null, NOW)).toBe(true);
    expect(at(null, NOW + 1)).toBe(false);
    expect(at(null, null)).toBe(false);
    expect(isLive({ endedAt: null, expiresAt: NOW + 1, absoluteExpiresAt: null }, NOW)).toBe(true);
    expect(isLive({ endedAt: 0, expiresAt: NOW + 1, absoluteExpiresAt: null }, NOW)).toBe(false);
    const idle = (idleLifetime: number | null, absoluteExpiresAt: number | null): number | null =>
      idleExpiry({ idleLifetime, absoluteExpiresAt }, NOW);
    expect(idle(10, null)).toBe(NOW + 10);
    expect(idle(10, NOW + 5)).toBe(NOW + 5);
    expect(idle(10, NOW + 20)).toBe(NOW + 10);
    expect(idle(null, NOW + 5)).toBe(NOW + 5);
    expect(idle(null, null)).toBeNull();
  });
});
