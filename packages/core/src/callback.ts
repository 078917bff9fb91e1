import { AuthError } from "./errors.ts";

type Members = Readonly<Record<string, unknown>>;

/** What a hook answered. */
export type HookVerdict =
  | { readonly kind: "accept" }
  | { readonly kind: "refuse" }
  | { readonly kind: "replace"; readonly members: Members };

/**
 * Reads the answer of a hook: `undefined` accepts, `false` refuses, a plain object replaces the `known` members that it
 * has. Any other answer is a fault of the application, because a value that was not meant as an answer must not let a
 * request in. Fails with `internal_error`, in words that name the hook.
 */
export function readHookAnswer(hook: string, answer: unknown, known: readonly string[]): HookVerdict {
  if (answer === undefined) return { kind: "accept" };
  if (answer === false) return { kind: "refuse" };
  const expected = `undefined, false or an object of ${known.join(" and ")}`;
  const members = requirePlainObject(hook, answer, expected);
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrongResult(hook, `an object with the member ${unknown}`, expected);
  return { kind: "replace", members };
}

/** Returns the result of a callback where it is a plain object of any realm. Fails with `internal_error`. */
export function requirePlainObject(callback: string, value: unknown, expected = "a plain object"): Members {
  if (isPlainObject(value) && !isThenable(value)) return value;
  throw wrongResult(callback, describe(value), expected);
}

/** Returns the result of a callback where it is an object to be written as JSON. Fails with `internal_error`. */
export function requireObject(callback: string, value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isThenable(value))
    return value;
  throw wrongResult(callback, describe(value), "an object");
}

/** Returns the result of a callback where it is exactly `true` or `false`. Fails with `internal_error`. */
export function requireBoolean(callback: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrongResult(callback, describe(value), "true or false");
}

/** Returns the result of a callback where it is a string and not empty. Fails with `internal_error`. */
export function requireText(callback: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrongResult(callback, describe(value), "a string that is not empty");
}

/** Returns the result of a callback where it is a string; null and `undefined` are null. Fails with `internal_error`. */
export function requireTextOrNull(callback: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  throw wrongResult(callback, describe(value), "a string or null");
}

/** The error for a callback of the application that returned what it may not. It tells the kind of the value alone. */
export function wrongResult(callback: string, found: string, expected: string): AuthError {
  return new AuthError("internal_error", `${callback} returned ${found}: return ${expected}`);
}

/** Names the kind of a value, never the value. A promise that is named is handled: its rejection stops no process. */
export function describe(value: unknown): string {
  if (isThenable(value)) {
    if (Object.prototype.toString.call(value) === "[object Promise]") value.then(undefined, () => undefined);
    return "a promise or a query that was not awaited";
  }
  if (value === null || typeof value === "undefined" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return isPlainObject(value) ? "an object" : "an instance of a class";
  return `a ${typeof value}`;
}

/** Whether `await` would call a method of the value: a promise of any realm, or a query builder. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "then" in value && typeof value.then === "function";
}

// The prototype of a plain object of another realm is not ours, but it is the end of a chain as well.
function isPlainObject(value: unknown): value is Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
