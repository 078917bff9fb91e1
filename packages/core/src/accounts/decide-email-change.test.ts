import { describe, expect, it } from "vitest";
import {
  type ConfirmDecision,
  type ConfirmFacts,
  decideAddressUpdate,
  decideChangeRequest,
  decideEmailChange,
  decideUndo,
} from "./decide-email-change.ts";

const OLD = "old@example.com";
const NEW = "new@example.com";
const FIRST = "first@example.com";

describe("decideChangeRequest", () => {
  it.each([
    [OLD, OLD, { id: "ann" }, "unchanged"],
    [OLD, NEW, { id: "bob" }, "taken"],
    [OLD, NEW, null, "free"],
    [null, NEW, { id: "bob" }, "taken"],
    [null, NEW, null, "free"],
  ] as const)("agrees with the table: from %j to %j, held by %j: %s", (email, wanted, holder, expected) => {
    expect(decideChangeRequest({ email }, wanted, holder)).toBe(expected);
  });
});

const users: readonly ConfirmFacts["user"][] = [
  null,
  ...[null, OLD].flatMap((email) =>
    [true, false].flatMap((emailVerified) =>
      [null, 5].flatMap((disabledAt) =>
        [3, 4].map((credentialsVersion) => ({ email, emailVerified, disabledAt, credentialsVersion })),
      ),
    ),
  ),
];
const facts: readonly ConfirmFacts[] = users.flatMap((user) =>
  [true, false].flatMap((isTaken) =>
    [null, OLD, FIRST].map((undoable) => ({ user, credentialsVersion: 3, isTaken, undoable })),
  ),
);

/** The rows of the table, from the top: the first that fits counts. */
function expectedOf({ user, isTaken, undoable }: ConfirmFacts): ConfirmDecision {
  const rows: readonly (readonly [boolean, ConfirmDecision])[] = [
    [user === null, { kind: "stale" }],
    [user?.disabledAt === 5, { kind: "stale" }],
    [user?.credentialsVersion === 4, { kind: "stale" }],
    [isTaken, { kind: "taken" }],
    [user?.email === null, { kind: "change", notice: "none" }],
    [user?.emailVerified === false, { kind: "change", notice: "none" }],
    [undoable === null, { kind: "change", notice: "undo" }],
    [undoable === OLD, { kind: "change", notice: "undo" }],
    [undoable === FIRST, { kind: "change", notice: "plain" }],
  ];
  const row = rows.find(([fits]) => fits);
  if (row === undefined) throw new Error("no row");
  return row[1];
}

describe("decideEmailChange", () => {
  it("is tested in all 102 cases", () => expect(facts).toHaveLength(102));

  it.each(facts)("agrees with the table: $user, taken $isTaken, undo for $undoable", (fact) => {
    expect(decideEmailChange(fact)).toEqual(expectedOf(fact));
  });

  it("leaves a change only to the version that the token is bound to", () => {
    const changes = facts.filter((fact) => decideEmailChange(fact).kind === "change");
    expect(changes).toHaveLength(12);
    for (const { user, isTaken } of changes) {
      expect(user).toMatchObject({ credentialsVersion: 3, disabledAt: null });
      expect(isTaken).toBe(false);
    }
  });
});

describe("decideUndo", () => {
  it.each([
    [null, false, "stale"],
    [null, true, "stale"],
    [{ email: OLD }, false, "stale"],
    [{ email: OLD }, true, "stale"],
    [{ email: NEW }, false, "restore"],
    [{ email: NEW }, true, "taken"],
    [{ email: null }, false, "restore"],
    [{ email: null }, true, "taken"],
  ] as const)("agrees with the table: user %j, taken %j: %s", (user, isTaken, expected) => {
    expect(decideUndo(user, OLD, isTaken)).toBe(expected);
  });
});

describe("decideAddressUpdate", () => {
  it.each([
    [{ email: OLD, emailVerified: true }, undefined, "unchanged"],
    [{ email: OLD, emailVerified: true }, true, "unchanged"],
    [{ email: OLD, emailVerified: true }, false, "same_address"],
    [{ email: OLD, emailVerified: false }, undefined, "unchanged"],
    [{ email: OLD, emailVerified: false }, true, "same_address"],
    [{ email: OLD, emailVerified: false }, false, "unchanged"],
    ...[NEW, null].flatMap((email) =>
      [true, false].flatMap((emailVerified) =>
        [true, false, undefined].map((verified) => [{ email, emailVerified }, verified, "change"] as const),
      ),
    ),
  ] as const)("agrees with the table: user %j, verified %j: %s", (user, verified, expected) => {
    expect(decideAddressUpdate(user, OLD, verified)).toBe(expected);
  });
});
