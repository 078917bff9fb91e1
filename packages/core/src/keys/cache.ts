import { type Env, endsWithRequest, now, shareRun } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";

/** How long a cache waits before it loads again. */
export interface CachePauses {
  /** After a load. */
  readonly loaded: Seconds;
  /** After a load that failed, or that did not have what was sought. */
  readonly missed: Seconds;
  /** After a load that failed while the cache was empty. */
  readonly empty: Seconds;
}

/** One value that is loaded at its first use, and again when it is too old or lacks what is sought. */
export interface RefreshingCache<T> {
  /** The value, loaded again first where it is older than `maxAge`. Where that fails, the old value. */
  get(maxAge: Seconds): Promise<T>;
  /** Finds something in the value, whatever its age; null where there is no value yet. An old value is loaded again in the background. */
  findKnown<Found>(maxAge: Seconds, find: (value: T) => Found | null): Found | null;
  /**
   * Finds something in the value, and loads it once more where it is missing, unless a pause holds. Fails as the load does,
   * and with `store_unavailable` where a pause holds and there is no value.
   */
  findOrLoad<Found>(find: (value: T) => Found | null): Promise<Found | null>;
  /** Replaces the value by one that this process makes, such as a changed one. Not shared with loads. */
  replace(make: () => Promise<T>): Promise<T>;
}

interface Kept<T> {
  readonly value: T;
  readonly at: EpochSeconds;
}

export interface CacheOptions<T> {
  readonly env: Env;
  readonly pauses: CachePauses;
  /** Fails where there is nothing to load; the cache then keeps its value. */
  readonly load: () => Promise<T>;
  /** Whether a value that was read before another one arrived may still replace it. Default never. */
  readonly supersedes?: (value: T, kept: T) => boolean;
}

/**
 * Makes a refreshing cache. Loads are shared, so that any number of callers cost one, except where work ends with its
 * request.
 */
export function refreshingCache<T>(options: CacheOptions<T>): RefreshingCache<T> {
  const { env, pauses } = options;
  const state: CacheState<T> = { kept: null, pause: null };
  const { run, isUnderWay } = shareRun(() => loadInto(state, options));
  const isFresh = ({ at }: Kept<T>, maxAge: Seconds): boolean => Math.abs(now(env) - at) <= maxAge;
  const isPaused = (): boolean =>
    state.pause !== null && Math.abs(now(env) - state.pause.from) < state.pause.length;

  return {
    replace: (make) => replaceKept(state, options, make),

    async get(maxAge) {
      const { kept } = state;
      if (kept === null) return run();
      return isFresh(kept, maxAge) || isPaused() ? kept.value : run().catch(() => kept.value);
    },

    findKnown(maxAge, find) {
      const { kept } = state;
      if (kept === null) return null;
      // A known value waits for no server, also not for one that hangs.
      if (!isFresh(kept, maxAge) && !isPaused()) run().catch(() => undefined);
      return find(kept.value);
    },

    async findOrLoad(find) {
      const known = state.kept === null ? null : find(state.kept.value);
      if (known !== null) return known;
      const isJoined = isUnderWay();
      if (!isJoined && isPaused()) {
        if (state.kept === null) throw new AuthError("store_unavailable");
        return null;
      }
      const found = find(await run());
      if (found !== null) return found;
      // A load under way may have begun before the thing existed.
      const again = isJoined && pauses.loaded === 0 ? find(await run()) : null;
      if (again === null) state.pause = { from: now(env), length: pauses.missed };
      return again;
    },
  };
}

interface CacheState<T> {
  kept: Kept<T> | null;
  pause: { readonly from: EpochSeconds; readonly length: Seconds } | null;
}

async function loadInto<T>(state: CacheState<T>, options: CacheOptions<T>): Promise<T> {
  const { env, pauses, load } = options;
  // The pause begins with the load, so that a load that hangs is part of it.
  const from = now(env);
  // Where loads are not shared, the pause keeps other requests from a load of their own.
  if (state.kept !== null && endsWithRequest()) state.pause = { from, length: pauses.missed };
  try {
    const value = await replaceKept(state, options, load);
    state.pause = { from, length: pauses.loaded };
    return value;
  } catch (error) {
    state.pause = { from, length: state.kept === null ? pauses.empty : pauses.missed };
    throw error;
  }
}

async function replaceKept<T>(
  state: CacheState<T>,
  { env, supersedes }: CacheOptions<T>,
  make: () => Promise<T>,
): Promise<T> {
  const before = state.kept;
  const value = await make();
  // What was read before a change, and arrives after it, must not undo the change.
  const isCurrent =
    state.kept === null || state.kept === before || supersedes?.(value, state.kept.value) === true;
  if (state.kept === null || isCurrent) state.kept = { value, at: now(env) };
  return state.kept.value;
}
