import { generateKeyPairSync } from "node:crypto";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import type { Jwk } from "@latchkey/core/validator";
import { expect, it } from "vitest";

const KEY: Jwk = { ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }), kid: "one" };
const OTHER: Jwk = { ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }), kid: "two" };
const { d: _, ...PUBLIC } = OTHER;

function create(provided: readonly Jwk[]): () => unknown {
  const options = { store: memory(), keys: { provided } };
  return () => createAuth(options as Parameters<typeof createAuth>[0]);
}

it("Keys that can be told apart and may do their work are accepted", () => {
  for (const keys of [
    [KEY],
    [KEY, OTHER],
    [KEY, PUBLIC],
    [{ ...KEY, alg: "EdDSA", use: "sig", key_ops: ["sign"] }],
    [KEY, { ...PUBLIC, key_ops: ["verify"] }],
  ])
    expect(create(keys)).not.toThrow();
});

it.each<[string, readonly Jwk[]]>([
  ["another type", [{ ...KEY, kty: "EC" }]],
  ["a type for secrets", [{ ...KEY, kty: "oct" }]],
  ["another algorithm", [{ ...KEY, alg: "ES256" }]],
  ["a key id twice", [KEY, { ...OTHER, kid: "one" }]],
  ["no key id", [{ ...KEY, kid: "" }]],
  ["a key id that no token may name", [{ ...KEY, kid: "a b" }]],
  ["a second key without a key id", [KEY, (({ kid: __, ...rest }) => rest)(OTHER)]],
  ["a first key that may not sign", [{ ...KEY, key_ops: ["verify"] }]],
  ["a first key that cannot sign", [PUBLIC, KEY]],
  ["a private half of another length", [{ ...KEY, d: (KEY.d ?? "").slice(4) }]],
])("Provided keys are refused at the start with %s", (_, keys) => {
  expect(create(keys)).toThrow(/^keys\.provided/);
});
