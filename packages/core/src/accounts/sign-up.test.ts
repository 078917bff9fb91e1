import { describe, expect, it } from "vitest";
import { maySignIn } from "../password/provider.ts";
import {
  decideSignUp,
  isBrowserOf,
  parseSignUp,
  type SignUpDecision,
  type SignUpFacts,
  signUpRefused,
} from "./sign-up.ts";

const flags = [true, false];
const verifications = ["required", "later", false] as const;
const modes = ["open", "invited", "closed"] as const;
const cases = modes.flatMap((signUp) =>
  flags.flatMap((byMethod) => flags.map((hasInvitation) => ({ signUp, byMethod, hasInvitation }))),
);

/** The rows of the table, from the top: the first that fits counts. */
function expectedOf({ signUp, byMethod, hasInvitation }: SignUpFacts): SignUpDecision {
  const rows: readonly (readonly [boolean, SignUpDecision])[] = [
    [signUp === "closed", "refuse"],
    [!byMethod, "refuse"],
    [hasInvitation, "by_invitation"],
    [signUp === "invited", "refuse"],
    [signUp === "open", "open"],
  ];
  const row = rows.find(([fits]) => fits);
  if (row === undefined) throw new Error("no row");
  return row[1];
}

describe("decideSignUp", () => {
  it("is tested in all 12 cases", () => expect(cases).toHaveLength(12));

  it.each(cases)(
    "agrees with the table: $signUp, by the method $byMethod, invitation $hasInvitation",
    (facts) => {
      expect(decideSignUp(facts)).toBe(expectedOf(facts));
    },
  );
});

describe("signUpRefused", () => {
  it("tells to ask for an invitation only where one helps", () => {
    expect(signUpRefused({ signUp: "invited" }).message).toBe("Sign-up is closed; ask for an invitation.");
    expect(signUpRefused({ signUp: "closed" }).message).toBe("Sign-up is closed.");
    for (const signUp of modes) expect(signUpRefused({ signUp }).code).toBe("forbidden");
  });
});

describe("maySignIn", () => {
  it.each(
    verifications.flatMap((verifyEmail) => flags.map((emailVerified) => ({ verifyEmail, emailVerified }))),
  )(
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
  const data = { email: "a@example.com", username: "ann", name: "Ann", passwordHash: "h", browser: "b" };

  it("reads the whole data of a token without a user alone", () => {
    expect(parseSignUp({ userId: null, data })).toEqual(data);
    expect(parseSignUp({ userId: "u1", data })).toBeNull();
    for (const name of Object.keys(data))
      expect(parseSignUp({ userId: null, data: { ...data, [name]: 1 } })).toBeNull();
  });

  it("reads the data of a token without a name and a username, as earlier versions wrote it", () => {
    const { name: _, username: __, ...earlier } = data;
    expect(parseSignUp({ userId: null, data: earlier })).toEqual({ ...data, name: null, username: null });
  });
});
