import { describe, expect, it } from "vitest";
import { maySignIn } from "../password/provider.ts";
import { decideSignUp, isBrowserOf, parseSignUp } from "./sign-up.ts";

const flags = [true, false];
const modes = ["required", "later", false] as const;
const cases = modes.flatMap((verifyEmail) =>
  flags.flatMap((signUp) => flags.map((invited) => ({ verifyEmail, signUp, invited }))),
);

describe("decideSignUp", () => {
  it("is tested in all 12 cases", () => expect(cases).toHaveLength(12));

  it.each(cases)("agrees with the table: $verifyEmail, open $signUp, invited $invited", (options) => {
    const open = { required: "pending", later: "now", false: "now" }[`${options.verifyEmail}`];
    const expected = options.invited ? "invited" : options.signUp ? open : "closed";
    expect(decideSignUp(options, options.invited)).toBe(expected);
  });
});

describe("maySignIn", () => {
  it.each(modes.flatMap((verifyEmail) => flags.map((emailVerified) => ({ verifyEmail, emailVerified }))))(
    "refuses only an unproven address where the proof is required: $verifyEmail, proved $emailVerified",
    ({ verifyEmail, emailVerified }) => {
      expect(maySignIn({ verifyEmail }, { emailVerified })).toBe(emailVerified || verifyEmail !== "required");
    },
  );
});

describe("isBrowserOf", () => {
  const secret = "A".repeat(43);

  it("accepts the secret of the cookie alone", () => {
    // The digest of the secret above, with the label of its purpose.
    const browser = "0cpyi3MS1-HabJPm4gnzSFDIuS0nHNKgg_BVxPGAOK0";
    expect(isBrowserOf({ browser }, secret)).toBe(true);
    for (const other of ["", browser, `${secret.slice(1)}E`, `${secret}A`]) {
      expect(isBrowserOf({ browser }, other)).toBe(false);
    }
  });
});

describe("parseSignUp", () => {
  const data = { email: "a@example.com", name: "Ann", passwordHash: "h", browser: "b" };

  it("reads the whole data of a token without a user alone", () => {
    expect(parseSignUp({ userId: null, data })).toEqual(data);
    expect(parseSignUp({ userId: "u1", data })).toBeNull();
    for (const name of Object.keys(data))
      expect(parseSignUp({ userId: null, data: { ...data, [name]: 1 } })).toBeNull();
  });

  it("reads the data of a token without a name, as earlier versions wrote it", () => {
    const { name: _, ...earlier } = data;
    expect(parseSignUp({ userId: null, data: earlier })).toEqual({ ...data, name: null });
  });
});
