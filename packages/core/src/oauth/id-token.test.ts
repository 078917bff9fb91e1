import { describe, expect, it } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { type OAuthFault, oauthFault } from "./fault.ts";
import { type AudienceDecision, decideAudience, type ExpectedIdToken, verifyIdToken } from "./id-token.ts";
import { isSubject } from "./profile.ts";

const NOW = 1_800_000_000;
const ISSUER = "https://id.example.org";
const expected: ExpectedIdToken = {
  issuer: () => ISSUER,
  clientId: "client",
  nonce: "n".repeat(43),
  accessToken: "access",
};
const env = { ...platformEnv, clock: () => NOW * 1_000 };
const right = {
  iss: ISSUER,
  aud: "client",
  iat: NOW,
  exp: NOW + 300,
  nonce: expected.nonce,
  sub: "ann",
};

type Claim = keyof typeof right | "azp" | "nbf";
const good: Readonly<Partial<Record<Claim, readonly unknown[]>>> = {
  aud: [["client"]],
  azp: ["client"],
  iat: [NOW - 659, NOW - 600, NOW + 60, NOW - 0.5],
  exp: [NOW + 1, NOW + 10_000_000],
  nbf: [0, NOW + 60, NOW - 1_000],
  sub: ["a", "x".repeat(255), "\u{1F600}", "1", "a b"],
};
const bad: Readonly<Record<Claim, readonly [OAuthFault, readonly unknown[]]>> = {
  iss: [
    "id_token_issuer",
    [undefined, null, "", `${ISSUER}/`, "https://ID.example.org", [ISSUER], `${ISSUER}.evil.example`],
  ],
  aud: [
    "id_token_audience",
    [
      undefined,
      null,
      "",
      "other",
      [],
      ["client", "other"],
      ["client", "client"],
      [["client"]],
      "Client",
      true,
    ],
  ],
  azp: ["id_token_audience", ["other", null, "", ["client"], 7]],
  exp: ["id_token_time", [undefined, null, NOW - 60, NOW, `${NOW + 300}`, Number.NaN, true]],
  iat: ["id_token_time", [undefined, null, NOW - 660, NOW + 61, `${NOW}`, Number.NaN, NOW + 300]],
  nbf: ["id_token_time", [NOW + 61, "0", true, Number.NaN]],
  nonce: ["id_token_nonce", [undefined, null, "", "n".repeat(42), "m".repeat(43), [expected.nonce]]],
  sub: ["subject", [undefined, null, "", 7, "x".repeat(256), "a\u0000b", "a\nb", "\uD800", ["ann"], {}]],
};

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** The words of the fault of a token with these claims, whose signature is good; null where it has none. */
async function wordsFor(claims: string, changes: Partial<ExpectedIdToken> = {}): Promise<string | null> {
  const token = `${encode('{"alg":"RS256"}')}.${encode(claims)}.AAAA`;
  const isSigned = async (): Promise<boolean> => true;
  return verifyIdToken(env, token, isSigned, { ...expected, ...changes }).then(
    () => null,
    (error: Error) => error.message,
  );
}

describe("the claims of an ID token", () => {
  it("are accepted where all are valid", async () => {
    expect(await wordsFor(JSON.stringify(right))).toBeNull();
    expect(await wordsFor(JSON.stringify({ ...right, more: "x", email: 7 }))).toBeNull();
  });

  it.each(Object.entries(good))("are accepted with a good %s", async (claim, values) => {
    for (const value of values ?? []) {
      const words = await wordsFor(JSON.stringify({ ...right, [claim]: value }));
      expect({ value, fault: words }).toEqual({ value, fault: null });
    }
  });

  it.each(Object.entries(bad))("OAU-11 are refused with each wrong %s", async (claim, [fault, values]) => {
    for (const value of values) {
      const words = await wordsFor(JSON.stringify({ ...right, [claim]: value }));
      expect({ value, fault: words }).toEqual({ value, fault: oauthFault(fault).message });
    }
  });

  it.each(Object.keys(right))("do not count where they are inherited: %s", async (claim) => {
    const { [claim]: hidden, ...others }: Readonly<Record<string, unknown>> = right;
    const words = await wordsFor(
      `{"__proto__":{"${claim}":${JSON.stringify(hidden)}},${JSON.stringify(others).slice(1)}`,
    );
    expect(words).toBe(oauthFault(bad[claim as Claim][0]).message);
  });

  it("are refused where no issuer can be expected", async () => {
    const words = await wordsFor(JSON.stringify(right), { issuer: () => null });
    expect(words).toBe(oauthFault("id_token_issuer").message);
  });

  it("are refused where auth_time is no number of seconds (OpenID Connect Core 2)", async () => {
    for (const value of ["1800000000", -1, null, true]) {
      const words = await wordsFor(JSON.stringify({ ...right, auth_time: value }));
      expect({ value, fault: words }).toEqual({ value, fault: oauthFault("id_token_time").message });
    }
  });
});

/** Every list of up to three of these, and every value that is no list of texts. */
const AUDIENCES: readonly unknown[] = [
  undefined,
  null,
  7,
  {},
  ["client"],
  "client",
  "project",
  "other",
  "",
  "Client",
];
const LISTS = [
  [],
  ...AUDIENCES.map((one) => [one]),
  ...AUDIENCES.flatMap((one) => AUDIENCES.map((two) => [one, two])),
  ...AUDIENCES.flatMap((one) => AUDIENCES.flatMap((two) => AUDIENCES.map((three) => [one, two, three]))),
];
const PARTIES: readonly unknown[] = [undefined, "client", "project", null, "", ["client"]];
const TRUST: readonly (readonly string[])[] = [[], ["project"], ["project", "other"], ["client"]];

/** The rule once more, as OpenID Connect Core 3.1.3.7 has it. */
function ruleFor(aud: unknown, azp: unknown, trusted: readonly string[]): AudienceDecision {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const others = list.filter((one) => one !== "client");
  const isForeign = azp !== undefined && azp !== "client";
  const isTwice = list.some((one, index) => list.indexOf(one) !== index);
  if (isForeign || others.length === list.length || isTwice) return "refused";
  if (others.some((one) => typeof one !== "string")) return "refused";
  if (others.length === 0 || azp === "client") return "ours";
  return others.every((one) => (trusted as readonly unknown[]).includes(one)) ? "beside_trusted" : "refused";
}

describe("decideAudience", () => {
  it("OAU-11 decides every case by the rule", () => {
    const counts: Record<AudienceDecision, number> = { ours: 0, beside_trusted: 0, refused: 0 };
    for (const aud of [...AUDIENCES, ...LISTS]) {
      for (const azp of PARTIES) {
        for (const trustedAudiences of TRUST) {
          const claims = azp === undefined ? { aud } : { aud, azp };
          const decision = decideAudience(claims, { clientId: "client", trustedAudiences });
          const rule = ruleFor(aud, azp, trustedAudiences);
          if (decision !== rule) expect({ aud, azp, trustedAudiences, decision }).toEqual(rule);
          counts[decision]++;
        }
      }
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(10);
  });

  it("a token for a client and its project is right where azp is the client", async () => {
    for (const aud of [
      ["client", "project"],
      ["project", "client"],
      ["a", "client", "b"],
    ]) {
      expect(await wordsFor(JSON.stringify({ ...right, aud, azp: "client" }))).toBeNull();
    }
  });

  it("a token without azp is right where every other audience is trusted, and its other claims count", async () => {
    const trustedAudiences = ["project"];
    const aud = ["project", "client"];
    expect(await wordsFor(JSON.stringify({ ...right, aud }), { trustedAudiences })).toBeNull();
    expect(await wordsFor(JSON.stringify({ ...right, aud }))).toBe(oauthFault("id_token_audience").message);
    const more = { ...right, aud: [...aud, "other"] };
    expect(await wordsFor(JSON.stringify(more), { trustedAudiences })).toBe(
      oauthFault("id_token_audience").message,
    );
    for (const [claim, [fault, values]] of Object.entries(bad)) {
      if (claim === "aud" || claim === "azp") continue;
      for (const value of values) {
        const words = await wordsFor(JSON.stringify({ ...right, aud, [claim]: value }), { trustedAudiences });
        expect({ claim, value, words }).toEqual({ claim, value, words: oauthFault(fault).message });
      }
    }
  });
});

describe("isSubject", () => {
  it("accepts a text of 1 to 255 characters without control characters", () => {
    for (const value of good.sub ?? []) expect(isSubject(value)).toBe(true);
    for (const value of bad.sub[1]) expect(isSubject(value)).toBe(false);
  });
});
