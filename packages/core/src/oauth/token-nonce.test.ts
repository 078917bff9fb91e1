import { expect, it } from "vitest";
import { decideNonce, hashedNonce, openNonce, sealNonce, type TokenSignIn } from "./token-nonce.ts";

const NOW = 1_800_000_000;
const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const PROVIDERS = ["google", "apple"] as const;
const TRANSPORTS = ["cookie", "bearer"] as const;

it("uses a nonce for its provider, its transport and its browser, for ten minutes", () => {
  for (const provider of PROVIDERS) {
    for (const transport of TRANSPORTS) {
      for (const held of [null, ...PROVIDERS]) {
        for (const age of [-600, -599, 0, 599, 600]) {
          const nonce: TokenSignIn = { provider: "google", transport: "cookie", startedAt: NOW - age };
          const isTimely = Math.abs(age) < 600;
          const use = { provider, transport, held, now: NOW };
          const isOurs = provider === "google" && transport === "cookie" && held === "google";
          expect({ use, age, decision: decideNonce(nonce, use) }).toEqual({
            use,
            age,
            decision: isOurs && isTimely ? "use" : "refuse",
          });
          const app: TokenSignIn = { ...nonce, transport: "bearer" };
          const isOfApp = provider === "google" && transport === "bearer";
          expect(decideNonce(app, use)).toBe(isOfApp && isTimely ? "use" : "refuse");
        }
      }
    }
  }
  expect(decideNonce(null, { provider: "google", transport: "bearer", held: null, now: NOW })).toBe("refuse");
});

it("opens a nonce that it sealed, also after a rotation of the secret, and no other text", async () => {
  const begun: TokenSignIn = { provider: "google", transport: "bearer", startedAt: NOW };
  const nonce = await sealNonce(begun, "secret", random);
  expect(nonce).toMatch(/^[\w-]{60,100}$/);
  expect(await openNonce(nonce, ["secret"])).toEqual(begun);
  expect(await openNonce(nonce, ["newer", "secret"])).toEqual(begun);
  expect(await openNonce(nonce, ["other"])).toBeNull();
  for (const text of ["", "x", `${nonce}x`, `x${nonce.slice(1)}`, nonce.slice(1)])
    expect(await openNonce(text, ["secret"])).toBeNull();
});

it("hashes a nonce as the SDKs do", () => {
  expect(hashedNonce("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
