import { describe, expect, it } from "vitest";
import { decideLink, decideUnlink, type LinkDecision, type LinkFacts } from "./link.ts";

const address = "ann@example.com";
const users = [null, "ann", "bob"] as const;
const flags = [true, false] as const;
const emails = [
  null,
  ...flags.flatMap((verified) => flags.map((authoritative) => ({ address, verified, authoritative }))),
];
const owners = [
  null,
  ...["ann", "bob"].flatMap((id) =>
    flags.flatMap((verified) => flags.map((reachable) => ({ id, verified, reachable }))),
  ),
];

/** All combinations of facts: an address that is missing has no owner. */
const facts: readonly LinkFacts[] = users.flatMap((holder) =>
  [null, "ann"].flatMap((asker) =>
    emails.flatMap((email) =>
      owners
        .filter((owner) => email !== null || owner === null)
        .flatMap((owner) => flags.map((linkByEmail) => ({ holder, asker, email, owner, linkByEmail }))),
    ),
  ),
);

/** The decision, said in another way than in the code. */
function expected({ holder, asker, email, owner, linkByEmail }: LinkFacts): LinkDecision {
  const word = email === null || !email.verified ? "none" : email.authoritative ? "proof" : "claim";
  const user = asker ?? holder;
  if (asker !== null && holder === "bob") return { kind: "refuse", because: "held_by_another" };
  if (user !== null) {
    const proves = word === "proof" && owner?.id === user && !owner.verified;
    return { kind: holder === user ? "sign_in" : "link", userId: user, proves };
  }
  if (owner === null) {
    return { kind: "create", email: word === "none" ? null : address, verified: word === "proof" };
  }
  const apart: LinkDecision = { kind: "create", email: null, verified: false };
  const refused: LinkDecision = {
    kind: "refuse",
    because: linkByEmail ? "address_unproven" : "not_by_email",
  };
  if (word === "none") return refused;
  if (word === "claim") return owner.reachable || owner.verified ? refused : apart;
  if (!owner.verified) return refused;
  if (linkByEmail) return { kind: "link", userId: owner.id, proves: false };
  return owner.reachable ? refused : apart;
}

describe("decideLink", () => {
  it("is tested in all 444 cases", () => expect(facts).toHaveLength(444));

  it.each(facts)(
    "agrees with the table: holder $holder, asker $asker, e-mail $email, owner $owner, by e-mail $linkByEmail",
    (known) => {
      expect(decideLink(known)).toEqual(expected(known));
    },
  );

  it("OAU-17 finds a user by an address only where both sides have proved it and the application allows it", () => {
    for (const known of facts.filter(({ holder, asker }) => holder === null && asker === null)) {
      const { kind } = decideLink(known);
      const { email, owner, linkByEmail } = known;
      const proofs = [email?.verified, email?.authoritative, owner?.verified, linkByEmail];
      if (kind === "link") expect(proofs).toEqual([true, true, true, true]);
      expect(kind).not.toBe("sign_in");
    }
  });

  it("OAU-17 treats an address as verified only where the provider proves it", () => {
    for (const known of facts.filter(({ email }) => !(email?.verified && email.authoritative))) {
      const decision = decideLink(known);
      if ("proves" in decision) expect(decision.proves).toBe(false);
      if (decision.kind === "create") expect(decision.verified).toBe(false);
    }
  });

  it("OAU-18 never gives a user an account that belongs to another user", () => {
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
  ])("decides for password %s and %i other links: %s", (password, links, expected) => {
    expect(decideUnlink({ password, links })).toBe(expected);
  });
});
