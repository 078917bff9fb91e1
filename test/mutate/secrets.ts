import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about sealed texts, digests and secrets. */
export const secretEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/keys/seal.ts`,
    [`${CORE}/keys/seal.test.ts`],
    [
      ["one key for every purpose", "info: utf8(`latchkey/${label}/v1`)", 'info: utf8("latchkey/v1")'],
      [
        "one key for every secret",
        'importKey("raw", utf8(secret), "HKDF"',
        'importKey("raw", utf8("secret"), "HKDF"',
      ],
      ["the kept key of another secret", "keys.get(secret) ??", "[...keys.values()][0] ??"],
      ["the same nonce for every text", "Uint8Array.from(random(NONCE))", "new Uint8Array(NONCE)"],
      [
        "only the newest secret opens",
        "for (const secret of secrets) {",
        "for (const secret of secrets.slice(0, 1)) {",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/digest.ts`,
    [`${CORE}/users/one-time-token.test.ts`],
    [["one digest for every purpose", "utf8(`latchkey/${label}/v1\\0`)", 'utf8("latchkey/v1\\0")']],
  ),
  ...editsIn(
    `${CORE}/platform/digest.ts`,
    [`${CORE}/platform/digest.test.ts`],
    [
      ["a part of a text is equal", "utf8(a), utf8(b)", "utf8(a), utf8(b).subarray(0, a.length)"],
      ["texts are equal by their lengths", "constantTimeEqual(utf8(a), utf8(b))", "a.length === b.length"],
    ],
  ),
  ...editsIn(
    `${CORE}/users/one-time-token.ts`,
    [`${CORE}/users/one-time-token.test.ts`],
    [
      ["a one-time token of any purpose", "labelledDigest(`token/${purpose}`", 'labelledDigest("token"'],
      ["a one-time token of any form", "text.length === LENGTH && isBase64url(text)", "text.length > 0"],
      ["a one-time token of few bits", "const BYTES = 32;", "const BYTES = 4;"],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/secrets.ts`,
    [`${CORE}/auth/secrets.test.ts`],
    [
      ["no secret outside localhost", "baseURL === null || isLoopback(baseURL.hostname)", "true"],
      ["no secret for HS256", 'if (algorithm === "HS256") return "secret', 'if (false) return "secret'],
      ["a list of secrets with a gap", "secrets.length > 0 && index !== -1", "false"],
      ["a short secret", "length < MIN_SECRET_BYTES", "length < 1"],
      [
        "a secret that can be guessed",
        "if (new Set(secret).size < MIN_SECRET_VARIETY || /change",
        "if (/nothing",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/create-auth.ts`,
    ["test/hosts/late-options.test.ts"],
    [["a server without its secret answers", "if (checked.missing !== null) return", "if (false) return"]],
  ),
];
