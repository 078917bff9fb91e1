import { describe, expect, it } from "vitest";
import { decideProof, linksToRemove, type MailboxProof } from "./first-proof.ts";

const account = { provider: "google", subject: "1" };
const proofs: readonly MailboxProof[] = [
  { by: "message" },
  { by: "password", passwordHash: "new" },
  { by: "account", account },
  { by: "owner" },
];
const users = [
  null,
  ...[null, "ann@example.com"].flatMap((email) =>
    [true, false].map((emailVerified) => ({ email, emailVerified })),
  ),
];
const cases = users.flatMap((user) => proofs.map((proof) => [user, proof] as const));

describe("decideProof", () => {
  it("is tested in all 20 cases", () => expect(cases).toHaveLength(20));

  it.each(cases)("agrees with the table: user %j, proof %j", (user, proof) => {
    const decision = decideProof(user, proof);
    if (user === null) return expect(decision).toEqual({ kind: "no_user" });
    if (user.email === null) return expect(decision).toEqual({ kind: "no_address" });
    if (user.emailVerified) return expect(decision).toEqual({ kind: "repeated" });
    const first = {
      message: { kind: "first", passwordHash: null, stays: null },
      password: { kind: "first", passwordHash: "new", stays: null },
      account: { kind: "first", passwordHash: null, stays: account },
      owner: { kind: "owner" },
    };
    expect(decision).toEqual(first[proof.by]);
  });
});

describe("linksToRemove", () => {
  const links = [account, { provider: "google", subject: "2" }, { provider: "github", subject: "1" }];

  it("returns every link except the account that is the proof", () => {
    expect(linksToRemove(links, null)).toEqual(links);
    expect(linksToRemove(links, account)).toEqual(links.slice(1));
    expect(linksToRemove(links, { provider: "github", subject: "2" })).toEqual(links);
    expect(linksToRemove([], account)).toEqual([]);
  });
});
