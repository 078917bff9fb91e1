import { describe, expect, it } from "vitest";
import type { ClientError } from "./result.ts";
import {
  heed,
  isMessage,
  loading,
  reduce,
  type Session,
  type SessionEvent,
  type SessionState,
} from "./state.ts";

type State = SessionState<string, null>;
type Event = SessionEvent<string, null>;

const sessionOf = (id: string, expiresAt = 1): Session<null> => ({
  id,
  userId: "u",
  context: null,
  createdAt: 0,
  expiresAt,
  authTime: 0,
  amr: ["pwd"],
});
const error: ClientError = { code: "network_error", message: "No.", status: 0 };
const nobody = { user: null, session: null, error: null };
const ann: State = { status: "signed-in", user: "ann", session: sessionOf("a"), error: null };
const out: State = { status: "signed-out", ...nobody };
const states: readonly State[] = [loading, ann, out].flatMap((state: State) => [state, { ...state, error }]);

describe("reduce", () => {
  it.each(states)("shows whom the server found, whatever was before: %j", (state) => {
    const found: Event = { type: "found", user: "bob", session: sessionOf("b") };
    expect(reduce(state, found)).toEqual({
      status: "signed-in",
      user: "bob",
      session: sessionOf("b"),
      error: null,
    });
  });

  it.each(states)("shows nobody once a session has ended: %j", (state) => {
    expect(reduce(state, { type: "ended" })).toEqual(out);
  });

  it.each(states)("changes nobody by a failure: %j", (state) => {
    expect(reduce(state, { type: "failed", error })).toEqual({ ...state, error });
  });

  it.each(states)("renews the session that is there, and no other: %j", (state) => {
    const after = reduce(state, { type: "renewed", session: sessionOf("a", 2) });
    if (state.status === "signed-in") expect(after).toEqual({ ...ann, session: sessionOf("a", 2) });
    else expect(after).toBe(state);
    expect(reduce(state, { type: "renewed", session: sessionOf("b") })).toBe(state);
  });

  it("makes no new object where nothing changes", () => {
    expect(reduce(out, { type: "ended" })).toBe(out);
    expect(reduce(ann, { type: "found", user: "ann", session: sessionOf("a") })).toBe(ann);
    expect(reduce(ann, { type: "renewed", session: sessionOf("a") })).toBe(ann);
  });
});

it("keeps the object of a user who has not changed", () => {
  type Named = SessionState<{ readonly name: string }, null>;
  const before: Named = { ...ann, user: { name: "ann" } } as Named;
  const found = { type: "found", user: { name: "ann" }, session: sessionOf("a", 2) } as const;
  const after = reduce(before, found);
  expect([after.user === before.user, after.session?.expiresAt]).toEqual([true, 2]);
  expect(reduce(before, { ...found, user: { name: "anna" } }).user).toEqual({ name: "anna" });
});

describe("heed", () => {
  it.each([
    ["loading", loading, "a", 600, "ignore"],
    ["loading", loading, "a", null, "ignore"],
    ["loading", loading, null, null, "ignore"],
    ["loading in vain", { ...loading, error }, "a", 600, "look"],
    ["its own session", ann, "a", 600, "reschedule"],
    ["its own session", ann, "a", null, "end"],
    ["its own session", ann, "b", 600, "look"],
    ["its own session", ann, "b", null, "ignore"],
    ["its own session", ann, null, null, "look"],
    ["nobody", out, "a", 600, "look"],
    ["nobody", out, "a", null, "ignore"],
    ["nobody", out, null, null, "look"],
  ] as const)("of a tab that shows %s", (_, state, id, expiresIn, what) => {
    expect(heed(state, { id, expiresIn })).toBe(what);
  });
});

describe("isMessage", () => {
  it.each([null, undefined, 1, "a", {}, { id: 1, expiresIn: 1 }, { id: "a" }, { id: "a", expiresIn: -1 }])(
    "does not take %j",
    (value) => expect(isMessage(value)).toBe(false),
  );
  it.each([
    { id: "a", expiresIn: 1 },
    { id: "a", expiresIn: null },
    { id: null, expiresIn: null },
  ])("takes %j", (value) => expect(isMessage(value)).toBe(true));
});
