import { generateKeyPairSync } from "node:crypto";
import { createAuth, type Jwk } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator } from "@latchkey/core/validator";
import { describe, expect, it } from "vitest";
import { ORIGIN, SECRET } from "../fixtures/server.ts";
import { type KeyKind, makeKey } from "./forger.ts";
import { openAttackedServer } from "./server.ts";
import { signUp } from "./session.ts";
import { codeOf } from "./verdicts.ts";

type Key = Jwk & { readonly kty: string };

const KTY = { ed25519: "OKP", es256: "EC", rsa: "RSA" } as const;
const ALG = { ed25519: "EdDSA", es256: "ES256", rsa: "RS256" } as const;

/** The two halves of a new key. */
function pairOf(kind: KeyKind, kid = "a"): { readonly own: Key; readonly open: Key } {
  const { privateKey, publicKey } = makeKey(kind);
  const more = { kty: KTY[kind], alg: ALG[kind], kid };
  return {
    own: { ...privateKey.export({ format: "jwk" }), ...more },
    open: { ...publicKey.export({ format: "jwk" }), ...more },
  };
}

const [ed, ec, rsa] = [pairOf("ed25519"), pairOf("es256"), pairOf("rsa")];
const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey.export({ format: "jwk" });
/** 65537^128: a modulus like those of CVE-2017-15361, which are powers of 65537 modulo many small primes. */
const roca = Buffer.from((65_537n ** 128n).toString(16).padStart(514, "0"), "hex").toString("base64url");

/** Changes that make a key unsafe, wherever it is read, and the reason in the error. */
const UNSAFE: readonly (readonly [string, KeyKind, Jwk, RegExp])[] = [
  ["key_ops for encryption", "ed25519", { key_ops: ["encrypt"] }, /has key_ops without/],
  ["a repeated operation", "ed25519", { key_ops: ["sign", "verify", "sign"] }, /not for signatures/],
  ["use enc", "es256", { use: "enc" }, /not for signatures/],
  ["1024 bits", "rsa", { n: weak.n ?? "" }, /less than 2048 bits/],
  ["a modulus of ROCA", "rsa", { n: roca }, /CVE-2017-15361/],
  ["the exponent 1", "rsa", { e: "AQ" }, /an exponent other than/],
  ["an even exponent", "rsa", { e: "AQAA" }, /an exponent other than/],
  ["the exponent 3", "rsa", { e: "Aw" }, /an exponent other than/],
  ["more than two primes", "rsa", { oth: [{ r: "AQ", d: "AQ", t: "AQ" }] }, /more than two primes/],
  ["a point off its curve", "es256", { y: ec.open.x ?? "" }, /not on P-256/],
  ["a point of small order", "ed25519", { x: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }, /small order/],
  ["a coordinate of a wrong length", "es256", { x: "AAAA" }, /coordinate/],
  ["another curve", "ed25519", { crv: "X25519" }, /another curve/],
  ["another kty", "ed25519", { kty: "EC" }, /another kty/],
  ["no kid", "ed25519", { kid: "" }, /no kid/],
  ["a kid that is a path", "ed25519", { kid: "../x" }, /a kid that/],
];

const pairs = { ed25519: ed, es256: ec, rsa };

function provide(keys: readonly Jwk[], algorithm: "EdDSA" | "ES256" | "RS256"): () => unknown {
  const options = { store: memory(), secret: SECRET, accessToken: { algorithm }, keys: { provided: keys } };
  return () => createAuth(options as Parameters<typeof createAuth>[0]);
}

function configure(...keys: readonly Jwk[]): () => unknown {
  return () => createValidator({ issuer: ORIGIN, jwks: { keys } });
}

describe("an unsafe key", () => {
  it.each(UNSAFE)(
    "JWT-28 with %s is refused by keys.provided and by createValidator",
    (_, kind, change, why) => {
      const { own, open } = pairs[kind];
      expect(provide([own], ALG[kind])).not.toThrow();
      expect(provide([{ ...own, ...change }], ALG[kind])).toThrow(TypeError);
      expect(provide([{ ...own, ...change }], ALG[kind])).toThrow(why);
      expect(provide([{ ...own, ...change }], ALG[kind])).toThrow(/^keys\.provided\[0\] /);
      expect(configure(open)).not.toThrow();
      expect(configure({ ...open, ...change })).toThrow(TypeError);
      expect(configure({ ...open, ...change })).toThrow(why);
      const second = pairOf("ed25519", "first").open;
      expect(configure(second, { ...open, ...change })).toThrow(/^createValidator: jwks\.keys\[1\] /);
    },
  );

  it("JWT-28 is named by its kid", () => {
    expect(configure(ed.open, { ...ec.open, kid: "b", use: "enc" })).toThrow(
      'createValidator: jwks.keys[1] (kid "b") is not for signatures: its use is not sig, or its key_ops or ext is malformed',
    );
  });

  it("JWT-29 KEY-09 is a private one in a set of public ones, also without d", () => {
    for (const { own } of [ed, ec, rsa]) expect(configure(own)).toThrow(/private members/);
    const { d: _, ...rest } = rsa.own;
    expect(configure(rest)).toThrow(/private members/);
  });

  it("KEY-08 is one without alg, or with an alg that no access token has", () => {
    const { alg: _, ...without } = ed.open;
    for (const jwk of [without, { ...ed.open, alg: "HS256" }, { ...rsa.open, alg: "RS512" }])
      expect(configure(jwk)).toThrow(/has no alg for access tokens/);
  });

  it("KEY-08 is one of two with the same kid, and one that is no object", () => {
    expect(configure(ed.open, { ...ec.open })).toThrow(/keys\[0\] \(kid "a"\) has the kid of another key/);
    expect(provide([ed.own, pairOf("ed25519").own], "EdDSA")).toThrow(/has the kid of another key/);
    expect(configure("secret" as unknown as Jwk)).toThrow(/keys\[0\] is not an object/);
  });
});

/** A server, one of its tokens, and what a validator makes of the token with a key set that is fetched. */
async function openFetched(kind: KeyKind) {
  const { own, open } = pairs[kind];
  const server = openAttackedServer({ keys: { provided: [own] }, accessToken: { algorithm: ALG[kind] } });
  const { access } = await signUp(server, "bearer");
  const verdict = async (...keys: readonly unknown[]): Promise<string> => {
    const { validate } = createValidator({
      issuer: ORIGIN,
      jwksUrl: `${ORIGIN}/auth/jwks`,
      env: { clock: server.clock.now, fetch: () => Promise.resolve(Response.json({ keys })) },
    });
    return codeOf(await validate(new Request(ORIGIN, { headers: { authorization: `Bearer ${access}` } })));
  };
  return { open, own, verdict };
}

describe("a fetched key set", () => {
  const spare = pairOf("es256", "spare").open;

  it.each(UNSAFE)("JWT-28 has a key with %s, which is not used", async (_, kind, change) => {
    const { open, verdict } = await openFetched(kind);
    expect(await verdict(open, spare)).toBe("ok");
    expect(await verdict({ ...open, ...change }, spare)).toBe("unauthenticated");
  });

  it("KEY-08 has two keys with one kid, of which neither is used", async () => {
    const { open, verdict } = await openFetched("ed25519");
    const other = pairOf("ed25519").open;
    for (const keys of [
      [open, other],
      [other, open],
      [open, open],
      [open, { ...other, use: "enc" }],
      [{ kid: open.kid }, open],
    ])
      expect(await verdict(...keys, spare)).toBe("unauthenticated");
    expect(await verdict(open, { ...other, kid: "b" }, spare)).toBe("ok");
    // Without another key there is none at all, as when the server does not answer.
    expect(await verdict(open, other)).toBe("store_unavailable");
  });

  it("JWT-29 has a private key, which is not used: its owner has published it", async () => {
    for (const kind of ["ed25519", "es256", "rsa"] as const) {
      const { own, open, verdict } = await openFetched(kind);
      expect(await verdict(own, spare)).toBe("unauthenticated");
      if (kind === "rsa") expect(await verdict({ ...open, p: own.p }, spare)).toBe("unauthenticated");
    }
  });
});
