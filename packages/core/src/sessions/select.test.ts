import { describe, expect, it } from "vitest";
import { type Standing, selectToken } from "./select.ts";

function standing(sessionId: string, verdict: Standing["verdict"], generation = 1, current = true): Standing {
  return { sessionId, verdict, generation, current };
}

function indexOf(...standings: readonly Standing[]): number | string {
  const selection = selectToken(standings);
  return selection.kind === "present" ? selection.index : selection.kind;
}

describe("selectToken", () => {
  it("takes the only one, whatever it is", () => {
    for (const verdict of ["live", "superseded", "dead"] as const)
      expect(indexOf(standing("a", verdict))).toBe(0);
  });

  it("lets a live token silence the others, in any order", () => {
    for (const other of ["superseded", "dead"] as const) {
      for (const id of ["a", "b"]) {
        expect(indexOf(standing(id, other, 9), standing("a", "live", 1))).toBe(1);
        expect(indexOf(standing("a", "live", 1), standing(id, other, 9))).toBe(0);
      }
    }
  });

  it("takes the newest of one session", () => {
    expect(indexOf(standing("a", "live", 1), standing("a", "live", 3), standing("a", "live", 2))).toBe(1);
    expect(indexOf(standing("a", "superseded", 4), standing("a", "superseded", 2))).toBe(0);
  });

  it("between two live sessions goes by the name in use, or finds a conflict", () => {
    expect(indexOf(standing("a", "live", 1, false), standing("b", "live", 1, true))).toBe(1);
    expect(indexOf(standing("a", "live", 1, true), standing("b", "live", 9, false))).toBe(0);
    expect(indexOf(standing("a", "live"), standing("b", "live"))).toBe("conflict");
    expect(indexOf(standing("a", "live", 1, false), standing("b", "live", 1, false))).toBe("conflict");
    expect(
      indexOf(
        standing("a", "live", 1, true),
        standing("a", "live", 2, true),
        standing("b", "live", 3, false),
      ),
    ).toBe(1);
  });

  it("judges the superseded before the dead", () => {
    expect(indexOf(standing("a", "dead", 9), standing("b", "superseded", 1))).toBe(1);
    expect(indexOf(standing("a", "dead", 1), standing("b", "dead", 2))).toBe(1);
  });
});
