import { describe, expect, it } from "vitest";
import { type CallbackParameters, decideCallback, parseCallback } from "./callback.ts";

const STATE = "s".repeat(43);
type Fields = readonly (readonly [string, string])[];

describe("parseCallback", () => {
  it("reads the known parameters, and ignores the rest", () => {
    const fields: Fields = [
      ["code", "c"],
      ["state", STATE],
      ["iss", "https://id.example.org"],
      ["scope", "openid"],
      ["scope", "email"],
      ["__proto__", "x"],
      ["redirect_to", "//evil.example"],
    ];
    const { code, state, iss, error, user } = parseCallback(fields) ?? {};
    expect({ code, state, iss, error, user }).toEqual({
      code: "c",
      state: STATE,
      iss: "https://id.example.org",
      error: null,
      user: null,
    });
    expect(Object.keys(parseCallback(fields) ?? {})).toHaveLength(5);
  });

  it.each(["state", "code", "error", "iss", "user"])("refuses two %s parameters, equal or not", (name) => {
    for (const value of ["x", "y", ""]) {
      const fields: Fields = [
        ["state", STATE],
        [name, "x"],
        [name, value],
      ];
      expect(parseCallback(fields)).toBeNull();
    }
  });

  it.each([
    "",
    "s",
    "s".repeat(42),
    "s".repeat(44),
    `${"s".repeat(42)}=`,
    `${"s".repeat(42)}+`,
    " ".repeat(43),
  ])("refuses the state %s", (state) => expect(parseCallback([["state", state]])).toBeNull());

  it("refuses an answer without a state", () => {
    expect(parseCallback([])).toBeNull();
    expect(parseCallback([["code", "c"]])).toBeNull();
    expect(parseCallback([["State", STATE]])).toBeNull();
  });

  it("returns an empty text for an empty code", () => {
    expect(
      parseCallback([
        ["state", STATE],
        ["code", ""],
      ]),
    ).toMatchObject({ code: "" });
  });
});

const flags = [true, false] as const;
const errors = [
  null,
  "",
  "access_denied",
  "user_cancelled_authorize",
  "server_error",
  "ACCESS_DENIED",
] as const;
const codes = [null, "", "c", "c".repeat(4_096), "c".repeat(4_097)] as const;

describe("decideCallback", () => {
  const cases = flags.flatMap((isOwnState) =>
    flags.flatMap((isOwnProvider) =>
      flags.flatMap((first) =>
        (["query", "form_post"] as const).flatMap((responseMode) =>
          ["GET", "POST", "HEAD"].map((method) => ({
            isOwnState,
            isOwnProvider,
            first,
            responseMode,
            method,
          })),
        ),
      ),
    ),
  );

  it.each(cases)(
    "decides $method for $responseMode, state $isOwnState, provider $isOwnProvider, first $first",
    (given) => {
      const { isOwnState, isOwnProvider, first, responseMode, method } = given;
      const isRight =
        (method === "GET" && responseMode === "query") || (method === "POST" && responseMode === "form_post");
      for (const error of errors) {
        for (const code of codes) {
          const parameters: CallbackParameters = { state: STATE, code, error, iss: null, user: null };
          const transaction = { state: isOwnState ? STATE : "t".repeat(43), provider: "paper", responseMode };
          const here = { provider: isOwnProvider ? "paper" : "other", method, first };
          const decision = decideCallback(parameters, transaction, here);
          const told = decision.kind === "fail" ? decision.code : decision.code === code;
          const isDenied = error === "access_denied" || error === "user_cancelled_authorize";
          if (!isOwnState || !isOwnProvider || !first || !isRight) expect(told).toBe("oauth_state_invalid");
          else if (error !== null) expect(told).toBe(isDenied ? "oauth_denied" : "oauth_failed");
          else expect(told).toBe(code === "c" || code?.length === 4_096 ? true : "oauth_failed");
        }
      }
    },
  );
});
