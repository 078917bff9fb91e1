import { describe, expect, it } from "vitest";
import { seal, open as unseal } from "../keys/seal.ts";
import {
  FLOW_LIFETIME,
  mintTransaction,
  openTransaction,
  sealTransaction,
  type Transaction,
  transactionPlace,
} from "./transaction.ts";

const NOW = 1_800_000_000;
const [NEW, OLD] = ["n".repeat(32), "o".repeat(32)] as const;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const begun = {
  provider: "paper",
  responseMode: "query",
  redirectTo: "https://app.example.com/x",
  startedAt: NOW,
  intent: { kind: "sign_in" },
  replaces: ["a-session"],
} as const;

describe("a transaction", () => {
  it("has a seed and three secrets of 256 bits, all different", () => {
    const { seed, state, nonce, codeVerifier, ...rest } = mintTransaction(begun, random);
    expect(rest).toEqual(begun);
    const drawn = [seed, state, nonce, codeVerifier];
    expect(new Set(drawn).size).toBe(4);
    for (const secret of drawn) expect(secret).toMatch(/^[\w-]{43}$/);
  });

  it("is unchanged after it is sealed and opened, by any secret of the list", async () => {
    const transaction = mintTransaction(begun, random);
    const sealed = await sealTransaction(transaction, OLD, random);
    expect(await openTransaction(sealed, [NEW, OLD], NOW)).toEqual(transaction);
    expect(await openTransaction(sealed, [NEW], NOW)).toBeNull();
    expect(await openTransaction(sealed, [], NOW)).toBeNull();
    expect(await sealTransaction(transaction, OLD, random)).not.toBe(sealed);
  });

  it.each([
    [0, true],
    [FLOW_LIFETIME - 1, true],
    [FLOW_LIFETIME, false],
    [1 - FLOW_LIFETIME, true],
    [-FLOW_LIFETIME, false],
  ])("is open or expired %i seconds after its start: open is %s", async (age, isOpen) => {
    const sealed = await sealTransaction(mintTransaction(begun, random), NEW, random);
    expect((await openTransaction(sealed, [NEW], NOW + age)) !== null).toBe(isOpen);
  });

  it("is refused where it was sealed for another purpose or is another document", async () => {
    const transaction = mintTransaction(begun, random);
    const text = JSON.stringify(transaction);
    expect(await openTransaction(await seal(text, NEW, "provider-tokens", random), [NEW], NOW)).toBeNull();
    const seals = (value: unknown): Promise<string> =>
      seal(JSON.stringify(value), NEW, "oauth-transaction", random);
    const packed: unknown = JSON.parse(
      (await unseal(await sealTransaction(transaction, NEW, random), [NEW], "oauth-transaction")) ?? "",
    );
    if (!Array.isArray(packed)) throw new Error("it is packed in a list");
    expect(await openTransaction(await seals(packed), [NEW], NOW)).toEqual(transaction);
    for (const index of packed.keys()) {
      const without = packed.toSpliced(index, 1);
      for (const other of [without, packed.with(index, null), packed.with(index, 7.5), [...packed, 1]]) {
        expect(await openTransaction(await seals(other), [NEW], NOW)).toBeNull();
      }
    }
    for (const value of [null, [], {}, "text", 7, transaction]) {
      expect(await openTransaction(await seals(value), [NEW], NOW)).toBeNull();
    }
  });

  it("has a cookie of its own, whose name does not reveal the state", () => {
    const site = { origin: "https://app.example.com", secure: true };
    const at = (state: string, mode: Transaction["responseMode"] = "query") =>
      transactionPlace(site, state, mode);
    expect(at("one").name).not.toBe(at("two").name);
    expect(at("one").name).toBe(at("one", "form_post").name);
    expect(at("one").name).toMatch(/^__Host-Http-latchkey\.oauth\.[\w-]{16}$/);
    expect({ query: at("one").sameSite, formPost: at("one", "form_post").sameSite }).toEqual({
      query: "lax",
      formPost: "none",
    });
  });
});
