import { withRejectionsIgnored } from "./env.ts";
import { AuthError, asFault } from "./errors.ts";

type Members = Readonly<Record<string, unknown>>;

/** The classified result of a hook of the application. */
export type HookResult =
  | { readonly kind: "nothing" }
  | { readonly kind: "refuse" }
  | { readonly kind: "replace"; readonly members: Members }
  /** `returned` describes the kind of the value, never its content. */
  | { readonly kind: "fault"; readonly returned: string };

/**
 * Classifies the result of a hook. Only undefined, false and a plain object of the known members are valid. Otherwise a
 * query that is not awaited would accept every request.
 */
export function classifyHookResult(answer: unknown, known: readonly string[]): HookResult {
  if (answer === undefined) return { kind: "nothing" };
  if (answer === false) return { kind: "refuse" };
  if (!isPlain(answer)) return { kind: "fault", returned: kindOf(answer) };
  if (Reflect.ownKeys(answer).some((name) => typeof name === "symbol" || !known.includes(name))) {
    return { kind: "fault", returned: `an object with members besides ${known.join(" and ")}` };
  }
  for (const name of known) {
    const fault = answer[name] === undefined ? null : faultOfObject(answer[name]);
    if (fault !== null) return { kind: "fault", returned: `an object whose ${name} is ${fault}` };
  }
  return { kind: "replace", members: answer };
}

/** Describes the fault of a value that must be a plain object without promises; null if it is valid. */
export function faultOfPlain(value: unknown): string | null {
  return isPlain(value) ? faultOfObject(value) : kindOf(value);
}

/** Like `faultOfPlain`, for an object of any class. */
export function faultOfObject(value: unknown): string | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || isThenable(value)) return kindOf(value);
  return Object.values(value).some(isThenable) ? "an object that holds a promise" : null;
}

/** Calls a synchronous callback of the application. */
export function callNow(operation: string, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    throw asFault(operation, error);
  }
}

/** Calls a callback of the application, and waits for its result. */
export async function callAndWait(operation: string, call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    throw asFault(operation, error);
  }
}

/** Makes the error for an invalid result of a callback. It names the callback and the expected result. */
export function badAnswer(callback: string, returned: string, expected: string): AuthError {
  const message = `${callback} returned ${returned}: return ${expected}`;
  return new AuthError("internal_error", message, null, { operation: callback });
}

/** Throws if a synchronous callback did not return a plain object. */
export function requirePlain(callback: string, value: unknown, expected: string): void {
  const fault = faultOfPlain(withRejectionsIgnored(value));
  if (fault !== null) throw badAnswer(callback, fault, expected);
}

/** Like `requirePlain`, for an object of any class. */
export function requireObject(callback: string, value: unknown, expected: string): void {
  const fault = faultOfObject(withRejectionsIgnored(value));
  if (fault !== null) throw badAnswer(callback, fault, expected);
}

/** Throws if a callback did not return a boolean. */
export function requireFlag(callback: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean")
    throw badAnswer(callback, kindOf(withRejectionsIgnored(value)), "true or false");
}

/** Describes the kind of a value, never the value itself. */
export function kindOf(value: unknown): string {
  if (isThenable(value)) return "a promise";
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return isPlain(value) ? "an object" : "an object of a class";
  return `a ${typeof value}`;
}

/** Tests for `then`: queries of Prisma, Kysely, Knex and Drizzle, and promises of another realm, are not `Promise` instances. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "then" in value && typeof value.then === "function";
}

function isPlain(value: unknown): value is Members {
  if (typeof value !== "object" || value === null || isThenable(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  // An Object.prototype of any realm has no prototype. `hasOwnProperty` distinguishes it from Object.create(null).
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}
