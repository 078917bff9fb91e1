import { openAlarm } from "./alarm.ts";
import type { Env } from "./env.ts";
import { end, type Keeper, type State, schedule } from "./keeper.ts";
import { look, renew } from "./refresh.ts";
import { heed, loading, type Message } from "./state.ts";
import { openTabs, openTurns } from "./tabs.ts";
import type { Transport } from "./transport.ts";

/** An answer older than this is asked for anew when the page is shown again, in milliseconds. */
const OLD = 60_000;

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
  // A look that is shared may have failed already, while the alarm slept.
  if (isOld) void look(keeper).then(alarm.arm);
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
