import { kindOf } from "./callback-answer.ts";
import { isRecord, own } from "./encoding.ts";

/** Makes the error for an option: its name, its value as written, the reason, and what to write instead. */
export function refuse(option: string, value: unknown, why: string): TypeError {
  const name = typeof value === "function" ? value.name : "";
  // Options are written as an object, and no function makes them.
  if (name !== "" && !why.startsWith("it must be an object with"))
    return new TypeError(`${option} is the function ${name}: call ${name}()`);
  return new TypeError(`${option} is ${name === "" ? shown(value) : `the function ${name}`}, but ${why}`);
}

/** A value as it is written: strings quoted, objects and functions by their kind, and no URL with credentials. */
export function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return kindOf(value);
  return value.includes("://") && value.includes("@") ? "a URL with credentials" : JSON.stringify(value);
}

/**
 * Refuses a member that is not known. `of` names the function whose options these are, and `path` where in them the
 * object stands: empty, or a name with a dot at its end.
 */
export function refuseUnknown(of: string, path: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearestName(unknown, known);
  const instead =
    near === null ? `remove it, or write one of ${known.join(", ")}` : `did you mean ${path}${near}?`;
  throw new TypeError(`${path}${unknown} is not an option of ${of}: ${instead}`);
}

/** What an option may be: null for anything, a list of its values, or the members of an object. */
type Member = null | readonly unknown[] | Members;
export interface Members {
  readonly [name: string]: Member;
}

/** The members of options of type `T`: an option without one is a type error. */
export type MembersOf<T> = { readonly [Name in keyof T]-?: Member };

/** The values of a switch. */
export const FLAG: readonly boolean[] = [true, false];

/**
 * Checks the options of the function `of`: their names, and those values of which there is a list. Throws a `TypeError`
 * that names the option. It does not check any other value.
 */
export function checkMembers(of: string, options: unknown, members: Members): void {
  if (!isRecord(options)) throw new TypeError(`${of} takes options as an object, and got ${kindOf(options)}`);
  checkAt(of, "", options, members);
}

function checkAt(
  of: string,
  path: string,
  options: Readonly<Record<string, unknown>>,
  members: Members,
): void {
  refuseUnknown(of, path, options, Object.keys(members));
  for (const [name, member] of Object.entries(members)) {
    const value = own(options, name);
    if (value === undefined || member === null) continue;
    const option = `${path}${name}`;
    if (isList(member)) {
      if (!member.includes(value)) throw refuse(`${of}: ${option}`, value, `it must be ${choiceOf(member)}`);
    } else if (isRecord(value)) {
      checkAt(of, `${option}.`, value, member);
    } else {
      // A string in place of an object may be a secret.
      const names = Object.keys(member).join(", ");
      throw new TypeError(`${of}: ${option} is ${kindOf(value)}, but it must be an object with ${names}`);
    }
  }
}

function isList(member: Exclude<Member, null>): member is readonly unknown[] {
  return Array.isArray(member);
}

/** The values to choose from, as they are written. */
export function choiceOf(values: readonly unknown[]): string {
  const written = values.map(shown);
  return written.length > 2 ? `one of ${written.join(", ")}` : written.join(" or ");
}

const MOST_EDITS = 3;
/** A longer name is no misspelling, and comparing it would take long. */
const LONGEST_NAME = 64;

/** The known name that a misspelled one resembles most, whatever its case; null where none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > LONGEST_NAME) return null;
  const near = known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= boundOf(name, candidate))
    .sort((one, other) => one.edits - other.edits);
  return near[0]?.candidate ?? null;
}

/** One edit for every three characters: in a short name, two edits make another word. */
function boundOf(name: string, candidate: string): number {
  return Math.min(MOST_EDITS, Math.floor(Math.max(name.length, candidate.length) / 3));
}

/** Counts insertions, deletions, substitutions, and swaps of neighbours (optimal string alignment). */
function editsBetween(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const edits = [
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        ...(isSwap ? [at(beforeLast, column - 2) + 1] : []),
      ];
      current.push(Math.min(...edits));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
