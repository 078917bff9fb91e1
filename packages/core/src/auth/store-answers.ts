import { kindOf } from "../platform/callback-answer.ts";
import { isRecord, own } from "../platform/encoding.ts";

type Members = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/** What an operation of a store may answer, and how the message of a fault says so. */
export interface StoreAnswer {
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
const isEnded = record({ id: isText, userId: isText, reason: isText });

const answer = (isSound: Check, expected: string): StoreAnswer => ({ isSound, expected });

export const FLAG: StoreAnswer = answer(isFlag, "true or false");
export const COUNT: StoreAnswer = answer(isNumber, "a number");
export const NOTHING: StoreAnswer = answer(() => true, "");
export const ROW: StoreAnswer = answer(either(isNull, isRow), "a SessionRow or null");
export const ROWS: StoreAnswer = answer(listOf(isRow), "a list of SessionRow");
export const TIMED_ROW: StoreAnswer = answer(either(isNull, isTimedRow), "a TimedRow or null");
export const ROTATED: StoreAnswer = answer(either(isNull, isRotatedRow), "a RotatedRow or null");
export const ENDED: StoreAnswer = answer(either(isNull, isEnded), "an EndedSession or null");
export const ALL_ENDED: StoreAnswer = answer(listOf(isEnded), "a list of EndedSession");
export const CREATED: StoreAnswer = answer(
  either(isNull, record({ ended: listOf(isEnded) })),
  "{ ended } or null",
);
export const USER: StoreAnswer = answer(either(isNull, isUser), "a User or null");
export const ACCOUNTS: StoreAnswer = answer(
  listOf(record({ provider: isText, subject: isText })),
  "a list of LinkedAccount",
);
export const TEXT: StoreAnswer = answer(either(isNull, isText), "a string or null");
export const DOCUMENT: StoreAnswer = answer(
  either(isNull, record({ version: isNumber, document: isText })),
  "{ version, document } or null",
);
export const VERDICT: StoreAnswer = answer(
  either(
    record({ allowed: (value) => value === true }),
    record({ allowed: (value) => value === false, retryAfter: isNumber }),
  ),
  "{ allowed: true } or { allowed: false, retryAfter }",
);

/** A redeemed token is the one that was asked for: what is merely not null redeems nothing. */
export function redeemed(hash: string, purpose: string): StoreAnswer {
  const isAsked = record({
    hash: (value) => value === hash,
    purpose: (value) => value === purpose,
    data: isRecord,
  });
  return answer(either(isNull, isAsked), "the OneTimeToken or null");
}

/** Says what a store answered where it is no answer; null where it is one. */
export function faultOfAnswer(value: unknown, { isSound }: StoreAnswer): string | null {
  if (isSound(value)) return null;
  return isRecord(value) ? "an object without the members that it needs" : kindOf(value);
}

function memberOf(value: Members, name: string): unknown {
  return name in Object.prototype ? own(value, name) : value[name];
}
