import { describe, expect, it } from "vitest";
import { openForgery } from "./forger.ts";
import { codeOf, GOOD, REFUSED, verdictsOf } from "./verdicts.ts";

const forgery = openForgery();
const { server, token, claims } = forgery;
const now = Math.floor(server.clock.now() / 1_000);
const HUGE = "x".repeat(300);

/** Members whose every listed value must be refused. */
const refused: Readonly<Record<string, readonly [member: string, values: readonly unknown[]]>> = {
  "JWT-10 of another audience": [
    "aud",
    ["https://staging.example.com", "https://app.example.com/", "", null],
  ],
  "JWT-11 with an audience that is no text": [
    "aud",
    [["https://app.example.com"], ["https://app.example.com", "x"], [], {}, undefined],
  ],
  "JWT-12 of another issuer": [
    "iss",
    [
      "https://APP.example.com",
      "https://app.example.com/",
      "http://app.example.com",
      ["https://app.example.com"],
      {},
      "",
      undefined,
    ],
  ],
  "JWT-13 without a subject": ["sub", [undefined, "", 0, 1, null, {}, ["ann"], true, HUGE]],
  "JWT-14 without a sound expiry": [
    "exp",
    [undefined, null, "", String(now + 600), "NaN", -1, 0, 1e308, 2 ** 53, now + 86_401, true, [now + 600]],
  ],
  "JWT-15 that is over": ["exp", [now, now - 1]],
  "JWT-16 of the future": ["iat", [now + 61, now + 3_600, undefined, null, "1", Number.NaN]],
  "JWT-17 not yet valid": ["nbf", [now + 61, "0", null, {}]],
  "JWT-18 without a name": ["jti", [undefined, null, 1, "", {}, HUGE]],
  "JWT-30 of no session": ["sid", [undefined, null, 1, "", {}, HUGE]],
  "JWT-21 of another form": ["context", [undefined, null, [], "x", 1]],
};

describe("wrong claims, signed with the right key", () => {
  it.each(Object.entries(refused))("are refused: %s", async (_, [member, values]) => {
    for (const value of values) {
      expect({ value, ...(await verdictsOf(server, token({ [member]: value }))) }).toEqual({
        value,
        ...REFUSED,
      });
    }
  });

  it("JWT-14 are accepted with a fraction of a second, and a second before the expiry", async () => {
    expect(await verdictsOf(server, token({ exp: now + 0.5 }))).toEqual(GOOD);
    expect(await verdictsOf(server, token({ exp: now + 1 }))).toEqual(GOOD);
  });

  it("JWT-15 are refused from the second of the expiry on, and JWT-14 if they expire before they are issued", async () => {
    expect(await verdictsOf(server, token({ iat: now - 600, exp: now + 1 }))).toEqual(GOOD);
    for (const times of [
      { iat: now - 600, exp: now },
      { iat: now - 600, exp: now - 1 },
      { iat: now + 50, exp: now + 50 },
      { iat: now + 50, exp: now + 40 },
    ]) {
      expect({ times, ...(await verdictsOf(server, token(times))) }).toEqual({ times, ...REFUSED });
    }
  });

  it.each(["auth_time", "session_created", "session_expires"])(
    "JWT-14 are refused with milliseconds in %s",
    async (member) => {
      expect(await verdictsOf(server, token({ [member]: now * 1_000 }))).toEqual(REFUSED);
      expect(await verdictsOf(server, token({ [member]: "1" }))).toEqual(REFUSED);
    },
  );

  it("JWT-16 are accepted with iat a minute ahead, and JWT-17 with nbf in the past", async () => {
    expect(await verdictsOf(server, token({ iat: now + 60 }))).toEqual(GOOD);
    expect(await verdictsOf(server, token({ nbf: now - 5 }))).toEqual(GOOD);
  });

  it.each(["cookie ", "header", "", null, undefined, 1, ["bearer"]])(
    "JWT-13 are refused with the transport %j",
    async (transport) => {
      expect(await verdictsOf(server, token({ transport }))).toEqual(REFUSED);
    },
  );

  it("JWT-20 are read from the last of duplicate members, by every reader", async () => {
    const text = JSON.stringify(claims);
    const doubled = `${text.slice(0, -1)},"sub":"eve"}`;
    const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: forgery.kid });
    const found = await server.auth.sessions.verify(forgery.seal(header, doubled));
    expect(found.ok && [found.userId, found.session.userId, found.claims.sub]).toEqual(["eve", "eve", "eve"]);
    const twoKinds = `${header.slice(0, -1)},"alg":"none"}`;
    expect(await verdictsOf(server, forgery.seal(twoKinds, text))).toEqual(REFUSED);
  });

  it.each(["[]", '"x"', "1", "null", "", "{", "\ufeff{}", "true", "[{}]"])(
    "JWT-21 are refused as the payload %j",
    async (payload) => {
      const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: forgery.kid });
      expect(await verdictsOf(server, forgery.seal(header, payload))).toEqual(REFUSED);
      expect(await verdictsOf(server, forgery.seal(header, `\ufeff${JSON.stringify(claims)}`))).toEqual(
        REFUSED,
      );
      expect(await verdictsOf(server, forgery.seal(`\ufeff${header}`, JSON.stringify(claims)))).toEqual(
        REFUSED,
      );
    },
  );

  it("JWT-26 are refused with deep nesting, without exhausting the stack", async () => {
    const deep = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: forgery.kid });
    const nested = JSON.stringify(claims).replace('"context":{}', `"context":{"a":${deep(1_000)}}`);
    expect(await verdictsOf(server, forgery.seal(header, deep(1_400)))).toEqual(REFUSED);
    expect(await verdictsOf(server, forgery.seal(header, deep(100_000)))).toEqual(REFUSED);
    expect(codeOf(await server.auth.sessions.verify(forgery.seal(header, nested)))).toMatch(
      /^(ok|unauthenticated)$/,
    );
  });
});
