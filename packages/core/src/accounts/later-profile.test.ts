import { expect, it } from "vitest";
import { decideLaterProfile, type LaterProfileDecision, type LaterProfileFacts } from "./later-profile.ts";

const flags = [true, false] as const;
const address = "ann@example.com";
const emails = [
  null,
  ...flags.flatMap((verified) => flags.map((authoritative) => ({ address, verified, authoritative }))),
];

const users = [null, "own@example.com"].flatMap((email) =>
  [null, "Own"].flatMap((name) =>
    [null, "https://own.example/a"].flatMap((picture) =>
      [null, 1].flatMap((disabledAt) =>
        [0, 1].map((credentialsVersion) => ({ email, name, picture, disabledAt, credentialsVersion })),
      ),
    ),
  ),
);
const tellings = emails.flatMap((email) =>
  [null, "Ann"].flatMap((name) =>
    [null, "https://id.example/a"].map((picture) => ({ email, name, picture })),
  ),
);
const facts: readonly LaterProfileFacts[] = users.flatMap((user) =>
  tellings.flatMap((told) =>
    flags.flatMap((isTaken) => flags.map((isOnlyMethod) => ({ user, told, isTaken, isOnlyMethod }))),
  ),
);

/** The decision, said in another way than in the code. */
function expected({ user, told, isTaken, isOnlyMethod }: LaterProfileFacts): LaterProfileDecision {
  const gets = new Map<string, string>();
  if (user.name === null && told.name !== null) gets.set("name", told.name);
  if (user.picture === null && told.picture !== null) gets.set("picture", told.picture);
  const word = [told.email?.verified, told.email?.authoritative, user.email === null, !isTaken, isOnlyMethod];
  if (word.every((said) => said === true)) gets.set("email", address);
  if (user.disabledAt !== null || gets.size === 0) return { kind: "nothing" };
  const [email = null, name = null, picture = null] = ["email", "name", "picture"].map((key) =>
    gets.get(key),
  );
  return {
    kind: "fill",
    email,
    name,
    picture,
    endsSessions: gets.has("email") && user.credentialsVersion === 1,
  };
}

it("is tested in all 2,560 cases", () => expect(facts).toHaveLength(2_560));

it("gives a user only what they lack, and an address only as a proof that no one else has a claim to, in all cases", () => {
  for (const known of facts) {
    expect({ known, decision: decideLaterProfile(known) }).toEqual({ known, decision: expected(known) });
  }
});

it("never takes what the user has", () => {
  for (const known of facts) {
    const decision = decideLaterProfile(known);
    if (decision.kind === "nothing") continue;
    for (const member of ["email", "name", "picture"] as const) {
      if (known.user[member] !== null) expect(decision[member]).toBeNull();
    }
  }
});
