import { describe, expect, it } from "vitest";
import type { PasswordHasher } from "./hasher.ts";
import { password } from "./provider.ts";
import { scryptHasher } from "./scrypt.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const hasher = scryptHasher({ cost: { ln: 4, r: 8, p: 3 } });

/** Notes what the hasher is asked to verify. */
function noting(): { hasher: PasswordHasher; asked: (readonly [string, string | null])[] } {
  const asked: (readonly [string, string | null])[] = [];
  return {
    asked,
    hasher: {
      ...hasher,
      verify(input, stored) {
        asked.push([input, stored]);
        return hasher.verify(input, stored);
      },
    },
  };
}

describe("the password provider", () => {
  it("signs in with an e-mail address by default", () => {
    expect(password({ hasher }).identifier).toBe("email");
    expect(password({ hasher }).parseIdentifier(" Alice@Example.com")).toEqual({
      email: "alice@example.com",
    });
    expect(password({ hasher }).parseIdentifier("alice")).toBeNull();
  });

  it("signs in with a user name where that is configured", () => {
    const provider = password({ identifier: "username", hasher });
    expect(provider.parseIdentifier("Alice")).toEqual({ username: "alice" });
    expect(provider.parseIdentifier("alice@example.com")).toBeNull();
  });

  it("checks a new password against its minimum length and the identifier", async () => {
    const provider = password({ minLength: 15, hasher });
    expect(await provider.check("fourteen chars", null)).toBe("too_short");
    expect(await provider.check("correct horse battery", null)).toBe("ok");
    expect(await provider.check("alice@example.com!", { email: "alice@example.com" })).toBe(
      "contains_identifier",
    );
  });

  it("verifies its own hashes, also for a password that another system encodes differently", async () => {
    const provider = password({ hasher });
    const stored = await provider.hash("caf\u00e9 au lait", random);
    expect(await provider.verify("cafe\u0301 au lait", stored)).toEqual({ ok: true, rehash: false });
    expect(await provider.verify("cafe au lait", stored)).toEqual({ ok: false, rehash: false });
  });

  it("requests a new hash only after the right password", async () => {
    const stored = await password({ hasher }).hash("correct horse", random);
    const provider = password({ hasher: scryptHasher({ cost: { ln: 5, r: 8, p: 3 } }) });
    expect(await provider.verify("correct horse", stored)).toEqual({ ok: true, rehash: true });
    expect(await provider.verify("wrong horse", stored)).toEqual({ ok: false, rehash: false });
  });

  it("does the same work for an unknown user as for a known one (PWD-01)", async () => {
    const { hasher, asked } = noting();
    expect(await password({ hasher }).verify("correct horse", null)).toEqual({ ok: false, rehash: false });
    expect(asked).toEqual([["correct horse", null]]);
  });

  it.each(["\ud800 correct horse", "x".repeat(1_025)])(
    "never hashes an impossible password, but takes as long (PWD-04, PWD-07)",
    async (input) => {
      const { hasher, asked } = noting();
      const provider = password({ hasher });
      const stored = await provider.hash("\ufffd correct horse", random);
      expect(provider.isPossible(input)).toBe(false);
      expect(await provider.verify(input, stored)).toEqual({ ok: false, rehash: false });
      expect(asked).toEqual([["", null]]);
      await expect(provider.hash(input, random)).rejects.toThrow(TypeError);
    },
  );

  it("keeps the password out of its errors", async () => {
    const hashing = password({ hasher }).hash("secret\ud800", random);
    await expect(hashing).rejects.not.toThrow("secret");
  });

  it("refuses a common password only when it is set (PWD-10)", async () => {
    const provider = password({ hasher });
    const stored = await hasher.hash("password", random);
    expect(await provider.check("password", null)).toBe("common");
    expect(provider.isPossible("password")).toBe(true);
    expect((await provider.verify("password", stored)).ok).toBe(true);
  });

  it.each([0, 7, 8.5, Number.NaN, 1_025])("refuses a minimum of %d", (minLength) => {
    expect(() => password({ minLength, hasher })).toThrow(TypeError);
  });

  it("refuses another kind of identifier", () => {
    const options: object = { identifier: "phone", hasher };
    expect(() => password(options)).toThrow(TypeError);
  });
});
