import { describe, expect, it } from "vitest";
import { challengeOf, isChallenge, isVerifierOf } from "./transaction.ts";

// RFC 7636 appendix B.
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

describe("PKCE", () => {
  it("computes the challenge of RFC 7636", () => {
    expect(challengeOf(VERIFIER)).toBe(CHALLENGE);
    expect(isVerifierOf(VERIFIER, CHALLENGE)).toBe(true);
  });

  it("OAU-08 does not accept the challenge as its own verifier: the method plain is not supported", () => {
    expect(isVerifierOf(CHALLENGE, CHALLENGE)).toBe(false);
    expect(isVerifierOf(VERIFIER, VERIFIER)).toBe(false);
  });

  it.each([42, 43, 128, 129])("OAU-08 checks the length of a verifier: %i", (length) => {
    const verifier = "v".repeat(length);
    expect(isVerifierOf(verifier, challengeOf(verifier))).toBe(length >= 43 && length <= 128);
  });

  it("OAU-08 accepts unreserved characters only", () => {
    for (const letter of ["A", "z", "0", "9", "-", ".", "_", "~"]) {
      const verifier = letter.repeat(43);
      expect(isVerifierOf(verifier, challengeOf(verifier))).toBe(true);
    }
    for (const letter of ["+", "/", "=", " ", "%", "\u00E9", "\n", "\u0000", "'"]) {
      const verifier = `${"v".repeat(43)}${letter}`;
      expect(isVerifierOf(verifier, challengeOf(verifier))).toBe(false);
    }
  });

  it("recognises a challenge by its form", () => {
    expect(isChallenge(CHALLENGE)).toBe(true);
    for (const text of [
      "",
      CHALLENGE.slice(1),
      `${CHALLENGE}A`,
      `${CHALLENGE.slice(1)}=`,
      `${CHALLENGE}\n`,
    ]) {
      expect(isChallenge(text)).toBe(false);
    }
  });
});
