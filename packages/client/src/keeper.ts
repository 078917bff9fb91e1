import { type Alarm, openAlarm } from "./alarm.ts";
import type { Env } from "./env.ts";
import {
  type ClientError,
  type Failure,
  invalidResponse,
  isFinal,
  isPassing,
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
export interface SignedIn<U, C> {
  readonly user: U;
  readonly session: Session<C>;
}

/** Keeps one session: the state, who may change it, and when to renew it. */
export interface Keeper<U, C> {
  readonly transport: Transport;
  readonly env: Env;
  readonly turns: Turns;
  readonly tabs: Tabs;
  readonly alarm: Alarm;
  readonly listeners: Set<(state: SessionState<U, C>) => void>;
  state: SessionState<U, C>;
  /** How often new tokens came: what was refused before the last of them may be tried again. */
  renewals: number;
  /** Failures in a row. */
  failures: number;
  /** When the access token is over and when the server last answered, by `env.now`. */
  expiresAt: number;
  answeredAt: number;
  looking: Promise<Result<SignedIn<U, C>>> | null;
  renewing: Promise<Result<Session<C>>> | null;
  stop: () => void;
}

/** An answer older than this is asked for anew when the page is shown again, in milliseconds. */
const OLD = 60_000;

/** Makes a keeper that knows nothing yet, and does nothing before it is asked. */
export function openKeeper<U, C>(name: string, transport: Transport, env: Env): Keeper<U, C> {
  const keeper: Keeper<U, C> = {
    transport,
    env,
    turns: openTurns(name, env.locks),
    tabs: openTabs(name, env.openChannel),
    alarm: openAlarm(env, () => void act(keeper)),
    listeners: new Set(),
    state: loading,
    renewals: 0,
    failures: 0,
    expiresAt: Number.POSITIVE_INFINITY,
    answeredAt: Number.NEGATIVE_INFINITY,
    looking: null,
    renewing: null,
    stop: () => undefined,
  };
  return keeper;
}

/** Calls `listen` with each new state. From the first listener to the last the session is kept alive. */
export function subscribe<U, C>(
  keeper: Keeper<U, C>,
  listen: (state: SessionState<U, C>) => void,
): () => void {
  // One function may listen twice, and each of the two leaves by itself.
  const listener = (state: SessionState<U, C>): void => listen(state);
  keeper.listeners.add(listener);
  if (keeper.listeners.size === 1) start(keeper);
  return () => {
    if (keeper.listeners.delete(listener) && keeper.listeners.size === 0) keeper.stop();
  };
}

function start<U, C>(keeper: Keeper<U, C>): void {
  const { alarm, tabs, env } = keeper;
  const stops = [
    tabs.hear((message) => hear(keeper, message)),
    env.page?.onVisibility(() => shown(keeper)),
    env.page?.onOnline(() => keeper.failures > 0 && void act(keeper)),
  ];
  keeper.stop = () => {
    alarm.stop();
    for (const stop of stops) stop?.();
  };
  alarm.start();
  // Nothing was heard of the other tabs while nobody listened.
  void look(keeper);
}

function shown<U, C>(keeper: Keeper<U, C>): void {
  const { env, state, answeredAt } = keeper;
  const isOld = state.status !== "signed-in" || env.now() - answeredAt > OLD;
  if (isOld && env.page?.isVisible() === true) void look(keeper);
  keeper.alarm.arm();
}

function hear<U, C>(keeper: Keeper<U, C>, message: Message): void {
  const what = heed(keeper.state, message);
  if (what === "look") void look(keeper);
  if (what === "end") end(keeper);
  if (what === "reschedule" && message.expiresIn !== null) schedule(keeper, message.expiresIn);
}

function act<U, C>(keeper: Keeper<U, C>): Promise<unknown> {
  return keeper.state.status === "signed-in" ? renew(keeper) : look(keeper);
}

/** Asks who is signed in. Where the access token is over, the answer brings a new one. */
export function look<U, C>(keeper: Keeper<U, C>): Promise<Result<SignedIn<U, C>>> {
  const ask = (): Promise<Result<SignedIn<U, C>>> => lookNow(keeper);
  keeper.looking ??= keeper.turns.take(ask, ask).finally(() => {
    keeper.looking = null;
  });
  return keeper.looking;
}

async function lookNow<U, C>(keeper: Keeper<U, C>): Promise<Result<SignedIn<U, C>>> {
  const result = await keeper.transport.look();
  return result.ok ? accept(keeper, result.data) : refuse(keeper, result.error);
}

/** Presents the refresh token. Who had to wait for somebody else's turn asks what came of it instead. */
export function renew<U, C>(keeper: Keeper<U, C>): Promise<Result<Session<C>>> {
  const alone = (): Promise<Result<Session<C>>> => renewNow(keeper);
  const after = async (): Promise<Result<Session<C>>> => sessionOf(await lookNow(keeper));
  keeper.renewing ??= keeper.turns.take(alone, after).finally(() => {
    keeper.renewing = null;
  });
  return keeper.renewing;
}

async function renewNow<U, C>(keeper: Keeper<U, C>): Promise<Result<Session<C>>> {
  const result = await keeper.transport.renew();
  if (!result.ok) return refuse(keeper, result.error);
  const { data } = result;
  if (!isRecord(data) || !isSession<C>(data.session) || !isDuration(data.expires_in)) {
    return refuse(keeper, invalidResponse(200).error);
  }
  const { session, expires_in: expiresIn } = data;
  keeper.renewals += 1;
  schedule(keeper, expiresIn);
  const isKnown = keeper.state.session?.id === session.id;
  if (isKnown) dispatch(keeper, { type: "renewed", session });
  // The user of another session is not in the answer. Where nobody watches and nobody was shown, nobody misses them.
  else if (keeper.listeners.size > 0 || keeper.state.session !== null) await lookNow(keeper);
  keeper.tabs.tell({ id: session.id, expiresIn });
  return success(session);
}

/** Signs in, after whatever is under way: no late answer takes the place of what it starts. */
export function signIn<U, C>(
  keeper: Keeper<U, C>,
  path: string,
  body: object,
): Promise<Result<SignedIn<U, C>>> {
  const go = async (): Promise<Result<SignedIn<U, C>>> => {
    const result = await keeper.transport.signIn(path, body);
    return result.ok ? accept(keeper, result.data) : result;
  };
  return keeper.turns.take(go, go);
}

/** Signs out, after whatever is under way, here and in the other tabs. */
export function signOut<U, C>(keeper: Keeper<U, C>, scope: SignOutScope): Promise<Result<null>> {
  const go = async (): Promise<Result<null>> => {
    const result = await keeper.transport.signOut(scope);
    if (isOver(result, scope)) forget(keeper);
    return result.ok ? success(null) : result;
  };
  return keeper.turns.take(go, go);
}

function forget<U, C>(keeper: Keeper<U, C>): void {
  keeper.tabs.tell({ id: keeper.state.session?.id ?? null, expiresIn: null });
  end(keeper);
}

function accept<U, C>(keeper: Keeper<U, C>, answer: unknown): Result<SignedIn<U, C>> {
  if (!isSignedIn<U, C>(answer)) return refuse(keeper, invalidResponse(200).error);
  const { user, session, expires_in: expiresIn } = answer;
  const isNews = keeper.state.session?.id !== session.id;
  keeper.renewals += 1;
  schedule(keeper, expiresIn);
  dispatch(keeper, { type: "found", user, session });
  if (isNews) keeper.tabs.tell({ id: session.id, expiresIn });
  return success({ user, session });
}

function refuse<U, C>(keeper: Keeper<U, C>, error: ClientError): Failure {
  if (isFinal(error)) end(keeper);
  else {
    keeper.failures += 1;
    dispatch(keeper, { type: "failed", error });
    if (isPassing(error)) keeper.alarm.set(pauseAfter(keeper.failures, keeper.env.random()));
  }
  return { ok: false, error };
}

function end<U, C>(keeper: Keeper<U, C>): void {
  keeper.failures = 0;
  keeper.expiresAt = Number.POSITIVE_INFINITY;
  keeper.alarm.clear();
  dispatch(keeper, { type: "ended" });
}

function schedule<U, C>(keeper: Keeper<U, C>, expiresIn: number): void {
  const { env } = keeper;
  keeper.failures = 0;
  keeper.answeredAt = env.now();
  keeper.expiresAt = env.now() + expiresIn * 1_000;
  keeper.alarm.set(renewAfter(expiresIn, env.random()));
}

function dispatch<U, C>(keeper: Keeper<U, C>, event: SessionEvent<U, C>): void {
  const next = reduce(keeper.state, event);
  if (next === keeper.state) return;
  keeper.state = next;
  for (const listen of [...keeper.listeners]) listen(next);
}

function sessionOf<U, C>(result: Result<SignedIn<U, C>>): Result<Session<C>> {
  return result.ok ? success(result.data.session) : result;
}

function isSignedIn<U, C>(value: unknown): value is SignedIn<U, C> & { readonly expires_in: number } {
  return isRecord(value) && isRecord(value.user) && isSession(value.session) && isDuration(value.expires_in);
}
