import type { Answer, Scheme, Token } from "./scheme.ts";

/**
 * The world around one session, as plain data.
 *
 * An honest client keeps one refresh token in a cookie jar. It sends whatever the jar holds, at any moment, up to
 * `parallel` requests at a time; each leg of a request takes 0 to `delay` ticks, so requests and answers overtake one
 * another, and a delivered answer overwrites the jar whatever came before. Either leg may be lost: a lost answer is
 * also the crash between the write and the response. A request rendered on a server refreshes too, but its answer
 * never reaches the jar. An access-only answer changes no jar, so it is over once it is given.
 *
 * At most once each: the jar falls back to what it held before the last answer (`rollback`), a thief copies the jar
 * and from then on refreshes with all it holds (`theft`), the store falls back to an older row (`restore`).
 *
 * There is no bound on time or on the number of rotations: ages count up to the lease, tokens by what the row makes
 * of them (see `state-key.ts`), so the worlds are finitely many and every one of them is visited. Left out: expiry,
 * transports, other sessions, a thief who copies the jar twice.
 *
 * With `looks` the client, and the thief, also send the refresh token where no cookie can be set: the server looks it up
 * and rotates nothing, and the answer brings no token.
 */
export interface World<Row> {
  readonly time: number;
  readonly row: Row;
  readonly jar: Jar;
  /** What a rollback of the jar brings back; null where there is nothing, or no rollback left. */
  readonly older: Jar | null;
  readonly flights: readonly Flight[];
  /** The tokens of the thief; null before the theft. */
  readonly hoard: readonly Token[] | null;
  /** How many rotations in a row the victim was granted since the theft. */
  readonly rotations: number;
  readonly backup: Row | null;
  /** How often each of the things that happen at most once may still happen. */
  readonly left: { readonly rollback: boolean; readonly backup: boolean };
  /** How many tokens there are. */
  readonly minted: number;
  /** When the last of them was issued. */
  readonly issuedAt: number | null;
}

export interface Jar {
  readonly token: Token | null;
  /** The refresh token that the access token in the jar was minted with. */
  readonly proof: Token | null;
  readonly since: number;
  /** How many rotations since the theft led to this token. */
  readonly rotations: number;
}

export type Flight = RequestLeg | ResponseLeg;

interface Leg {
  readonly rotations: number;
  /** Ticks until this leg is over at the latest. */
  readonly due: number;
}

export interface RequestLeg extends Leg {
  readonly stage: "request";
  readonly sender: Sender;
  readonly token: Token;
}

export interface ResponseLeg extends Leg {
  readonly stage: "response";
  /** Null clears the jar. */
  readonly token: Token | null;
  /** Brings an access token only, minted with a refresh token that another client was granted. */
  readonly isProof: boolean;
}

/** `api` sends the access token in the jar, the others the refresh token; `page` where it is looked up and not rotated. */
export type Sender = "browser" | "ssr" | "api" | "page";

export interface Bounds {
  /** How many ticks one leg of a request takes at most. */
  readonly delay: number;
  /** From this age on, all ages are alike to the scheme. */
  readonly lease: number;
  readonly senders: readonly Sender[];
  readonly parallel: number;
  readonly loss: boolean;
  /** The jar falls back at most this long after the last delivered answer; null never. */
  readonly rollback: number | null;
  /** How far the clocks of the servers are ahead of the slowest of them. */
  readonly clocks: readonly number[];
  readonly theft: boolean;
  /** How long after an issue a refresh token is good for a look; null where there are no looks. */
  readonly looks: number | null;
  /** How many ticks a look takes at most: a prefetch may wait for longer than any other request. */
  readonly lookDelay: number;
  /** Whether the thief only ever looks, and refreshes nothing. */
  readonly thiefOnlyLooks: boolean;
  readonly signOut: boolean;
  /** When the store may fall back to an older row. */
  readonly restore: "never" | "at rest" | "any time";
}

export type Move =
  | { readonly kind: "tick" }
  | { readonly kind: "send"; readonly sender: Sender }
  | { readonly kind: "arrive"; readonly flight: number; readonly clock: number }
  | { readonly kind: "deliver"; readonly flight: number }
  | { readonly kind: "lose"; readonly flight: number }
  | { readonly kind: "roll_back_jar" }
  | { readonly kind: "steal" }
  | { readonly kind: "abuse"; readonly token: Token; readonly clock: number }
  | { readonly kind: "abuse_access"; readonly token: Token; readonly clock: number }
  | { readonly kind: "abuse_look"; readonly token: Token; readonly clock: number }
  | { readonly kind: "sign_out" }
  | { readonly kind: "back_up" }
  | { readonly kind: "restore" };

/** One move, and what came of it. */
export interface Step<Row> {
  readonly before: World<Row>;
  readonly move: Move;
  readonly after: World<Row>;
  /** The token that a server judged, and its answer. */
  readonly judged: { readonly token: Token; readonly answer: Answer; readonly now: number } | null;
}

/** How many rotations of the victim are counted, and how many writes a restored store has lost at most. */
export const HORIZON = 4;

export function newWorld<Row>(scheme: Scheme<Row>, token: Token, bounds: Bounds): World<Row> {
  return {
    time: 0,
    row: scheme.start(token),
    jar: { token, proof: token, since: 0, rotations: 0 },
    older: null,
    flights: [],
    hoard: null,
    rotations: 0,
    backup: null,
    left: { rollback: bounds.rollback !== null, backup: bounds.restore !== "never" },
    minted: 1,
    issuedAt: null,
  };
}
