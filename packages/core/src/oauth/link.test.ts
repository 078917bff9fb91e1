import { describe, expect, it } from "vitest";
import { decideLink, decideUnlink, type LinkFacts } from "./link.ts";

const address = "ann@example.com";
const users = [null, "ann", "bob"] as const;
const flags = [true, false] as const;
const emails = [null, ...flags.map((verified) => ({ address, verified }))];
const owners = [null, ...["ann", "bob"].flatMap((id) => flags.map((verified) => ({ id, verified })))];

/** Everything that can be known: nobody owns an address that there is not. */
const facts: readonly LinkFacts[] = users.flatMap((holder) =>
  [null, "ann"].flatMap((asker) =>
    emails.flatMap((email) =>
      owners
        .filter((owner) => email !== null || owner === null)
        .map((owner) => ({ holder, asker, email, owner })),
    ),
  ),
);

describe("decideLink", () => {
  it("knows 66 cases", () => expect(facts).toHaveLength(66));

  it.each(facts)(
    "holder $holder, asker $asker, e-mail $email.verified, owner $owner.id $owner.verified",
    (known) => {
      const { holder, asker, email, owner } = known;
      const decision = decideLink(known);
      const proven = email?.verified === true;
      const user = asker ?? holder;
      const proves = proven && user !== null && owner?.id === user && !owner.verified;
      if (asker !== null) {
        if (holder === "bob") return expect(decision).toEqual({ kind: "refuse", because: "held_by_another" });
        return expect(decision).toEqual({
          kind: holder === asker ? "sign_in" : "link",
          userId: asker,
          proves,
        });
      }
      if (holder !== null) return expect(decision).toEqual({ kind: "sign_in", userId: holder, proves });
      if (owner === null) return expect(decision).toEqual({ kind: "create", email: proven ? address : null });
      if (proven && owner.verified) {
        return expect(decision).toEqual({ kind: "link", userId: owner.id, proves: false });
      }
      return expect(decision).toEqual({ kind: "refuse", because: "address_unproven" });
    },
  );

  it("OAU-17 leads nobody to a user by an address that one of the two sides has not verified", () => {
    for (const known of facts.filter(({ holder, asker }) => holder === null && asker === null)) {
      const decision = decideLink(known);
      if (decision.kind === "link")
        expect([known.email?.verified, known.owner?.verified]).toEqual([true, true]);
      expect(decision.kind).not.toBe("sign_in");
    }
  });

  it("OAU-18 never gives a user an account that another has", () => {
    for (const known of facts.filter(({ holder }) => holder !== null)) {
      expect(["sign_in", "refuse"]).toContain(decideLink(known).kind);
    }
  });
});

describe("decideUnlink", () => {
  it.each([
    [false, 0, false],
    [false, 1, true],
    [false, 2, true],
    [true, 0, true],
    [true, 3, true],
  ])("password %s and %i other links: %s", (password, links, expected) => {
    expect(decideUnlink({ password, links })).toBe(expected);
  });
});
