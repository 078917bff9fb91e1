import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Jwk, mayVerify } from "./jwk.ts";
import { faultOfNumbers, faultOfPrivateNumbers } from "./key-numbers.ts";
import { thumbprint } from "./platform-key.ts";

it("computes the thumbprint of RFC 7638 3.1", async () => {
  const n = [
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h",
    "ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  ].join("");
  const jwk = { kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29", use: "sig" };
  expect(await thumbprint(jwk)).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
});

it("computes the thumbprint of RFC 8037 A.3 from the public members alone", async () => {
  const jwk = {
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    kty: "OKP",
    crv: "Ed25519",
  };
  expect(await thumbprint(jwk)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

describe("the numbers of a key", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const okp = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const x = Buffer.from(ec.x ?? "", "base64url");
  const wrong: Readonly<Record<string, unknown>> = {
    "a zero before it": Buffer.concat([Buffer.alloc(1), x]).toString("base64url"),
    "a byte less": x.subarray(1).toString("base64url"),
    "a form that is not canonical": `${ec.x}=`,
    "no text": 1,
    "no value": undefined,
  };

  it("are sound on the curve of the algorithm alone", () => {
    expect([faultOfNumbers(ec, "ES256"), faultOfNumbers(okp, "EdDSA")]).toEqual([null, null]);
    const curves = ["P-384", "P-521", "secp256k1", "Ed25519", "", undefined];
    for (const crv of curves)
      expect(faultOfNumbers({ ...ec, crv } as Jwk, "ES256"), crv).toMatch(/another curve/);
    for (const crv of ["Ed448", "X25519", "P-256"]) {
      expect(faultOfNumbers({ ...okp, crv }, "EdDSA"), crv).toMatch(/another curve/);
    }
  });

  it.each(Object.entries(wrong))("are unsound with a coordinate of %s", (_, value) => {
    for (const [jwk, algorithm] of [
      [{ ...ec, x: value }, "ES256"],
      [{ ...ec, y: value }, "ES256"],
      [{ ...okp, x: value }, "EdDSA"],
    ] as const) {
      expect(faultOfNumbers(jwk as Jwk, algorithm)).toBe("has a coordinate of a wrong length");
      expect(faultOfPrivateNumbers({ d: value }, algorithm)).toBe("has a private part of a wrong length");
    }
    expect([faultOfPrivateNumbers(ec, "ES256"), faultOfPrivateNumbers(okp, "EdDSA")]).toEqual([null, null]);
  });

  it("say nothing against a key that says nothing of its use, and a private key proves nothing", () => {
    const { d: _, ...jwk } = okp;
    for (const allowed of [
      {},
      { use: "sig" },
      { key_ops: ["verify"] },
      { key_ops: ["sign", "verify"] },
      { ext: false },
    ])
      expect(mayVerify({ ...jwk, ...allowed })).toBe(true);
    for (const refused of [
      { d: "" },
      { use: "enc" },
      { key_ops: [] },
      { key_ops: ["sign"] },
      { key_ops: "verify" },
      { key_ops: ["verify", "verify"] },
      { p: "" },
      { ext: "true" },
    ])
      expect(mayVerify({ ...jwk, ...refused }), JSON.stringify(refused)).toBe(false);
  });
});
