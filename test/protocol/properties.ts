import { isDeepStrictEqual } from "node:util";
import { applyDecision, decide, type SessionRow } from "@latchkey/core/store";
import type { Property } from "./explore.ts";
import { mintToken, type Scheme, type Token } from "./scheme.ts";
import type { Step } from "./world.ts";

/** P1 and P8: no client is taken for a thief while there is none. */
export const noFalseAlarm: Property<unknown> = {
  name: "no false alarm",
  isBroken: ({ before, judged }) => judged?.answer.kind === "alarm" && before.hoard === null,
};

/** P2: with nothing in flight, the row knows the token in the honest jar. */
export function jarIsKnown<Row>(scheme: Scheme<Row>): Property<Row> {
  return {
    name: "at rest the jar holds root or child",
    isBroken({ after }) {
      const { token } = after.jar;
      const isAtRest = after.flights.length === 0 && after.hoard === null && !scheme.isEnded(after.row);
      return isAtRest && (token === null || scheme.standing(after.row, token, after.time) === null);
    },
  };
}

/** P3: the thief is granted no refresh token once the victim was granted that many in a row. */
export function noLootAfter(rotations: number): Property<unknown> {
  return {
    name: `no loot after ${rotations}`,
    isBroken: ({ before, move, judged }) =>
      move.kind === "abuse" && judged?.answer.kind === "refresh" && before.rotations >= rotations,
  };
}

/** P3: from then on the thief is not even heard without an alarm. */
export function noticedAfter(rotations: number): Property<unknown> {
  return {
    name: `noticed after ${rotations}`,
    isBroken({ before, move, judged }) {
      if (move.kind !== "abuse" || before.rotations < rotations) return false;
      return judged?.answer.kind === "refresh" || judged?.answer.kind === "access_only";
    },
  };
}

/** P4: an access-only answer changes no stored value. */
export const accessOnlyChangesNothing: Property<unknown> = {
  name: "an access-only answer changes nothing",
  isBroken: (step) => step.judged?.answer.kind === "access_only" && changesRow(step),
};

/** P5: no refresh token is issued within a lease of the one before, by anybody's clock. */
export function oneChildPerLease(lease: number): Property<unknown> {
  return {
    name: "one child per lease",
    isBroken: ({ before, after }) =>
      after.minted > before.minted && before.issuedAt !== null && before.time - before.issuedAt < lease,
  };
}

/** A lease ends: from then on a genuine token is worth a refresh token. */
export function leaseEnds(lease: number): Property<unknown> {
  return {
    name: "the lease ends",
    isBroken: ({ before, judged }) =>
      judged?.answer.kind === "access_only" &&
      before.issuedAt !== null &&
      before.time - before.issuedAt >= lease,
  };
}

/** P6: nothing changes a session that has ended, and no client gets anything from it. */
export function endIsFinal<Row>(scheme: Scheme<Row>): Property<Row> {
  return {
    name: "ended is absorbing",
    isBroken(step) {
      if (!scheme.isEnded(step.before.row)) return false;
      return changesRow(step) || (step.judged !== null && step.judged.answer.kind !== "refused");
    },
  };
}

/** P6: the answer that tells of reuse comes with the end of the family. */
export function alarmEnds<Row>(scheme: Scheme<Row>): Property<Row> {
  return {
    name: "an alarm ends the family",
    isBroken: ({ after, judged }) => judged?.answer.kind === "alarm" && !scheme.isEnded(after.row),
  };
}

/** P7: a client that knows all but the family secret changes nothing, and learns only that it is wrong. */
export function strangersChangeNothing(lease: number): Property<SessionRow> {
  // Thousands of worlds share a row.
  const checked = new WeakMap<SessionRow, Set<number>>();
  return {
    name: "a stranger changes nothing",
    isBroken({ after: { row, time } }) {
      const times = checked.get(row) ?? new Set();
      if (times.has(time)) return false;
      checked.set(row, times.add(time));
      return guessesAt(row).some((token) => isHeard(row, token, time, lease));
    },
  };
}

/** A look changes no stored value, whatever it is answered. */
export const looksChangeNothing: Property<unknown> = {
  name: "a look changes nothing",
  isBroken: (step) => isLook(step) && changesRow(step),
};

/** An honest look is answered as signed in, as long as the jar is known and the family issued a token within the bound. */
export function honestLookIsSeen(bound: number): Property<unknown> {
  return {
    name: "an honest look is seen within the bound",
    isBroken({ before, judged }) {
      const isHonest =
        judged !== null && before.hoard === null && before.time - (before.issuedAt ?? 0) < bound;
      return isHonest && judged.answer.kind === "unseen" && judged.answer.because === "stale";
    },
  };
}

/** A thief who only looks is answered as signed in for the bound after the family last issued a token, and no longer. */
export function nothingAfter(bound: number): Property<unknown> {
  return {
    name: "a thief without rotation has nothing after the bound",
    isBroken: ({ before, move, judged }) =>
      move.kind === "abuse_look" &&
      judged?.answer.kind === "seen" &&
      before.time - (before.issuedAt ?? 0) >= bound,
  };
}

/** Nor is the thief answered once the victim was granted that many in a row. */
export function noLookAfter(rotations: number): Property<unknown> {
  return {
    name: `no look after ${rotations}`,
    isBroken: ({ before, move, judged }) =>
      move.kind === "abuse_look" && judged?.answer.kind === "seen" && before.rotations >= rotations,
  };
}

function isLook({ before, move }: Step<unknown>): boolean {
  if (move.kind === "abuse_look") return true;
  if (move.kind !== "arrive") return false;
  const flight = before.flights[move.flight];
  return flight?.stage === "request" && flight.sender === "page";
}

function guessesAt(row: SessionRow): Token[] {
  const generations = [row.rootGeneration, row.generation, row.generation + 1];
  return [row.rootHash, row.childHash, "guess"].flatMap((secret) =>
    generations.map((generation) => ({ ...mintToken(secret ?? "none", generation), familyHash: "stranger" })),
  );
}

function isHeard(row: SessionRow, token: Token, now: number, lease: number): boolean {
  const decision = decide(row, token, now, { lease, transport: null });
  const isWrong = decision.kind === "refused" && decision.reason === "wrong_family";
  return !isWrong || applyDecision(row, decision, "next", now) !== row;
}

function changesRow({ before, after }: Step<unknown>): boolean {
  return before.row !== after.row && !isDeepStrictEqual(before.row, after.row);
}
