import { badAnswer, kindOf } from "../platform/callback-answer.ts";
import { isRecord, own } from "../platform/encoding.ts";
import { withTimeout } from "../platform/env.ts";
import { AuthError, asFault, faultName } from "../platform/errors.ts";
import type { KeepOriginal } from "../platform/faults.ts";
import type { Seconds } from "../platform/time.ts";
import type { Emit } from "../sessions/events.ts";
import type { Store } from "../store.ts";
import type { TokenStore } from "../users/one-time-token.ts";
import type { UserStore } from "../users/user.ts";

type Guard = <T>(operation: string, expected: StoreAnswer, call: () => Promise<T>) => Promise<T>;

/** What a guard does besides calling the store. */
export interface GuardOptions {
  readonly timeout: Seconds;
  readonly emit: Emit;
  readonly keep: KeepOriginal;
}

function guard({ timeout, emit, keep }: GuardOptions): Guard {
  return async (operation, expected, call) => {
    try {
      // Called inside the try: a store that throws instead of rejecting fails the same way.
      const answer = await withTimeout(call(), timeout, () => lateError(operation, timeout));
      const fault = faultOfAnswer(answer, expected);
      if (fault !== null) throw badAnswer(operation, fault, expected.expected);
      return answer;
    } catch (error) {
      emit({ type: "store.failed", operation, error: faultName(error) });
      if (error instanceof AuthError) throw asFault(operation, error);
      const failure = new AuthError("store_unavailable", undefined, null, {
        operation,
        cause: outlineOf(error),
      });
      keep(failure, error);
      throw failure;
    }
  };
}

const DRIVER_CODE = /^[A-Z][A-Z0-9_]{1,31}$|^[0-9A-Z]{5}$/;

/** The name and the code of a driver's error, such as ECONNREFUSED, and nothing of its text. */
function outlineOf(error: unknown): Error {
  const outline = new Error(faultName(error));
  const code = isRecord(error) ? own(error, "code") : undefined;
  if (typeof code !== "string" || !DRIVER_CODE.test(code)) return outline;
  return Object.assign(outline, { code });
}

function lateError(operation: string, timeout: Seconds): AuthError {
  const cause = new Error(`${operation} did not answer within storeTimeout, ${timeout} seconds`);
  return new AuthError("store_unavailable", undefined, null, { operation, cause });
}

/**
 * Wraps a store so that every call ends within `timeout`, and every failure of the store is `store_unavailable`: one
 * code for what can be tried again, and nothing of the driver's own words. An answer that the contract does not know is
 * `internal_error`: to try again mends no store, and the limits that let pass while a store is down must not.
 */
export function guardStore(store: Store, users: UserStore, options: GuardOptions): Store {
  const run = guard(options);
  const { sessions, keys, tokens, throttle } = store;
  return {
    sessions: {
      users: sessions.users,
      create: (...args) => run("sessions.create", CREATED, () => sessions.create(...args)),
      get: (...args) => run("sessions.get", TIMED_ROW, () => sessions.get(...args)),
      rotate: (...args) => run("sessions.rotate", ROTATED, () => sessions.rotate(...args)),
      confirm: (...args) => run("sessions.confirm", FLAG, () => sessions.confirm(...args)),
      list: (...args) => run("sessions.list", ROWS, () => sessions.list(...args)),
      update: (...args) => run("sessions.update", ROW, () => sessions.update(...args)),
      end: (...args) => run("sessions.end", ENDED, () => sessions.end(...args)),
      endAll: (...args) => run("sessions.endAll", ALL_ENDED, () => sessions.endAll(...args)),
      prune: (...args) => run("sessions.prune", COUNT, () => sessions.prune(...args)),
      endedSince: (...args) => run("sessions.endedSince", PAGE, () => sessions.endedSince(...args)),
    },
    users: guardUsers(users, run),
    keys: {
      load: () => run("keys.load", DOCUMENT, () => keys.load()),
      save: (...args) => run("keys.save", FLAG, () => keys.save(...args)),
    },
    tokens: guardTokens(tokens, run),
    throttle: {
      hit: (...args) => run("throttle.hit", VERDICT, () => throttle.hit(...args)),
      release: (...args) => run("throttle.release", NOTHING, () => throttle.release(...args)),
    },
  };
}

function guardUsers(users: UserStore, run: Guard): UserStore {
  return {
    create: (...args) => run("users.create", MADE_USER, () => users.create(...args)),
    get: (...args) => run("users.get", USER, () => users.get(...args)),
    find: (...args) => run("users.find", USER, () => users.find(...args)),
    update: (...args) => run("users.update", USER, () => users.update(...args)),
    changeEmail: async (...args) => {
      requireOperation(users, "changeEmail");
      return run("users.changeEmail", USER_OR_TAKEN, () => users.changeEmail(...args));
    },
    ...(typeof users.list === "function" ? { list: guardList(users.list.bind(users), run) } : {}),
    delete: (...args) => run("users.delete", FLAG, () => users.delete(...args)),
    findByAccount: (...args) => run("users.findByAccount", USER, () => users.findByAccount(...args)),
    link: (...args) => run("users.link", FLAG, () => users.link(...args)),
    unlink: (...args) => run("users.unlink", FLAG, () => users.unlink(...args)),
    // Users of the application's own need no links where there are no providers.
    accounts: (...args) =>
      typeof users.accounts === "function"
        ? run("users.accounts", ACCOUNTS, () => users.accounts(...args))
        : Promise.resolve([]),
    keepTokens: (...args) => run("users.keepTokens", FLAG, () => users.keepTokens(...args)),
    keptTokens: (...args) => run("users.keptTokens", TEXT, () => users.keptTokens(...args)),
  };
}

function guardList(list: NonNullable<UserStore["list"]>, run: Guard): typeof list {
  return (...args) => run("users.list", USERS, () => list(...args));
}

/** Users of the application's own need few operations. Throws a `TypeError` for one that a call needs and that they lack. */
function requireOperation(users: UserStore, name: keyof UserStore): void {
  if (typeof users[name] === "function") return;
  throw new TypeError(`users has no ${name}: add it to your UserStore for this call`);
}

function guardTokens(tokens: TokenStore, run: Guard): TokenStore {
  return {
    put: (...args) => run("tokens.put", NOTHING, () => tokens.put(...args)),
    redeem: (hash, purpose, now) =>
      run("tokens.redeem", redeemed(hash, purpose), () => tokens.redeem(hash, purpose, now)),
    spend: (...args) => run("tokens.spend", FLAG, () => tokens.spend(...args)),
    revoke: (...args) => run("tokens.revoke", NOTHING, () => tokens.revoke(...args)),
    fillSlot: (...args) => run("tokens.fillSlot", NOTHING, () => tokens.fillSlot(...args)),
    readSlot: (slot, now) => run("tokens.readSlot", slotToken(slot), () => tokens.readSlot(slot, now)),
    redeemSlot: (slot, secret, now) =>
      run("tokens.redeemSlot", slotToken(slot, secret), () => tokens.redeemSlot(slot, secret, now)),
    prune: (...args) => run("tokens.prune", COUNT, () => tokens.prune(...args)),
  };
}

type Members = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/** What an operation of a store may answer, and how the message of a fault says so. */
interface StoreAnswer {
  readonly isSound: Check;
  readonly expected: string;
}

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number" && !Number.isNaN(value);
const isFlag: Check = (value) => typeof value === "boolean";
const isNull: Check = (value) => value === null;
const either =
  (one: Check, other: Check): Check =>
  (value) =>
    one(value) || other(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** A record whose named members are sound: those that a decision is taken by. A prototype's count for nothing. */
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(memberOf(value, name)));

const isTime = either(isNull, isNumber);
const isRow = record({
  id: isText,
  userId: isText,
  generation: isNumber,
  expiresAt: isTime,
  absoluteExpiresAt: isTime,
  endedAt: isTime,
});
const isUser = record({
  id: isText,
  email: either(isNull, isText),
  emailVerified: isFlag,
  passwordHash: either(isNull, isText),
  credentialsVersion: isNumber,
  disabledAt: isTime,
});
const isTimedRow = record({ row: isRow, now: isNumber });
const isRotatedRow = record({ row: isRow, now: isNumber, refused: isFlag });
const isFeedEntry = either(
  record({
    kind: (value) => value === "ended" || value === "stale",
    sessionId: isText,
    at: isNumber,
    until: isNumber,
  }),
  record({ kind: (value) => value === "user", userId: isText, at: isNumber, until: isNumber }),
);
const isEnded = record({ id: isText, userId: isText, reason: isText });

const answer = (isSound: Check, expected: string): StoreAnswer => ({ isSound, expected });

const FLAG: StoreAnswer = answer(isFlag, "true or false");
const MADE_USER: StoreAnswer = answer(
  either(isFlag, (value) => typeof value === "string" && value !== ""),
  "true, false or the id of the row as a text",
);
const COUNT: StoreAnswer = answer(isNumber, "a number");
const NOTHING: StoreAnswer = answer(() => true, "");
const ROW: StoreAnswer = answer(either(isNull, isRow), "a SessionRow or null");
const ROWS: StoreAnswer = answer(listOf(isRow), "a list of SessionRow");
const TIMED_ROW: StoreAnswer = answer(either(isNull, isTimedRow), "a TimedRow or null");
const ROTATED: StoreAnswer = answer(either(isNull, isRotatedRow), "a RotatedRow or null");
const ENDED: StoreAnswer = answer(either(isNull, isEnded), "an EndedSession or null");
const ALL_ENDED: StoreAnswer = answer(listOf(isEnded), "a list of EndedSession");
const CREATED: StoreAnswer = answer(either(isNull, record({ ended: listOf(isEnded) })), "{ ended } or null");
const PAGE: StoreAnswer = answer(
  record({ entries: listOf(isFeedEntry), cursor: isText, more: isFlag }),
  "a FeedPage",
);
const USER: StoreAnswer = answer(either(isNull, isUser), "a User or null");
const USERS: StoreAnswer = answer(listOf(isUser), "a list of User");
const USER_OR_TAKEN: StoreAnswer = answer(
  either((value) => value === "taken" || value === null, isUser),
  'a User, "taken" or null',
);
const ACCOUNTS: StoreAnswer = answer(
  listOf(record({ provider: isText, subject: isText })),
  "a list of LinkedAccount",
);
const TEXT: StoreAnswer = answer(either(isNull, isText), "a string or null");
const DOCUMENT: StoreAnswer = answer(
  either(isNull, record({ version: isNumber, document: isText })),
  "{ version, document } or null",
);
const VERDICT: StoreAnswer = answer(
  either(
    record({ allowed: (value) => value === true }),
    record({ allowed: (value) => value === false, retryAfter: isNumber, index: isNumber }),
  ),
  "{ allowed: true } or { allowed: false, retryAfter, index }",
);

/** A redeemed token is the one that was asked for: what is merely not null redeems nothing. */
function redeemed(hash: string, purpose: string): StoreAnswer {
  const isAsked = record({
    hash: (value) => value === hash,
    purpose: (value) => value === purpose,
    data: isRecord,
  });
  return answer(either(isNull, isAsked), "the OneTimeToken or null");
}

/** A token of the slot that was asked for; with `secret`, the one that this secret redeems. */
function slotToken(slot: string, secret: string | null = null): StoreAnswer {
  const isAsked = record({
    slot: (value) => value === slot,
    secret: (value) => (secret === null ? isText(value) : value === secret),
    purpose: isText,
    tries: either(isNull, isNumber),
    userId: either(isNull, isText),
    data: isRecord,
    expiresAt: isNumber,
  });
  return answer(either(isNull, isAsked), "the SlotToken or null");
}

/** Says what a store answered where it is no answer; null where it is one. */
function faultOfAnswer(value: unknown, { isSound }: StoreAnswer): string | null {
  if (isSound(value)) return null;
  return isRecord(value) ? "an object without the members that it needs" : kindOf(value);
}

function memberOf(value: Members, name: string): unknown {
  return name in Object.prototype ? own(value, name) : value[name];
}
