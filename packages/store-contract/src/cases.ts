import type { Store, UserStore } from "@latchkey/core/store";

/** The two functions that the contract needs of a test runner. vitest, node:test, bun:test and Deno's std have them. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** A store to check, and a function to close it after the check. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly close?: () => Promise<void>;
}

/** Makes an empty store that uses the caller's `now`, not its own clock. */
export type MakeStore = () => Promise<StoreUnderTest>;

/** The users of an application to check, and a function to close them after the check. */
export interface UsersUnderTest {
  readonly users: UserStore;
  readonly close?: () => Promise<void>;
}

/** Makes an empty store of users. */
export type MakeUsers = () => Promise<UsersUnderTest>;

/** The cases that every store must pass, by title. */
export type Cases = Readonly<Record<string, (store: Store) => Promise<void>>>;

/** Throws if two values of plain data differ. A missing member equals an undefined one. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected, "");
  if (found === null) return;
  throw new Error(`${what}${found.path}: expected ${show(found.expected)}, got ${show(found.actual)}`);
}

/** Throws if a promise is fulfilled. */
export async function rejects(promise: Promise<unknown>, what: string): Promise<void> {
  const kept = await promise.then(
    () => true,
    () => false,
  );
  if (kept) throw new Error(`${what}: expected an error`);
}

/** Narrows away null and undefined, or throws. */
export function requirePresent<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what}: expected something, got nothing`);
  return value;
}

interface Difference {
  readonly path: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

function difference(actual: unknown, expected: unknown, path: string): Difference | null {
  if (Object.is(actual, expected)) return null;
  const comparable =
    isObject(actual) && isObject(expected) && Array.isArray(actual) === Array.isArray(expected);
  if (!comparable) return { path, actual, expected };
  for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const found = difference(actual[key], expected[key], `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
