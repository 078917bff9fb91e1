import { expect, it } from "vitest";
import { compare } from "./differential.ts";

const CASES = 20_000;

it("core refuses every token and key that jose refuses, and others only for reasons of a closed list", async () => {
  const given = process.env["LATCHKEY_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.info(`compared with jose: ${CASES} cases, LATCHKEY_SEED=${seed}`);
  const { findings, acceptedByBoth, refusedByBoth, refusedBeyondJose } = await compare(seed, CASES);
  console.info(JSON.stringify({ acceptedByBoth, refusedByBoth, refusedBeyondJose }));
  expect(findings.slice(0, 5)).toEqual([]);
  // A comparison that never accepts, or never differs, compares nothing.
  expect(acceptedByBoth).toBeGreaterThan(CASES / 20);
  expect(refusedByBoth).toBeGreaterThan(CASES / 20);
  for (const reason of ["not canonical", "other type", "claims of another shape"] as const)
    expect(refusedBeyondJose[reason], reason).toBeGreaterThan(0);
});
