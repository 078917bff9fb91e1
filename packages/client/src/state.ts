import { type ClientError, isRecord } from "./result.ts";

/** A session, as the server describes it. Times are seconds since 1970, by the server's clock. */
export interface Session<Context = unknown> {
  readonly id: string;
  readonly userId: string;
  readonly context: Context;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly authTime: number;
  readonly amr: readonly string[];
}

/** A user, as the server serializes it by default. */
export interface User {
  readonly id: string;
  readonly email?: string;
  readonly username?: string;
  readonly name: string | null;
  readonly picture: string | null;
}

/** The signed-in user and the session, and the error of the last request. */
export type SessionState<U = User, Context = unknown> =
  | (WithoutUser & { readonly status: "loading"; readonly reason?: never })
  | (WithoutUser & {
      readonly status: "signed-out";
      /**
       * Why the server ended the session, such as `session_revoked`. Absent if there was no session, if the user signed out in
       * this browser, or if the server did not tell.
       */
      readonly reason?: ClientError["code"];
    })
  | {
      readonly status: "signed-in";
      readonly user: U;
      readonly session: Session<Context>;
      readonly error: ClientError | null;
      readonly reason?: never;
    };

/** The part of a state without a signed-in user. */
export interface WithoutUser {
  readonly user: null;
  readonly session: null;
  /** Why the last request failed; null after a request that succeeded. An error alone never changes the user. */
  readonly error: ClientError | null;
}

export const loading: WithoutUser & { readonly status: "loading" } = {
  status: "loading",
  user: null,
  session: null,
  error: null,
};

export type SessionEvent<U, Context> =
  | { readonly type: "loaded"; readonly user: U; readonly session: Session<Context> }
  | { readonly type: "refreshed"; readonly session: Session<Context> }
  | { readonly type: "ended"; readonly reason: ClientError["code"] | undefined }
  | { readonly type: "failed"; readonly error: ClientError };

/** The state after an event. It is the same object if nothing changes. */
export function reduce<U, Context>(
  state: SessionState<U, Context>,
  event: SessionEvent<U, Context>,
): SessionState<U, Context> {
  switch (event.type) {
    case "loaded":
      return signedIn(state, keepIfEqual(state.user, event.user), keepIfEqual(state.session, event.session));
    case "refreshed":
      // The event has no user, so it applies to the session that is known and to no other.
      if (state.status !== "signed-in" || state.session.id !== event.session.id) return state;
      return signedIn(state, state.user, keepIfEqual(state.session, event.session));
    case "ended":
      return signedOut(state, event.reason);
    case "failed":
      return { ...state, error: event.error };
  }
}

function signedIn<U, Context>(
  state: SessionState<U, Context>,
  user: U,
  session: Session<Context>,
): SessionState<U, Context> {
  const isNew = state.user !== user || state.session !== session || state.error !== null;
  return isNew ? { status: "signed-in", user, session, error: null } : state;
}

/** The reason stays until the next sign-in, because later answers only say that there is no session. */
function signedOut<U, Context>(
  state: SessionState<U, Context>,
  ended: ClientError["code"] | undefined,
): SessionState<U, Context> {
  const reason = ended === "unauthenticated" ? state.reason : (ended ?? state.reason);
  if (state.status === "signed-out" && state.error === null && reason === state.reason) return state;
  return { ...loading, status: "signed-out", ...(reason && { reason }) };
}

/** Keeps the earlier object if the contents are equal, so that frameworks do not render again. */
function keepIfEqual<T>(before: T | null, after: T): T {
  return before !== null && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

export function isSession<Context>(value: unknown): value is Session<Context> {
  return isRecord(value) && typeof value.id === "string" && typeof value.userId === "string";
}

export function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
