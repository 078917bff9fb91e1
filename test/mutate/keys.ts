import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about signatures, keys and sealed texts. */
export const keyEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/keys/jws.ts`,
    [`${CORE}/keys/jws.test.ts`],
    [
      ["an extension is ignored", "hasExtension(members) ||", ""],
      ["any type of token", '|| !hasType(own(members, "typ"), typ)', ""],
      ["a token of any length", "|| token.length > maxLength", ""],
      ["a key id of any form", '|| typeof kid !== "string" || !KID.test(kid)', '|| typeof kid !== "string"'],
      ["a form that is not canonical", 'text !== "" && isBase64url(text)', 'text !== ""'],
      ["more than three segments", "more.length === 0 &&", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/jws.ts`,
    [`${CORE}/keys/jws.test.ts`],
    [
      ["the token names the algorithm", "{ algorithms: [algorithm] }", "{}"],
      ["a signature of any length", "if (!hasSignatureLength(token, algorithm)) return null;", ""],
      ["a longer signature", "Math.floor((length * 3) / 4) === signatureLength", "length > 1"],
      [
        "an unusable key is a fault",
        "isInvalidSignature(error) || isUnusableKey(error)",
        "isInvalidSignature(error)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/jws.ts`,
    ["test/attacks/algorithm-confusion.test.ts"],
    [
      [
        "a token without a valid signature",
        "if (isInvalidSignature(error) || isUnusableKey(error)) return null;",
        "return utf8(atob(token.split('.')[1] ?? ''));",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/jws.ts`,
    [`${CORE}/keys/jws.test.ts`],
    [["two parts of different keys", "(await verifyJws(token, verification)) !== null", "token !== null"]],
  ),
  ...editsIn(
    `${CORE}/keys/jwk.ts`,
    [`${CORE}/keys/jwk.test.ts`],
    [
      ["a private key verifies", "&& !isPrivate(jwk)", ""],
      ["a key for encryption verifies", 'return use === "sig" &&', "return"],
      ["an operation twice", "new Set(operations).size === operations.length", "true"],
      ["key_ops are not read", '&& allowsOne(jwk, ["verify"])', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/key-numbers.ts`,
    ["test/sessions/validator-keys.test.ts"],
    [["a small exponent", "jwk.e === EXPONENT ?", "true ?"]],
  ),
  ...editsIn(
    `${CORE}/keys/key-numbers.ts`,
    [`${CORE}/keys/jwk.test.ts`],
    [
      ["a key on another curve", "if (jwk.crv !== crv) return", "if (false) return"],
      ["a coordinate of any length", "bytes?.length === COORDINATE_BYTES ? bytes : null", "bytes"],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/key-numbers.ts`,
    [`${CORE}/keys/key-numbers.test.ts`],
    [
      ["a point off P-256", "(x ** 3n - 3n * x + P256_B - y * y) % P256 === 0n", "true"],
      ["a key of a small order", "y >= P25519 || isSmall", "y >= P25519"],
      ["a key of order 8", "|| (ED25519_D * square * square + 2n * square - 1n) % P25519 === 0n", ""],
      ["a point off Ed25519", "(P25519 - 1n) / 2n, P25519) === 1n", "(P25519 - 1n) / 2n, P25519) !== 2n"],
      ["a private part of 0", "numberOf(d) > 0n &&", ""],
      ["primes of another modulus", "first * second === modulus &&", ""],
      [
        "an exponent of another key",
        "product % (first - 1n) === 1n &&\n    product % (second - 1n) === 1n;",
        "true;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/jwk.ts`,
    [`${CORE}/keys/jws.test.ts`],
    [
      ["a short modulus", "bitsOf(modulus) < MIN_MODULUS_BITS", "false"],
      ["an exponent of 1", "bitsOf(exponent) < 2 ||", ""],
      ["an even exponent", "|| !isOdd(exponent)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/platform-key.ts`,
    [`${CORE}/keys/jws.test.ts`],
    [["an unsound RSA key is imported", 'jwk.kty === "RSA" ? faultOfRsa(jwk) : null', "null"]],
  ),
  ...editsIn(
    `${CORE}/keys/jwk.ts`,
    [`${CORE}/keys/key-numbers.test.ts`],
    [
      ["a modulus of ROCA", "return isRoca(modulus) ?", "return false ?"],
      ["every modulus is one of ROCA", "return ROCA_PRIMES.every(", "return ROCA_PRIMES.some("],
      ["an even modulus", "if (!isOdd(modulus)) return", "if (false) return"],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/key-set.ts`,
    ["test/attacks/unsafe-keys.test.ts"],
    [
      ["a fetched key of a repeated kid", '"fault" in read || repeated.has(read.kid)', '"fault" in read'],
      ["a key of a repeated kid", 'repeated.has(kid) ? "has the kid of another key" : null', "null"],
      ["a private key of a configured set", "if (isPrivate(jwk)) return", "if (false) return"],
      ["a key of any use", "if (!isForSignatures(jwk))", "if (false)"],
      ["a key of more than two primes", "Array.isArray(others) && others.length > 0", "false"],
      ["a key with unsound numbers", "if (unsound !== null) return unsound;", ""],
      ["a key without kid", 'if (kid === undefined || kid === "") return "has no kid";', ""],
      ["a key of another type", 'own(jwk, "kty") !== kty', "false"],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/jwk.ts`,
    ["test/attacks/jwks.test.ts"],
    [
      [
        "the key set has private members",
        '["kty", "crv", "x", "y", "n", "e"]',
        '["kty", "crv", "x", "y", "n", "e", "d"]',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/algorithms.ts`,
    [`${CORE}/keys/algorithms.test.ts`],
    [
      ["an algorithm of a prototype", "|| !Object.hasOwn(facts, value)", ""],
      ["a shared secret signs ID tokens", 'HS256: { use: "access_token"', 'HS256: { use: "both"'],
      ["a key ring of an algorithm for ID tokens alone", 'RS512: { use: "id_token"', 'RS512: { use: "both"'],
    ],
  ),

  ...editsIn(
    `${CORE}/keys/key-ring.ts`,
    [`${CORE}/keys/key-ring.test.ts`],
    [
      [
        "a superseded key verifies for ever",
        "superseded === undefined || now < superseded + RETIREMENT",
        "true",
      ],
      [
        "a key signs before it is active",
        "key.activeAt <= now && key.supersededAt === undefined",
        "key.supersededAt === undefined",
      ],
      [
        "a superseded key signs again",
        "key.activeAt <= now && key.supersededAt === undefined",
        "key.activeAt <= now",
      ],
      ["a revoked key stays", "if (key === revoked) return [];", ""],
      ["a predecessor verifies longer", "[markSuperseded(key, revoked.activeAt)]", "[key]"],
      [
        "the current key is revoked and none signs",
        "=== revoked ? rotateRing(left, now, usable) : left",
        "=== revoked ? left : left",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/stored.ts`,
    ["test/attacks/database-theft.test.ts"],
    [["private keys are stored open", "newest === undefined ? text :", "newest !== undefined ? text :"]],
  ),
  ...editsIn(
    `${CORE}/keys/key-set.ts`,
    ["test/attacks/algorithm-confusion.test.ts"],
    [
      [
        "a provided key of another algorithm",
        "alg !== undefined && normalizeAlgorithm(alg) !== algorithm",
        "false",
      ],
      ["a first key that is public", "if (signs && !isSigner) return", "if (false) return"],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/key-set.ts`,
    ["packages/core/src/keys/fixed.test.ts"],
    [["a first key that may not sign", 'signs ? ["sign"] : ["sign", "verify"]', '["sign", "verify"]']],
  ),
  ...editsIn(
    `${CORE}/keys/stored.ts`,
    ["packages/core/src/keys/stored.test.ts"],
    [
      [
        "a kept private key signs with any algorithm",
        "return `${algorithm} ${privateKey}`;",
        "return privateKey;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/keys/stored.ts`,
    ["test/stores/deployment-check.test.ts"],
    [
      [
        "a secret that opens no key",
        "if (jwk === null)\n      throw",
        "if (jwk === null) return;\n    if (false as boolean)\n      throw",
      ],
      [
        "a stored key of two keys",
        "if (await isPair(signing, { kid, algorithm, key: plainJwk(current.publicJwk) })) return;",
        "if (signing !== null) return;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/check.ts`,
    ["test/stores/deployment-check.test.ts"],
    [["a check that throws", "return { part, message: describeError(error), error };", "throw error;"]],
  ),
];
