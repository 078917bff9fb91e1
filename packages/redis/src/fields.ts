import type { StoredMembers } from "@latchkey/core/store";

/** Reads the fields of one hash; throws on the first invalid value. The error names the field and never its value. */
export interface Fields extends StoredMembers {
  flag(field: string): boolean;
}

/** A hash as text, from the flat list of an HGETALL; null if it is empty. */
export function fieldsOf(kind: string, reply: unknown): Fields | null {
  const flat = texts(kind, reply);
  if (flat.length === 0) return null;
  const values = new Map(
    flat.flatMap((field, n) => (n % 2 === 0 ? [[field, flat[n + 1] ?? ""] as const] : [])),
  );
  const corrupt = (field: string): Error => new Error(`redis: ${kind}.${field} holds an invalid value`);

  const text = (field: string): string => {
    const value = values.get(field);
    if (value === undefined) throw corrupt(field);
    return value;
  };
  const integer = (field: string): number => {
    const value = Number(text(field));
    if (!Number.isSafeInteger(value) || String(value) !== text(field)) throw corrupt(field);
    return value;
  };
  const oneOf = <const T extends string>(field: string, allowed: readonly T[]): T => {
    const found = allowed.find((value) => value === values.get(field));
    if (found === undefined) throw corrupt(field);
    return found;
  };
  return {
    text,
    integer,
    oneOf,
    textOrNull: (field) => values.get(field) ?? null,
    integerOrNull: (field) => (values.has(field) ? integer(field) : null),
    oneOfOrNull: (field, allowed) => (values.has(field) ? oneOf(field, allowed) : null),
    flag: (field) => oneOf(field, ["0", "1"]) === "1",
    json: (field, guard) => {
      const value = parse(text(field));
      if (!guard(value)) throw corrupt(field);
      return value;
    },
  };
}

/** Narrows a reply to a list. */
export function list(kind: string, reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error(`redis: the reply for ${kind} is not a list`);
  return reply;
}

/** Narrows a reply to a text. */
export function text(kind: string, reply: unknown): string {
  if (typeof reply !== "string") {
    throw new Error(`redis: the reply for ${kind} is not text; configure the client to return strings`);
  }
  return reply;
}

/** Narrows a reply to a list of texts. */
export function texts(kind: string, reply: unknown): readonly string[] {
  const isTexts = (value: readonly unknown[]): value is readonly string[] =>
    value.every((item) => typeof item === "string");
  const found = list(kind, reply);
  if (!isTexts(found))
    throw new Error(`redis: the reply for ${kind} is not text; configure the client to return strings`);
  return found;
}

/** Narrows a reply to a list of numbers. */
export function numbers(kind: string, reply: unknown): readonly number[] {
  const isNumbers = (value: readonly unknown[]): value is readonly number[] =>
    value.length > 0 && value.every((item) => typeof item === "number");
  const found = list(kind, reply);
  if (!isNumbers(found)) throw new Error(`redis: the reply for ${kind} is not a list of numbers`);
  return found;
}

/** Fields and values in the order of an HSET, without the fields whose value is null. */
export function flat(values: Readonly<Record<string, string | number | null>>): (string | number)[] {
  return Object.entries(values).flatMap(([field, value]) => (value === null ? [] : [field, value]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
