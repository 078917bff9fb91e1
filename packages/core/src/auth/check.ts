import type { Keys } from "../keys/keys.ts";
import { toBase64url } from "../platform/encoding.ts";
import { now, withTimeout } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import { mintSessionId } from "../sessions/refresh-token.ts";
import type { SessionId } from "../sessions/session.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import { hashOneTimeToken } from "../users/one-time-token.ts";
import type { CheckedPart, CheckProblem, CheckResult } from "./auth.ts";
import type { CheckedOptions } from "./config.ts";

type CalledPart = Exclude<CheckedPart, "options" | "keys">;

/** Does what `auth.check` does. The store is called without its guard, so that a problem keeps the error of the driver. */
export async function checkDeployment(options: CheckedOptions, keys: Keys): Promise<CheckResult> {
  const { storeTimeout } = options.config;
  const found = await Promise.all(
    [...storeCalls(options), ...mailCalls(options)].map(([part, call]) =>
      problemOf(part, () => withTimeout(call(), storeTimeout, () => lateError(part, storeTimeout))),
    ),
  );
  const ofCalls = found.filter((problem) => problem !== null);
  // Without the store of the keys, their check would only repeat its problem.
  const isUnknown = ofCalls.some(({ part }) => part === "store.keys");
  const ofKeys = isUnknown ? null : await problemOf("keys", () => keys.check());
  const problems = ofKeys === null ? ofCalls : [ofKeys, ...ofCalls];
  return problems.length === 0 ? { ok: true } : { ok: false, problems };
}

type PartCall = readonly [part: CalledPart, call: () => Promise<unknown>];

/** The calls for each part. None of them changes what the store holds: they ask for ids that it does not know. */
function storeCalls({ store, users, env }: CheckedOptions): readonly PartCall[] {
  const unknown = (): string => toBase64url(env.random(16));
  return [
    ["store", async () => store.check?.()],
    ["store.sessions", () => readSessions(store.sessions, mintSessionId(unknown(), env.random), now(env))],
    ["store.users", () => users.find({ email: `${unknown()}@latchkey.invalid` })],
    ["store.keys", () => store.keys.load()],
    ["store.tokens", () => store.tokens.redeem(hashOneTimeToken(unknown(), "check"), "check", now(env))],
    ["store.throttle", () => store.throttle.release([`check:${unknown()}`])],
  ];
}

function mailCalls({ mail }: CheckedOptions): readonly PartCall[] {
  const check = mail?.check;
  return check === undefined ? [] : [["mail", async () => check()]];
}

async function readSessions(sessions: SessionStore, unknownId: SessionId, at: EpochSeconds): Promise<void> {
  await sessions.get(unknownId, at);
  await sessions.endedSince(null, 1, at);
}

async function problemOf(part: CheckedPart, check: () => Promise<unknown>): Promise<CheckProblem | null> {
  try {
    await check();
    return null;
  } catch (error) {
    return { part, message: describeError(error), error };
  }
}

// The error of a refused connection to several addresses has no message of its own.
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` ${error.code}` : "";
  return error.message === "" ? `${error.name}${code}` : error.message;
}

function lateError(part: CalledPart, limit: Seconds): AuthError {
  const message = `${part} did not answer within storeTimeout, ${limit} seconds`;
  return new AuthError("store_unavailable", message);
}
