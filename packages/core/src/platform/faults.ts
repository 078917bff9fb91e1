import { withRejectionsIgnored } from "./env.ts";
import { AuthError, isFault } from "./errors.ts";

/** Where an error happened. */
export interface ErrorContext {
  /** Such as `sessions.rotate` for a store, `hooks.signedIn` for a callback, or `POST /login`. */
  readonly operation: string;
  /** The `x-request-id` of the request, or a random one; null outside of a request. */
  readonly requestId: string | null;
}

/** Hears of every fault of the server, with the original error. */
export type OnError = (error: unknown, context: ErrorContext) => unknown;

/** Reports a fault. `operation` is for an error that does not name its own. */
export type Report = (error: unknown, operation?: string) => void;

/** Reports a fault with its context, which is read only for a fault that was not reported before. */
export type Reporter = (error: unknown, contextOf: () => ErrorContext) => void;

/** Keeps what a store threw beside the error that callers get: a driver may put the values of a statement into its error. */
export type KeepOriginal = (error: AuthError, original: unknown) => void;

/** Where faults go. */
export interface FaultLog {
  readonly report: Reporter;
  readonly keep: KeepOriginal;
}

/** Makes a log. It reports each fault once, and no refusal. An error of `onError` does not affect the request. */
export function faultLog(onError: OnError): FaultLog {
  const reported = new WeakSet<AuthError>();
  const originals = new WeakMap<AuthError, { readonly thrown: unknown }>();
  const originalOf = (error: AuthError): unknown => {
    const kept = originals.get(error);
    if (kept !== undefined) return kept.thrown;
    return "cause" in error ? error.cause : error;
  };
  return {
    keep: (error, thrown) => void originals.set(error, { thrown }),
    report(error, contextOf) {
      const isOwn = error instanceof AuthError;
      if (isOwn && (!isFault(error) || reported.has(error))) return;
      if (isOwn) reported.add(error);
      try {
        withRejectionsIgnored(onError(isOwn ? originalOf(error) : error, withOperation(error, contextOf())));
      } catch {
        // An error of the sink must not fail the request.
      }
    },
  };
}

function withOperation(error: unknown, context: ErrorContext): ErrorContext {
  const operation = error instanceof AuthError ? error.operation : null;
  return operation === null ? context : { ...context, operation };
}

/**
 * Makes the function that passes a line to `tell`, once for each key and minute: a client can provoke any number of failures.
 * The minute is counted from any fixed time.
 */
export function failureReporter(
  tell: (line: string) => void,
): (minute: number, key: string, line: string) => void {
  const told = new Set<string>();
  let current = -1;
  return (minute, key, line) => {
    if (minute !== current) told.clear();
    current = minute;
    if (told.has(key)) return;
    told.add(key);
    tell(line);
  };
}
