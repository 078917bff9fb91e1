import { describe, expect, it } from "vitest";
import { decideNewDevice, type SignInFacts } from "./notices.ts";

const AT = 1_700_000_000;
const NEW: SignInFacts = {
  user: { email: "ann@example.com", emailVerified: true, createdAt: AT - 60 },
  continues: false,
  isKnown: false,
  hasDevices: true,
  at: AT,
};

describe("decideNewDevice", () => {
  it("tells of a sign-in in a browser without the device cookie", () => {
    expect(decideNewDevice(NEW)).toBe("tell");
  });

  it.each<[string, Partial<SignInFacts>]>([
    ["an address that is not proved", { user: { ...NEW.user, emailVerified: false } }],
    ["a user without address", { user: { ...NEW.user, email: null } }],
    ["a known browser", { isKnown: true }],
    ["a sign-in in place of a session", { continues: true }],
    ["a server without device cookies", { hasDevices: false }],
    ["a sign-up, and the minute after it", { user: { ...NEW.user, createdAt: AT - 59 } }],
  ])("is quiet for %s", (_, facts) => {
    expect(decideNewDevice({ ...NEW, ...facts })).toBe("quiet");
  });
});
