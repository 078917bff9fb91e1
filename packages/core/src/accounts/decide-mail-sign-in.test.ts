import { describe, expect, it } from "vitest";
import { decideMailSignIn, type MailSignInDecision, type MailSignInFacts } from "./decide-mail-sign-in.ts";

const users: readonly MailSignInFacts["user"][] = [
  null,
  ...["ann", "bob"].flatMap((id) =>
    [true, false].flatMap((emailVerified) =>
      [0, 3].flatMap((credentialsVersion) =>
        [null, 5].map((disabledAt) => ({ id, emailVerified, credentialsVersion, disabledAt })),
      ),
    ),
  ),
];
const grants = [
  { userId: null, credentialsVersion: 0 },
  { userId: "ann", credentialsVersion: 0 },
  { userId: "ann", credentialsVersion: 3 },
];
const facts: readonly MailSignInFacts[] = users.flatMap((user) =>
  grants.flatMap((grant) => [true, false].map((signUp) => ({ ...grant, user, signUp }))),
);

/** The rows of the table, from the top: the first that fits counts. */
function expectedOf({ userId, credentialsVersion, user, signUp }: MailSignInFacts): MailSignInDecision {
  const rows: readonly (readonly [boolean, MailSignInDecision])[] = [
    [userId === null && !signUp, "refuse"],
    [userId === null && user === null, "create"],
    [user === null, "refuse"],
    [user?.disabledAt === 5, "refuse"],
    [userId === "ann" && user?.id === "bob", "refuse"],
    [user?.credentialsVersion !== credentialsVersion, "refuse"],
    [user?.emailVerified === false, "prove"],
    [user?.emailVerified === true, "sign_in"],
  ];
  const row = rows.find(([fits]) => fits);
  if (row === undefined) throw new Error("no row");
  return row[1];
}

describe("decideMailSignIn", () => {
  it("is tested in all 102 cases", () => expect(facts).toHaveLength(102));

  it.each(facts)(
    "agrees with the table: $user for $userId at version $credentialsVersion, sign-up $signUp",
    (fact) => {
      expect(decideMailSignIn(fact)).toBe(expectedOf(fact));
    },
  );
});
