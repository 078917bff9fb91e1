import { type Env, endsWithRequest, now, shareRun } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";

/** How long a cache waits before it loads again. */
export interface CachePauses {
  /** After a load. */
  readonly loaded: Seconds;
  /** After a load that failed, or without the requested item. */
  readonly missed: Seconds;
  /** After a load that failed while the cache was empty. */
  readonly empty: Seconds;
}

/** A value that is loaded at its first use, and again when it is too old or lacks a requested item. */
export interface RefreshingCache<T> {
  /** Returns the value. If it is older than `maxAge`, it is loaded again. If that fails, the old value is returned. */
  get(maxAge: Seconds): Promise<T>;
  /** Finds an item in a value of any age; null if there is no value yet. An old value is loaded again in the background. */
  findKnown<Found>(maxAge: Seconds, find: (value: T) => Found | null): Found | null;
  /**
   * Finds an item in the value. If it is missing, the value is loaded once more, except during a pause. Fails if the load
   * fails, and with `store_unavailable` during a pause without a value.
   */
  findOrLoad<Found>(find: (value: T) => Found | null): Promise<Found | null>;
  /** Returns the value if it is younger than `maxAge` at `at`, which is now; otherwise null. */
  fresh(maxAge: Seconds, at?: EpochSeconds): T | null;
  /** Loads the value. Fails if the load fails; the old value then stays. */
  load(): Promise<T>;
  isLoading(): boolean;
  /** Begins the pause after a load without the requested item. */
  pause(): void;
  isPaused(): boolean;
  /** Replaces the value by one that this process makes. It is not shared with loads. */
  replace(make: () => Promise<T>): Promise<T>;
}

interface Kept<T> {
  readonly value: T;
  readonly at: EpochSeconds;
}

export interface CacheOptions<T> {
  readonly env: Env;
  readonly pauses: CachePauses;
  /** Fails if there is nothing to load. The cache then keeps its value. */
  readonly load: () => Promise<T>;
  /** Hears of a load that failed while the value that is kept is used. */
  readonly failed?: (error: unknown) => void;
  /** Whether a value may replace a kept one that was set during its load. Default never. */
  readonly supersedes?: (value: T, kept: T) => boolean;
}

/**
 * Makes a refreshing cache. Concurrent callers share one load, except on platforms where work ends with its request.
 */
export function refreshingCache<T>(options: CacheOptions<T>): RefreshingCache<T> {
  const { env, pauses, failed = () => undefined } = options;
  const state: CacheState<T> = { kept: null, pause: null };
  const { run: load, isUnderWay } = shareRun(() => loadInto(state, options));
  const isPaused = (): boolean =>
    state.pause !== null && Math.abs(now(env) - state.pause.from) < state.pause.length;
  const pause = (): void => {
    state.pause = { from: now(env), length: pauses.missed, failed: false };
  };
  return {
    load,
    isLoading: isUnderWay,
    pause,
    isPaused,
    replace: (make) => replaceKept(state, options, make),
    fresh(maxAge, at = now(env)) {
      const { kept } = state;
      // If the clock was set back, the age is not known, so the value is not fresh.
      const age = kept === null ? -1 : at - kept.at;
      return kept !== null && age >= 0 && age < maxAge ? kept.value : null;
    },
    ...searches(state, env, {
      load,
      failed,
      isLoading: isUnderWay,
      pause,
      isPaused,
      repeats: pauses.loaded === 0,
    }),
  };
}

interface Loading<T> extends Pick<RefreshingCache<T>, "load" | "isLoading" | "pause" | "isPaused"> {
  readonly failed: (error: unknown) => void;
  /** Whether a load may follow another at once. */
  readonly repeats: boolean;
}

/** The operations that return an old value while a new one is loaded, or cannot be. */
function searches<T>(
  state: CacheState<T>,
  env: Env,
  { load, failed, isLoading, pause, isPaused, repeats }: Loading<T>,
): Pick<RefreshingCache<T>, "get" | "findKnown" | "findOrLoad"> {
  const isOld = ({ at }: Kept<T>, maxAge: Seconds): boolean => Math.abs(now(env) - at) > maxAge;
  // If loads are not shared, a pause keeps other requests from the same load.
  const claimLoad = (): void => {
    if (state.kept !== null && endsWithRequest()) pause();
  };
  return {
    async get(maxAge) {
      const { kept } = state;
      if (kept === null) return load();
      if (!isOld(kept, maxAge) || isPaused()) return kept.value;
      return load().catch((error: unknown) => {
        failed(error);
        return kept.value;
      });
    },

    findKnown(maxAge, find) {
      const { kept } = state;
      if (kept === null) return null;
      // A kept value is returned at once, even if the server does not respond.
      if (isOld(kept, maxAge) && !isPaused()) {
        claimLoad();
        load().catch(failed);
      }
      return find(kept.value);
    },

    async findOrLoad(find) {
      const known = state.kept === null ? null : find(state.kept.value);
      if (known !== null) return known;
      if (isPaused()) {
        // After a failed load, an unknown item is no answer.
        if (state.kept === null || state.pause?.failed === true) throw new AuthError("store_unavailable");
        return null;
      }
      claimLoad();
      const isJoined = isLoading();
      const found = find(await load());
      if (found !== null) return found;
      // The load in flight may predate the item, so load once more.
      const again = isJoined && repeats ? find(await load()) : null;
      if (again === null) pause();
      return again;
    },
  };
}

interface CacheState<T> {
  kept: Kept<T> | null;
  pause: { readonly from: EpochSeconds; readonly length: Seconds; readonly failed: boolean } | null;
}

async function loadInto<T>(state: CacheState<T>, options: CacheOptions<T>): Promise<T> {
  const { env, pauses, load } = options;
  // The pause begins with the load, so that it includes a load that hangs.
  const from = now(env);
  try {
    const value = await replaceKept(state, options, load);
    state.pause = { from, length: pauses.loaded, failed: false };
    return value;
  } catch (error) {
    state.pause = { from, length: state.kept === null ? pauses.empty : pauses.missed, failed: true };
    throw error;
  }
}

async function replaceKept<T>(
  state: CacheState<T>,
  { env, supersedes }: CacheOptions<T>,
  make: () => Promise<T>,
): Promise<T> {
  const before = state.kept;
  // The value is as old as its load: a slow answer is not fresher.
  const at = now(env);
  const value = await make();
  // A value that was read before a change must not undo the change.
  const isCurrent =
    state.kept === null || state.kept === before || supersedes?.(value, state.kept.value) === true;
  if (state.kept === null || isCurrent) state.kept = { value, at };
  return state.kept.value;
}
