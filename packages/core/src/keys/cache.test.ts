import { afterEach, describe, expect, it, vi } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { type CachePauses, type RefreshingCache, refreshingCache } from "./cache.ts";

const PAUSES: CachePauses = { loaded: 0, missed: 1, empty: 0 };

interface Opened {
  readonly cache: RefreshingCache<string>;
  readonly loads: () => number;
  pass(seconds: number): void;
  /** What the next loads return; null makes them fail. */
  serve(value: string | null): void;
}

function open(supersedes = (): boolean => false): Opened {
  let time = 1_900_000_000_000;
  let served: string | null = "first";
  let count = 0;
  const load = async (): Promise<string> => {
    count += 1;
    const value = served;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (value === null) throw new Error("down");
    return value;
  };
  const cache = refreshingCache({
    env: { ...platformEnv, clock: () => time },
    pauses: PAUSES,
    load,
    supersedes,
  });
  return {
    cache,
    loads: () => count,
    pass: (seconds) => {
      time += seconds * 1_000;
    },
    serve: (value) => {
      served = value;
    },
  };
}

const find = (wanted: string) => (value: string) => (value === wanted ? value : null);

describe("a refreshing cache", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("loads once for a series of requests for missing items", async () => {
    const { cache, loads } = open();
    await cache.get(60);
    for (let n = 0; n < 50; n++) {
      const joined = [cache.findOrLoad(find("x")), cache.findOrLoad(find("y"))];
      expect(await Promise.all(joined)).toEqual([null, null]);
    }
    // The first load, one for the missing item, and one for the call that joined it.
    expect(loads()).toBeLessThanOrEqual(3);
  });

  it("reports a failure for a missing item after a failed load, because the item may exist", async () => {
    const { cache, serve, pass } = open();
    await cache.get(60);
    serve(null);
    await expect(cache.findOrLoad(find("second"))).rejects.toThrow("down");
    await expect(cache.findOrLoad(find("second"))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await cache.findOrLoad(find("first"))).toBe("first");
    serve("second");
    pass(2);
    expect(await cache.findOrLoad(find("second"))).toBe("second");
  });

  it("returns no outdated value to parallel callers where requests share no load", async () => {
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    const { cache, serve, pass } = open();
    await cache.get(60);
    serve("second");
    pass(61);
    const values = await Promise.all(Array.from({ length: 5 }, () => cache.get(60)));
    expect(values).toEqual(["second", "second", "second", "second", "second"]);
  });

  it("loads once for parallel callers where requests share no load", async () => {
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    const { cache, loads } = open();
    await cache.get(60);
    const found = await Promise.all(Array.from({ length: 5 }, () => cache.findOrLoad(find("x"))));
    expect(found).toEqual([null, null, null, null, null]);
    expect(loads()).toBe(2);
  });

  it("keeps a value that was set during a load, unless the loaded value supersedes it", async () => {
    for (const [supersedes, kept] of [
      [() => false, "changed"],
      [() => true, "first"],
    ] as const) {
      const { cache, pass } = open(supersedes);
      await cache.get(60);
      pass(61);
      const loading = cache.get(60);
      await cache.replace(async () => "changed");
      expect(await loading).toBe(kept);
      expect(await cache.get(60)).toBe(kept);
    }
  });

  it("answers with its old value if a reload fails", async () => {
    const { cache, serve, pass } = open();
    await cache.get(60);
    serve(null);
    pass(61);
    expect(await cache.get(60)).toBe("first");
  });

  it("loads once while its value is fresh, also for simultaneous calls", async () => {
    const { cache, loads, pass, serve } = open();
    expect(cache.fresh(60)).toBeNull();
    expect(await Promise.all([cache.load(), cache.load()])).toEqual(["first", "first"]);
    pass(59);
    expect(cache.fresh(60)).toBe("first");
    expect(loads()).toBe(1);
    serve("second");
    pass(1);
    expect(cache.fresh(60)).toBeNull();
    expect(await cache.load()).toBe("second");
  });

  it("has no fresh value for a clock that was set back", async () => {
    const { cache, pass } = open();
    await cache.load();
    pass(-1);
    expect(cache.fresh(60)).toBeNull();
  });

  it("throws if a load is requested and fails, and keeps its value", async () => {
    const { cache, serve } = open();
    await cache.load();
    serve(null);
    await expect(cache.load()).rejects.toThrow("down");
    expect(cache.fresh(60)).toBe("first");
    serve("second");
    expect(await cache.load()).toBe("second");
  });

  it("reports that a load is in progress", async () => {
    const { cache } = open();
    const loading = cache.load();
    expect(cache.isLoading()).toBe(true);
    await loading;
    expect(cache.isLoading()).toBe(false);
  });

  it("is paused from pause() until the pause for missing items has passed", async () => {
    const { cache, pass } = open();
    await cache.load();
    expect(cache.isPaused()).toBe(false);
    cache.pause();
    expect(cache.isPaused()).toBe(true);
    pass(1);
    expect(cache.isPaused()).toBe(false);
  });

  it("counts the age of a value from the start of its load", async () => {
    const { cache, pass } = open();
    const loading = cache.load();
    pass(9);
    await loading;
    pass(50);
    expect(cache.fresh(60)).toBe("first");
    pass(1);
    expect(cache.fresh(60)).toBeNull();
  });
});
