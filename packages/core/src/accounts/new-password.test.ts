import { describe, expect, it } from "vitest";
import { isResettable } from "./new-password.ts";

const user = { email: "ann@example.com", credentialsVersion: 3, disabledAt: null };
const data = { email: "ann@example.com", credentialsVersion: 3 };

describe("isResettable", () => {
  it("accepts a token of the same address and the same credentials", () => {
    expect(isResettable(user, data)).toBe(true);
  });

  it.each([
    ["another address of the user", { ...user, email: "new@example.com" }, data],
    ["no address of the user", { ...user, email: null }, data],
    ["newer credentials", { ...user, credentialsVersion: 4 }, data],
    ["older credentials", { ...user, credentialsVersion: 2 }, data],
    ["a disabled user", { ...user, disabledAt: 1 }, data],
    ["a token without an address", user, { credentialsVersion: 3 }],
    ["a token without a version", user, { email: "ann@example.com" }],
    ["a token whose version is text", user, { ...data, credentialsVersion: "3" }],
    ["a token without data", { ...user, email: null }, {}],
  ])("refuses %s", (_, of, given) => {
    expect(isResettable(of, given)).toBe(false);
  });
});
