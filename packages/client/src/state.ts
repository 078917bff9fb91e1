import { type ClientError, isRecord } from "./result.ts";

/** A session, as the server tells it. Times are seconds since 1970, by the server's clock. */
export interface Session<Context = unknown> {
  readonly id: string;
  readonly userId: string;
  readonly context: Context;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly authTime: number;
  readonly amr: readonly string[];
}

/** A user, as the server serializes them by default. */
export interface User {
  readonly id: string;
  readonly email?: string;
  readonly username?: string;
  readonly name: string | null;
}

/** Who is signed in, and why that could not be asked lately. */
export type SessionState<U = User, Context = unknown> =
  | (Nobody & { readonly status: "loading" })
  | (Nobody & { readonly status: "signed-out" })
  | {
      readonly status: "signed-in";
      readonly user: U;
      readonly session: Session<Context>;
      readonly error: ClientError | null;
    };

interface Nobody {
  readonly user: null;
  readonly session: null;
  /** What went wrong at the last request; null once one succeeds. It never changes who is signed in. */
  readonly error: ClientError | null;
}

export const loading: SessionState<never, never> = {
  status: "loading",
  user: null,
  session: null,
  error: null,
};

export type SessionEvent<U, Context> =
  | { readonly type: "found"; readonly user: U; readonly session: Session<Context> }
  | { readonly type: "renewed"; readonly session: Session<Context> }
  | { readonly type: "ended" }
  | { readonly type: "failed"; readonly error: ClientError };

/** The state after an event; the same object where nothing changes. */
export function reduce<U, Context>(
  state: SessionState<U, Context>,
  event: SessionEvent<U, Context>,
): SessionState<U, Context> {
  switch (event.type) {
    case "found":
      return found(state, kept(state.user, event.user), kept(state.session, event.session));
    case "renewed":
      // Somebody else's session has another user, who is not in the answer.
      if (state.status !== "signed-in" || state.session.id !== event.session.id) return state;
      return found(state, state.user, kept(state.session, event.session));
    case "ended":
      if (state.status === "signed-out" && state.error === null) return state;
      return { status: "signed-out", user: null, session: null, error: null };
    case "failed":
      return { ...state, error: event.error };
  }
}

function found<U, Context>(
  state: SessionState<U, Context>,
  user: U,
  session: Session<Context>,
): SessionState<U, Context> {
  const isNew = state.user !== user || state.session !== session || state.error !== null;
  return isNew ? { status: "signed-in", user, session, error: null } : state;
}

/** What was there, where it says the same: an object that stays the same renders nothing anew. */
function kept<T>(before: T | null, now: T): T {
  return before !== null && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** What one tab tells the others of a session. Its id is no secret, and opens nothing. */
export interface Message {
  /** Null where the tab that signed out did not know it. */
  readonly id: string | null;
  /** For how many seconds its access token is good from now on; null where the session is over. */
  readonly expiresIn: number | null;
}

/** What to do about another tab's message. One may be late, so that only the server says who is signed in. */
export function heed<U, Context>(
  state: SessionState<U, Context>,
  { id, expiresIn }: Message,
): "ignore" | "look" | "reschedule" | "end" {
  // The answer to the first question is on its way, or could not be given.
  if (state.status === "loading") return state.error === null ? "ignore" : "look";
  const isOurs = id === (state.session?.id ?? "");
  if (expiresIn === null && id !== null) return isOurs ? "end" : "ignore";
  return isOurs ? "reschedule" : "look";
}

export function isMessage(value: unknown): value is Message {
  if (!isRecord(value)) return false;
  const { id, expiresIn } = value;
  return (id === null || typeof id === "string") && (expiresIn === null || isDuration(expiresIn));
}

export function isSession<Context>(value: unknown): value is Session<Context> {
  return isRecord(value) && typeof value.id === "string" && typeof value.userId === "string";
}

export function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
