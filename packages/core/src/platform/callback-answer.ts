import { AuthError } from "./errors.ts";

type Members = Readonly<Record<string, unknown>>;

/** What a hook of the application answered. */
export type HookVerdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "refuse" }
  | { readonly kind: "replace"; readonly members: Members }
  /** `returned` says what it was, never what it held. */
  | { readonly kind: "fault"; readonly returned: string };

/**
 * Judges what a hook returned: undefined, false, and a plain object of the known members are answers. All else is a
 * fault, or a query that was not awaited would let every request in.
 */
export function judgeHook(answer: unknown, known: readonly string[]): HookVerdict {
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

/** Says what is wrong with a value that must be a plain object without promises; null where nothing is. */
export function faultOfPlain(value: unknown): string | null {
  return isPlain(value) ? faultOfObject(value) : kindOf(value);
}

/** The same for an object of any class. */
export function faultOfObject(value: unknown): string | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || isThenable(value)) return kindOf(value);
  return Object.values(value).some(isThenable) ? "an object that holds a promise" : null;
}

/** The fault of a callback: it names the callback and says what to return. */
export function badAnswer(callback: string, returned: string, expected: string): AuthError {
  return new AuthError("internal_error", `${callback} returned ${returned}: return ${expected}`);
}

/** Throws where a synchronous callback returned no plain object. */
export function requirePlain(callback: string, value: unknown, expected: string): void {
  const fault = faultOfPlain(ignored(value));
  if (fault !== null) throw badAnswer(callback, fault, expected);
}

/** The same for an object of any class. */
export function requireObject(callback: string, value: unknown, expected: string): void {
  const fault = faultOfObject(ignored(value));
  if (fault !== null) throw badAnswer(callback, fault, expected);
}

/** Throws where a callback returned something else than a boolean. */
export function requireFlag(callback: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw badAnswer(callback, kindOf(ignored(value)), "true or false");
}

/** Returns a value as it is, and handles the rejections of promises in it, which are not waited for. It runs no query. */
export function ignored(value: unknown): unknown {
  ignoreRejection(value);
  if (typeof value === "object" && value !== null)
    for (const member of Object.values(value)) ignoreRejection(member);
  return value;
}

// A query builder runs by its `then`. A promise runs already, and has this tag in every realm.
function ignoreRejection(value: unknown): void {
  const isPromise = Object.prototype.toString.call(value) === "[object Promise]";
  try {
    if (isPromise && isThenable(value)) value.then(noop, noop);
  } catch {
    // A promise that cannot be asked has no answer either.
  }
}

/** The kind of a value in words; never the value. */
export function kindOf(value: unknown): string {
  if (isThenable(value)) return "a promise";
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return isPlain(value) ? "an object" : "an object of a class";
  return `a ${typeof value}`;
}

/** Queries of Prisma, Kysely, Knex and Drizzle are no `Promise`, and neither is a promise of another realm. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "then" in value && typeof value.then === "function";
}

function isPlain(value: unknown): value is Members {
  if (typeof value !== "object" || value === null || isThenable(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  // The Object.prototype of any realm ends its chain, and is no mere object without prototype.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

function noop(): void {
  // Nothing is left to do.
}
