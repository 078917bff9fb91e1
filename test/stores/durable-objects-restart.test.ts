import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyDecision,
  decide,
  type Rotation,
  rotationOutcome,
  type SessionRow,
  type SessionStore,
} from "@latchkey/core/store";
import type { Miniflare } from "miniflare";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { bridged } from "./objects-bridge.ts";
import { digestOf, LEASE, rotationOf, START, session, sessionIdOf } from "./sessions.ts";
import { bundle, workerd } from "./workerd.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;

let script: string;
beforeAll(async () => {
  script = await bundle("objects");
});

async function started(persistTo?: string): Promise<Miniflare> {
  const host = workerd(script, persistTo);
  onTestFinished(() => host.dispose().catch(() => undefined));
  await host.ready;
  return host;
}

async function rowOf(sessions: SessionStore, name: string): Promise<SessionRow> {
  const found = await sessions.get(sessionIdOf(name), START);
  if (found === null) throw new Error(`${name} is lost`);
  return found.row;
}

test("an object that stops during a rotation leaves the old row or the new one", async () => {
  const { sessions } = bridged(await started(), { world: "dying", fragile: true });
  await sessions.create(session("phone", { expiresAt: null, idleLifetime: null }), freely);
  const left = { old: 0, new: 0, answered: 0 };
  for (let generation = 0; generation < 100; generation++) {
    const before = await rowOf(sessions, "phone");
    const rotation = rotationOf("phone", generation, START + generation * (LEASE + 1));
    const { token, now, policy, next } = rotation;
    const expected = applyDecision(before, decide(before, token, now, policy), next, now);
    while ((await sessions.rotate(rotation).catch(() => null)) === null) {
      const row = await rowOf(sessions, "phone");
      const isNew = row.generation === generation + 1;
      expect(row).toEqual(isNew ? expected : before);
      left[isNew ? "new" : "old"]++;
    }
    left.answered++;
    expect(await rowOf(sessions, "phone")).toEqual(expected);
  }
  expect(
    { answered: left.answered, hasOld: left.old > 0, hasNew: left.new > 0 },
    JSON.stringify(left),
  ).toEqual({ answered: 100, hasOld: true, hasNew: true });
});

test("workerd is killed during rotations: every answered write is kept, and no reuse is reported", async () => {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-objects-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const names = Array.from({ length: 60 }, (_, index) => `session ${index}`);

  const first = await started(directory);
  const { sessions } = bridged(first, { world: "killed" });
  await Promise.all(names.map((name) => sessions.create(session(name), freely)));
  const answered: string[] = [];
  const firstAnswer = Promise.withResolvers<void>();
  const onAnswer = (next: string): void => {
    answered.push(next);
    firstAnswer.resolve();
  };
  const lanes = Array.from({ length: 12 }, (_, lane) => names.filter((_, index) => index % 12 === lane));
  const storm = Promise.allSettled(lanes.map((lane) => stormyLane(sessions, lane, onAnswer)));
  // Every lane has rotations on their way now, and later sessions that no lane has begun.
  await firstAnswer.promise;
  await first.dispose();
  await storm;

  const again = bridged(await started(directory), { world: "killed" }).sessions;
  for (const name of names) {
    const row = await rowOf(again, name);
    const offered = [1, 2, 3, 4].map((n) => digestOf(`${name} by ${n}`));
    if (row.generation === 0) {
      expect(row).toEqual(session(name));
    } else
      expect({ generation: row.generation, wasOffered: offered.includes(row.childHash ?? "") }).toEqual({
        generation: 1,
        wasOffered: true,
      });
    const issued = answered.filter((next) => offered.includes(next));
    expect(issued).toEqual(issued.length === 0 ? [] : [row.childHash]);
    const retry = rotationOf(name, 0, START + 1, digestOf(`${name} retried`));
    const after = await again.rotate(retry);
    expect(after === null ? null : rotationOutcome(after.row, retry.token, retry.next)).toBe(
      row.generation === 0 ? "first" : "access_only",
    );
  }
  expect(answered.length).toBeLessThan(names.length);
});

type OnAnswer = (next: string) => void;

/** Rotates one session after the other, four times at once each, until the store refuses a call. */
async function stormyLane(
  sessions: SessionStore,
  lane: readonly string[],
  onAnswer: OnAnswer,
): Promise<void> {
  for (const name of lane) await Promise.all([1, 2, 3, 4].map((n) => stormy(sessions, name, n, onAnswer)));
}

async function stormy(sessions: SessionStore, name: string, n: number, onAnswer: OnAnswer): Promise<void> {
  const rotation: Rotation = rotationOf(name, 0, START, digestOf(`${name} by ${n}`));
  const after = await sessions.rotate(rotation);
  if (after === null) throw new Error("refused");
  if (rotationOutcome(after.row, rotation.token, rotation.next) === "first") onAnswer(rotation.next);
}
