import { type Alarm, openAlarm } from "./alarm.ts";
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
  heed,
  isDuration,
  isSession,
  loading,
  type Message,
  reduce,
  type Session,
  type SessionEvent,
  type SessionState,
} from "./state.ts";
import { openTabs, openTurns, type Tabs, type Turns } from "./tabs.ts";
import { isOver, type SignOutScope, type Transport } from "./transport.ts";

/** Who signed in, and the session that began. */
export interface SignedIn<U = unknown, C = unknown> {
  readonly user: U;
  readonly session: Session<C>;
}

/** Whoever the user is and whatever the context: their types are the application's, and named in `AuthClient`. */
type State = SessionState<unknown>;
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

/** An answer older than this is asked for anew when the page is shown again, in milliseconds. */
const OLD = 60_000;
/** How far two answers about one token may differ, in milliseconds: they tell whole seconds. */
const ROUNDING = 2_000;

/** Makes a keeper that knows nothing yet, and does nothing before it is asked. */
export function openKeeper(name: string, transport: Transport, env: Env): Keeper {
  const keeper: Keeper = {
    transport,
    env,
    turns: openTurns(name, env.locks),
    tabs: openTabs(name, env.openChannel),
    alarm: openAlarm(
      env,
      () => keeper.listeners.size > 0,
      () => void act(keeper),
    ),
    listeners: new Set(),
    state: loading,
    renewals: 0,
    failures: 0,
    dueAt: null,
    overAt: Number.NEGATIVE_INFINITY,
    answeredAt: Number.NEGATIVE_INFINITY,
    looking: null,
    renewing: null,
    stop: () => undefined,
  };
  return keeper;
}

/** Calls `listen` with each new state. From the first listener to the last the session is kept alive. */
export function subscribe(keeper: Keeper, listen: (state: State) => void): () => void {
  // One function may listen twice, and each of the two leaves by itself.
  const listener = (state: State): void => listen(state);
  keeper.listeners.add(listener);
  if (keeper.listeners.size === 1) start(keeper);
  return () => {
    if (keeper.listeners.delete(listener) && keeper.listeners.size === 0) keeper.stop();
  };
}

function start(keeper: Keeper): void {
  const { alarm, tabs, env } = keeper;
  const stops = [
    tabs.hear((message) => hear(keeper, message)),
    env.page?.onVisibility(() => shown(keeper)),
    env.page?.onOnline(() => keeper.failures > 0 && void act(keeper)),
  ];
  keeper.stop = () => {
    alarm.arm();
    for (const stop of stops) stop?.();
  };
  alarm.arm();
  // Nothing was heard of the other tabs while nobody listened.
  void look(keeper);
}

function shown(keeper: Keeper): void {
  const { env, answeredAt, alarm } = keeper;
  const isOld = env.page?.isVisible() === true && env.now() - answeredAt > OLD;
  if (isOld) void look(keeper);
  else alarm.arm();
}

function hear(keeper: Keeper, message: Message): void {
  const what = heed(keeper.state, message);
  if (what === "look") void look(keeper);
  if (what === "end") end(keeper);
  if (what === "reschedule" && message.expiresIn !== null) {
    keeper.renewals += 1;
    schedule(keeper, message.expiresIn);
  }
}

function act(keeper: Keeper): Promise<unknown> {
  return keeper.state.status === "signed-in" ? renew(keeper) : look(keeper);
}

/** Asks who is signed in. Where the access token is over, the answer brings a new one. */
export function look(keeper: Keeper): Promise<Result<SignedIn>> {
  const ask = (): Promise<Result<SignedIn>> => lookNow(keeper);
  keeper.looking ??= take(keeper, ask, ask).finally(() => {
    keeper.looking = null;
  });
  return keeper.looking;
}

async function lookNow(keeper: Keeper): Promise<Result<SignedIn>> {
  const result = await keeper.transport.look();
  return result.ok ? accept(keeper, result.data) : refuse(keeper, result.error);
}

/** Presents the refresh token, unless somebody else did while this waited. */
export function renew(keeper: Keeper): Promise<Result<Session>> {
  const { renewals } = keeper;
  const alone = (): Promise<Result<Session>> => {
    const { session } = keeper.state;
    const isDone = keeper.renewals !== renewals && session !== null;
    return isDone ? Promise.resolve(success(session)) : renewNow(keeper);
  };
  const after = async (): Promise<Result<Session>> => {
    // The other tab's word may come later than its turn ends: the server knows whether there is a newer token.
    const before = keeper.overAt;
    const seen = await lookNow(keeper);
    if (seen.ok && keeper.overAt <= before + ROUNDING) return alone();
    return seen.ok ? success(seen.data.session) : seen;
  };
  if (keeper.renewing === null) {
    const renewing = take(keeper, alone, after).finally(() => {
      if (keeper.renewing === renewing) keeper.renewing = null;
    });
    keeper.renewing = renewing;
  }
  return keeper.renewing;
}

async function renewNow(keeper: Keeper): Promise<Result<Session>> {
  const { state, transport } = keeper;
  const result = await transport.renew();
  if (!result.ok) return renewedNot(keeper, result.error);
  const { data } = result;
  if (!isRecord(data) || !isSession(data.session) || !isDuration(data.expires_in)) {
    return refuse(keeper, invalidResponse(200).error);
  }
  const { session, expires_in: expiresIn } = data;
  keeper.renewals += 1;
  keeper.answeredAt = keeper.env.now();
  schedule(keeper, expiresIn);
  if (state.session?.id === session.id) dispatch(keeper, { type: "renewed", session });
  // The user of another session is not in the answer. Where nobody watches and nobody was shown, nobody misses them.
  else if (keeper.listeners.size > 0 || state.session !== null) await lookNow(keeper);
  keeper.tabs.tell({ id: session.id, expiresIn });
  return success(session);
}

/** A session may have no refresh token (`refreshToken: false` on the server): then its access token says who is signed in. */
async function renewedNot(keeper: Keeper, error: ClientError): Promise<Result<Session>> {
  if (error.code !== "unauthenticated" || keeper.state.status === "signed-out") return refuse(keeper, error);
  const seen = await lookNow(keeper);
  if (!seen.ok) return seen;
  keeper.dueAt = Number.POSITIVE_INFINITY;
  keeper.alarm.set(keeper.overAt - keeper.env.now());
  return success(seen.data.session);
}

/** Signs in, after whatever is under way: no late answer takes the place of what it starts. */
export function signIn(keeper: Keeper, path: string, body: object): Promise<Result<SignedIn>> {
  const go = async (): Promise<Result<SignedIn>> => {
    const result = await keeper.transport.signIn(path, body);
    return result.ok ? accept(keeper, result.data) : result;
  };
  keeper.renewing = null;
  return take(keeper, go, go);
}

/** Signs out, after whatever is under way, here and in the other tabs. */
export function signOut(keeper: Keeper, scope: SignOutScope): Promise<Result<null>> {
  const go = async (): Promise<Result<null>> => {
    const result = await keeper.transport.signOut(scope);
    if (isOver(result, scope)) forget(keeper);
    return result.ok ? success(null) : result;
  };
  // Who asks for a renewal from now on asks for one after it.
  keeper.renewing = null;
  return take(keeper, go, go);
}

function forget(keeper: Keeper): void {
  keeper.tabs.tell({ id: keeper.state.session?.id ?? null, expiresIn: null });
  end(keeper);
}

// A storage that throws may name a token: its words go nowhere.
function take<T>(
  keeper: Keeper,
  alone: () => Promise<Result<T>>,
  after: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const failed = (): Failure =>
    refuse(keeper, failure("storage_failed", "The storage of tokens failed.").error);
  return keeper.turns.take(alone, after).catch(failed);
}

function accept(keeper: Keeper, answer: unknown): Result<SignedIn> {
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

function refuse(keeper: Keeper, error: ClientError): Failure {
  if (isFinal(error)) end(keeper);
  else {
    keeper.failures += 1;
    dispatch(keeper, { type: "failed", error });
    keeper.alarm.set(pauseAfter(keeper.failures, keeper.env.random()));
  }
  return { ok: false, error };
}

function end(keeper: Keeper): void {
  keeper.failures = 0;
  keeper.answeredAt = keeper.env.now();
  keeper.dueAt = Number.POSITIVE_INFINITY;
  keeper.alarm.clear();
  dispatch(keeper, { type: "ended" });
}

function schedule(keeper: Keeper, expiresIn: number): void {
  const { env, alarm } = keeper;
  const wait = renewAfter(expiresIn, env.random());
  keeper.failures = 0;
  keeper.dueAt = env.now() + wait;
  keeper.overAt = env.now() + expiresIn * 1_000;
  alarm.set(wait);
}

function dispatch(keeper: Keeper, event: Event): void {
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
