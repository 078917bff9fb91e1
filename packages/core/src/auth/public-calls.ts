import type { Report } from "../platform/faults.ts";

type Call = (...given: unknown[]) => Promise<unknown>;

/** Makes the functions that the application calls report their faults. Each still fails as before. */
export function reportedCalls(of: string, calls: object, report: Report): object {
  const entries: [string, Call][] = Object.entries(calls);
  const reported = entries.map(([name, call]) => [name, reportedCall(`${of}.${name}`, call, report)]);
  return Object.freeze(Object.fromEntries(reported));
}

function reportedCall(operation: string, call: Call, report: Report): Call {
  return async (...given) => {
    try {
      return await call(...given);
    } catch (error) {
      // A `TypeError` says that the call itself is wrong.
      if (!(error instanceof TypeError)) report(error, operation);
      throw error;
    }
  };
}
