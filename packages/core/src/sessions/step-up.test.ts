import { describe, expect, it } from "vitest";
import { checkStepUp, decideStepUp, stepUpChallenge } from "./step-up.ts";

const NOW = 1_700_000_000;
const signedIn = (age: number, amr: readonly string[] = ["pwd"]) => ({ authTime: NOW - age, amr });

describe("the decision about a step-up", () => {
  it.each([
    [0, "satisfied"],
    [899, "satisfied"],
    [900, "satisfied"],
    [901, "not_fresh"],
    [1e9, "not_fresh"],
    [-60, "satisfied"],
    [-61, "not_fresh"],
    [Number.NaN, "not_fresh"],
  ])("finds a sign-in of %d seconds ago %s for 900 seconds", (age, verdict) => {
    expect(decideStepUp(signedIn(age), { maxAge: 900 }, NOW)).toBe(verdict);
  });

  it.each<[used: readonly string[], required: readonly string[], verdict: string]>([
    [["pwd"], ["pwd"], "satisfied"],
    [["pwd", "otp"], ["pwd"], "satisfied"],
    [["otp", "pwd"], ["pwd", "otp"], "satisfied"],
    [["pwd"], ["pwd", "otp"], "method_missing"],
    [["fed"], ["pwd"], "method_missing"],
    [[], ["pwd"], "method_missing"],
    [["PWD"], ["pwd"], "method_missing"],
    [["pwd"], [], "satisfied"],
  ])("compares the methods %j with the required %j: %s", (used, amr, verdict) => {
    expect(decideStepUp(signedIn(1e9, used), { amr }, NOW)).toBe(verdict);
  });

  it("needs both bounds, and is satisfied without one", () => {
    const bounds = { maxAge: 900, amr: ["pwd"] };
    expect(decideStepUp(signedIn(1), bounds, NOW)).toBe("satisfied");
    expect(decideStepUp(signedIn(901), bounds, NOW)).toBe("not_fresh");
    expect(decideStepUp(signedIn(1, ["fed"]), bounds, NOW)).toBe("method_missing");
    expect(decideStepUp(signedIn(1e9, []), {}, NOW)).toBe("satisfied");
    expect(decideStepUp(signedIn(-1e9, []), {}, NOW)).toBe("satisfied");
  });
});

it("names the largest age in the challenge (RFC 9470 section 3)", () => {
  expect(stepUpChallenge("Bearer", { maxAge: 900 })).toBe(
    'Bearer error="insufficient_user_authentication", max_age=900',
  );
  expect(stepUpChallenge("Bearer", { amr: ["pwd"] })).toBe('Bearer error="insufficient_user_authentication"');
});

describe("the check of the bounds", () => {
  const AGE = "it must be whole seconds above 0";
  const LIST = 'it must be a list of methods, such as ["pwd"]';

  it.each<[bounds: object, message: string]>([
    [{ maxAge: "15m" }, `f: maxAge is "15m", but ${AGE}: write seconds as a number, such as minutes(15)`],
    [{ maxAge: 0 }, `f: maxAge is 0, but ${AGE}`],
    [{ maxAge: -1 }, `f: maxAge is -1, but ${AGE}`],
    [{ maxAge: 1.5 }, `f: maxAge is 1.5, but ${AGE}`],
    [{ maxAge: Number.NaN }, `f: maxAge is NaN, but ${AGE}`],
    [{ maxAge: Number.POSITIVE_INFINITY }, `f: maxAge is Infinity, but ${AGE}`],
    [{ maxAge: null }, `f: maxAge is null, but ${AGE}`],
    [{ amr: "pwd" }, `f: amr is "pwd", but ${LIST}`],
    [{ amr: [] }, `f: amr is a list, but ${LIST}`],
    [{ amr: [""] }, `f: amr is a list, but ${LIST}`],
    [{ amr: ["pwd", 1] }, `f: amr is a list, but ${LIST}`],
    [{ amr: null }, `f: amr is null, but ${LIST}`],
  ])("refuses %j", (bounds, message) => {
    const check = (): void => checkStepUp("f", bounds);
    expect(check).toThrow(TypeError);
    expect(check).toThrow(message);
  });

  it("accepts good bounds, and none", () => {
    for (const bounds of [{}, { maxAge: 1 }, { amr: ["pwd"] }, { maxAge: undefined, amr: undefined }])
      expect(() => checkStepUp("f", bounds)).not.toThrow();
  });
});
