import { describe, expect, it } from "vitest";
import { decideConflict, decideRow, type Found, type ImportRow } from "./import-users.ts";

const ANN = {
  id: "42",
  email: "ann@example.com",
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
  passwordHash: null,
  credentialsVersion: 0,
  createdAt: 0,
  disabledAt: null,
};

describe("decideRow", () => {
  it("brings a row into the normal form of a sign-up", () => {
    const accounts = [{ provider: "google", subject: "1" }];
    const row = {
      id: "42",
      email: " ANN@Example.COM",
      username: "Ann",
      name: " Ann ",
      emailVerified: true,
      accounts,
    };
    expect(decideRow({ ...row, passwordHash: "h", createdAt: 7, disabledAt: 8 })).toEqual({
      user: {
        ...ANN,
        username: "ann",
        name: "Ann",
        emailVerified: true,
        passwordHash: "h",
        createdAt: 7,
        disabledAt: 8,
        credentialsVersion: undefined,
      },
      accounts,
    });
    expect(decideRow({ email: "ann@example.com" })).toMatchObject({
      user: { emailVerified: false },
      accounts: [],
    });
  });

  it.each([
    ["no object", "x", "the row is a string"],
    [
      "a member that is not known",
      { email: "a@b.c", role: "admin" },
      "role is not an option of users.import",
    ],
    [
      "a version of the credentials",
      { email: "a@b.c", credentialsVersion: 7 },
      "credentialsVersion is not an option",
    ],
    ["nothing to sign in with", { id: "1" }, "could not sign in"],
    ["a wrong address", { email: "a" }, "The e-mail is malformed"],
    ["a wrong username", { username: "a b" }, "The username is malformed"],
    ["an id of another type", { id: 42, email: "a@b.c" }, "id is a number"],
    ["an empty id", { id: "", email: "a@b.c" }, "id must be"],
    ["a space in the id", { id: "a b", email: "a@b.c" }, "id must be"],
    ["a long id", { id: "x".repeat(256), email: "a@b.c" }, "id must be"],
    ["an empty hash", { email: "a@b.c", passwordHash: "" }, "passwordHash is empty"],
    ["a picture of a script", { email: "a@b.c", picture: "javascript:x" }, "The picture must be"],
    ["a truthy flag", { email: "a@b.c", emailVerified: 1 }, "emailVerified is a number"],
    ["a proof of no address", { username: "a", emailVerified: true }, "has no email"],
    [
      "milliseconds",
      { email: "a@b.c", createdAt: 1_700_000_000_000 },
      "createdAt must be a whole number of seconds",
    ],
    ["a Date", { email: "a@b.c", disabledAt: new Date(0) }, "disabledAt must be a whole number of seconds"],
    ["accounts without an id", { accounts: [{ provider: "google", subject: "1" }] }, "accounts need id"],
    ["an account without a subject", { id: "1", accounts: [{ provider: "google" }] }, "accounts must hold"],
    ["too many accounts", { id: "1", accounts: new Array(21).fill({}) }, "at most 20"],
  ])("refuses %s with the reason", (_, row, reason) => {
    expect(decideRow(row)).toContain(reason);
  });
});

describe("decideConflict", () => {
  const row: ImportRow = { user: ANN, accounts: [] };
  const none: Found = { byId: null, byEmail: null, byUsername: null };
  const eve = { ...ANN, id: "7" };

  it.each([
    ["the same row", { byId: ANN, byEmail: ANN }, { kind: "exists", user: ANN, isUntouched: true }],
    [
      "the user after a change of the credentials",
      { byId: { ...ANN, credentialsVersion: 1 } },
      { kind: "exists", isUntouched: false },
    ],
    [
      "the user with another address by now",
      { byId: { ...ANN, email: "a@b.c", credentialsVersion: 1 } },
      { kind: "exists", isUntouched: false },
    ],
    ["another user with the id", { byId: { ...ANN, email: "a@b.c" } }, { kind: "taken", by: "id" }],
    ["another user with the address", { byEmail: eve }, { kind: "taken", by: "email" }],
    ["another user with the username", { byUsername: eve }, { kind: "taken", by: "username" }],
    ["another call in progress", {}, { kind: "taken", by: null }],
  ])("finds %s", (_, found, expected) => {
    expect(decideConflict(row, { ...none, ...found })).toMatchObject(expected);
  });

  it("recognizes no user of a row without an id", () => {
    const { id: _, ...user } = ANN;
    expect(decideConflict({ user, accounts: [] }, { ...none, byEmail: ANN })).toEqual({
      kind: "taken",
      by: "email",
    });
  });
});
