import { describe, expect, it } from "vitest";
import { decideVerification, decideVerificationMail, type Verifiable } from "./verify-email.ts";

const flags = [true, false];
const ANN = {
  id: "1",
  email: "ann@example.com",
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
  passwordHash: null,
  credentialsVersion: 3,
  createdAt: 0,
  disabledAt: null,
};

describe("decideVerificationMail", () => {
  const users = [
    null,
    ...flags.flatMap((emailVerified) => [null, 1].map((disabledAt) => ({ emailVerified, disabledAt }))),
  ];
  const cases = users.flatMap((user) => flags.map((isPending) => [user, isPending] as const));

  it("is tested in all 10 cases", () => expect(cases).toHaveLength(10));

  it.each(cases)("agrees with the table: user %j, pending %s", (user, isPending) => {
    const expected =
      user === null ? (isPending ? "sign_up" : "none") : JSON.stringify(user) === UNPROVEN ? "user" : "none";
    expect(decideVerificationMail(user, isPending)).toBe(expected);
  });

  const UNPROVEN = JSON.stringify({ emailVerified: false, disabledAt: null });
});

describe("decideVerification", () => {
  const signUp = { email: "ann@example.com", username: null, name: null, passwordHash: "h", browser: "b" };
  const unproven = { userId: "1", email: "ann@example.com", credentialsVersion: 3 };
  const pending: Verifiable = { kind: "sign_up", signUp };
  const known: Verifiable = { kind: "user", unproven };
  const users = [
    null,
    ...["ann@example.com", "eve@example.com", null].flatMap((email) =>
      [2, 3, 4].flatMap((credentialsVersion) =>
        [null, 1].map((disabledAt) => ({ ...ANN, email, credentialsVersion, disabledAt })),
      ),
    ),
  ];

  it("is tested with 19 users", () => expect(users).toHaveLength(19));

  it.each(users)("creates the user of a sign-up only if the address is free: %j", (user) => {
    expect(decideVerification(pending, user)).toEqual(user === null ? { kind: "create", signUp } : null);
  });

  it.each(users)("proves the address of a user that did not change: %j", (user) => {
    const isUnchanged = JSON.stringify(user) === JSON.stringify(ANN);
    expect(decideVerification(known, user)).toEqual(isUnchanged ? { kind: "prove", user } : null);
  });
});
