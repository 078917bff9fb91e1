import { describe, expect, it } from "vitest";
import type { ClientError } from "./result.ts";
import { loading, reduce, type Session, type SessionEvent, type SessionState } from "./state.ts";

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
const withoutUser = { user: null, session: null, error: null };
const ann: State = { status: "signed-in", user: "ann", session: sessionOf("a"), error: null };
const out: State = { status: "signed-out", ...withoutUser };
const states: readonly State[] = [loading, ann, out].flatMap((state: State) => [state, { ...state, error }]);

describe("reduce", () => {
  it.each(states)("shows the user that the server names, from %j", (state) => {
    const loaded: Event = { type: "loaded", user: "bob", session: sessionOf("b") };
    expect(reduce(state, loaded)).toEqual({
      status: "signed-in",
      user: "bob",
      session: sessionOf("b"),
      error: null,
    });
  });

  it.each(states)("is signed out once the session has ended, from %j", (state) => {
    expect(reduce(state, { type: "ended", reason: undefined })).toEqual(out);
    expect(reduce(state, { type: "ended", reason: "unauthenticated" })).toEqual(out);
    const revoked = reduce(state, { type: "ended", reason: "session_revoked" });
    expect(revoked).toEqual({ ...out, reason: "session_revoked" });
  });

  it("keeps the reason of the end until the next sign-in", () => {
    const revoked = reduce(ann, { type: "ended", reason: "session_revoked" });
    const failed = reduce(revoked, { type: "failed", error });
    expect(reduce(revoked, { type: "ended", reason: undefined })).toBe(revoked);
    expect(reduce(failed, { type: "ended", reason: undefined })).toEqual(revoked);
    const again = reduce(revoked, { type: "loaded", user: "ann", session: sessionOf("a") });
    expect(again).toEqual(ann);
    expect(reduce(again, { type: "ended", reason: undefined })).toEqual(out);
  });

  it.each(states)("changes only the error after a failure, from %j", (state) => {
    expect(reduce(state, { type: "failed", error })).toEqual({ ...state, error });
  });

  it.each(states)("applies a refresh to the known session only, from %j", (state) => {
    const after = reduce(state, { type: "refreshed", session: sessionOf("a", 2) });
    if (state.status === "signed-in") expect(after).toEqual({ ...ann, session: sessionOf("a", 2) });
    else expect(after).toBe(state);
    expect(reduce(state, { type: "refreshed", session: sessionOf("b") })).toBe(state);
  });

  it("returns the same object if nothing changes", () => {
    expect(reduce(out, { type: "ended", reason: undefined })).toBe(out);
    expect(reduce(ann, { type: "loaded", user: "ann", session: sessionOf("a") })).toBe(ann);
    expect(reduce(ann, { type: "refreshed", session: sessionOf("a") })).toBe(ann);
  });
});

it("keeps the object of a user that has not changed", () => {
  type Named = SessionState<{ readonly name: string }, null>;
  const before: Named = { ...ann, user: { name: "ann" } } as Named;
  const loaded = { type: "loaded", user: { name: "ann" }, session: sessionOf("a", 2) } as const;
  const after = reduce(before, loaded);
  expect({ isSameUser: after.user === before.user, expiresAt: after.session?.expiresAt }).toEqual({
    isSameUser: true,
    expiresAt: 2,
  });
  expect(reduce(before, { ...loaded, user: { name: "anna" } }).user).toEqual({ name: "anna" });
});
