import { describe, expect, it } from "vitest";
import type { ClientError } from "./result.ts";
import { loading, type Session, type SessionState } from "./state.ts";
import { decideOnMessage, isTabMessage } from "./tabs.ts";

type State = SessionState<string, null>;

const session: Session<null> = {
  id: "a",
  userId: "u",
  context: null,
  createdAt: 0,
  expiresAt: 1,
  authTime: 0,
  amr: ["pwd"],
};
const error: ClientError = { code: "network_error", message: "No.", status: 0 };
const loadFailed: State = { ...loading, error };
const signedIn: State = { status: "signed-in", user: "ann", session, error: null };
const signedOut: State = { status: "signed-out", user: null, session: null, error: null };

describe("decideOnMessage", () => {
  it.each([
    ["while loading", "a", 600, "ignore", loading],
    ["while loading", "a", null, "ignore", loading],
    ["while loading", null, null, "ignore", loading],
    ["after a failed load", "a", 600, "load", loadFailed],
    ["while signed in", "a", 600, "reschedule", signedIn],
    ["while signed in", "a", null, "end", signedIn],
    ["while signed in", "b", 600, "load", signedIn],
    ["while signed in", "b", null, "ignore", signedIn],
    ["while signed in", null, null, "load", signedIn],
    ["while signed out", "a", 600, "load", signedOut],
    ["while signed out", "a", null, "ignore", signedOut],
    ["while signed out", null, null, "load", signedOut],
  ] as const)("%s, on session %s that expires in %s: %s", (_, id, expiresIn, decision, state) => {
    expect(decideOnMessage(state, { id, expiresIn })).toBe(decision);
  });
});

describe("isTabMessage", () => {
  it.each([null, undefined, 1, "a", {}, { id: 1, expiresIn: 1 }, { id: "a" }, { id: "a", expiresIn: -1 }])(
    "is false for %j",
    (value) => expect(isTabMessage(value)).toBe(false),
  );
  it.each([
    { id: "a", expiresIn: 1 },
    { id: "a", expiresIn: null },
    { id: null, expiresIn: null },
  ])("is true for %j", (value) => expect(isTabMessage(value)).toBe(true));
});
