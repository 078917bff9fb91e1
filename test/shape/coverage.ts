import { Session } from "node:inspector/promises";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT: string = new URL("../..", import.meta.url).href;

/** Tells which sources of the packages run during a call. */
export interface Recorder {
  record(work: () => Promise<unknown>): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts the precise coverage of V8, which counts the calls of every function. */
export async function openRecorder(): Promise<Recorder> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return {
    async record(work) {
      // Work that an earlier call left behind must not be counted for this one.
      await setImmediate();
      await session.post("Profiler.takePreciseCoverage");
      await work();
      const { result } = await session.post("Profiler.takePreciseCoverage");
      const ran = result.filter(({ functions }) =>
        functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0),
      );
      return ran
        .map(({ url }) => pathOf(url))
        .filter((path) => /^packages\/[^/]+\/src\//.test(path))
        .sort();
    },
    async close() {
      await session.post("Profiler.stopPreciseCoverage");
      session.disconnect();
    },
  };
}

/** The path of a script below the root of the repository; "" for any other. */
export function pathOf(url: string): string {
  return url.startsWith(ROOT) ? fileURLToPath(url).slice(fileURLToPath(ROOT).length) : "";
}
