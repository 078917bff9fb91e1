import type { Alarm } from "./alarm.ts";
import type { Env } from "./env.ts";
import {
  type ClientError,
  type Failure,
  failure,
  invalidResponse,
  isFinal,
  isRecord,
  type Result,
  success,
} from "./result.ts";
import { pauseAfter, renewAfter } from "./schedule.ts";
import {
  isDuration,
  isSession,
  reduce,
  type Session,
  type SessionEvent,
  type SessionState,
} from "./state.ts";
import type { Tabs, Turns } from "./tabs.ts";
import type { Transport } from "./transport.ts";

/** Who signed in, and the session that began. */
export interface SignedIn<U = unknown, C = unknown> {
  readonly user: U;
  readonly session: Session<C>;
}

/** Whoever the user is and whatever the context: their types are the application's, and named in `AuthClient`. */
export type State = SessionState<unknown>;
type Event = SessionEvent<unknown, unknown>;

/** Keeps one session: the state, who may change it, and when to renew it. */
export interface Keeper {
  readonly transport: Transport;
  readonly env: Env;
  readonly turns: Turns;
  readonly tabs: Tabs;
  readonly alarm: Alarm;
  readonly listeners: Set<(state: State) => void>;
  state: State;
  /** How often new tokens came, here or in another tab: what was refused before the last of them may be tried again. */
  renewals: number;
  /** Failures in a row. */
  failures: number;
  /** From when on the access token is to be renewed, by `env.now`; null while nobody knows. */
  dueAt: number | null;
  /** When it is over, by `env.now`. */
  overAt: number;
  /** When the server last said who is signed in, by `env.now`. */
  answeredAt: number;
  looking: Promise<Result<SignedIn>> | null;
  renewing: Promise<Result<Session>> | null;
  stop: () => void;
}

/** Takes a turn. A storage that throws may name a token: its words go nowhere. */
export function take<T>(
  keeper: Keeper,
  alone: () => Promise<Result<T>>,
  after: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const failed = (): Failure =>
    refuse(keeper, failure("storage_failed", "The storage of tokens failed.").error);
  return keeper.turns.take(alone, after).catch(failed);
}

/** Takes in who is signed in. */
export function accept(keeper: Keeper, answer: unknown): Result<SignedIn> {
  if (!isSignedIn(answer)) return refuse(keeper, invalidResponse(200).error);
  const { user, session, expires_in: expiresIn } = answer;
  const isNews = keeper.state.session?.id !== session.id;
  if (isNews) keeper.renewals += 1;
  keeper.answeredAt = keeper.env.now();
  schedule(keeper, expiresIn);
  dispatch(keeper, { type: "found", user, session });
  if (isNews) keeper.tabs.tell({ id: session.id, expiresIn });
  return success({ user, session });
}

/** Takes in why that is not known, or that it is nobody. */
export function refuse(keeper: Keeper, error: ClientError): Failure {
  if (isFinal(error)) end(keeper);
  else {
    keeper.failures += 1;
    dispatch(keeper, { type: "failed", error });
    keeper.alarm.set(pauseAfter(keeper.failures, keeper.env.random()));
  }
  return { ok: false, error };
}

/** Shows nobody signed in. */
export function end(keeper: Keeper): void {
  keeper.failures = 0;
  keeper.answeredAt = keeper.env.now();
  keeper.dueAt = Number.POSITIVE_INFINITY;
  keeper.alarm.clear();
  dispatch(keeper, { type: "ended" });
}

/** Renews an access token in time that is good for so many seconds from now. */
export function schedule(keeper: Keeper, expiresIn: number): void {
  const { env, alarm } = keeper;
  const wait = renewAfter(expiresIn, env.random());
  keeper.failures = 0;
  keeper.dueAt = env.now() + wait;
  keeper.overAt = env.now() + expiresIn * 1_000;
  alarm.set(wait);
}

/** Changes the state, and tells who listens. */
export function dispatch(keeper: Keeper, event: Event): void {
  const next = reduce(keeper.state, event);
  if (next === keeper.state) return;
  keeper.state = next;
  for (const listen of [...keeper.listeners]) tell(keeper, listen);
}

// What a listener throws is the page's to report, and holds up nobody else.
function tell({ env, state }: Keeper, listen: (state: State) => void): void {
  try {
    listen(state);
  } catch (error) {
    env.later(() => {
      throw error;
    }, 0);
  }
}

function isSignedIn(value: unknown): value is SignedIn & { readonly expires_in: number } {
  return isRecord(value) && isRecord(value.user) && isSession(value.session) && isDuration(value.expires_in);
}
