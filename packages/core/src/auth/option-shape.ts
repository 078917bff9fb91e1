import type * as v from "valibot";
import { kindOf } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { refuse, refuseUnknown } from "../platform/option-error.ts";

/** The parts of a valibot schema that say where options are bags of further options. */
export interface Shape {
  readonly type: string;
  /** Of a strict object: its members. */
  readonly entries?: Readonly<Record<string, Shape>>;
  /** Of an array. */
  readonly item?: Shape;
  /** Of a record. */
  readonly value?: Shape;
  /** Of an optional or a nullable option. */
  readonly wrapped?: Shape;
  /** Of an option whose schema depends on the value. */
  readonly getter?: (value: unknown) => Shape;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Copies what the schema describes as a strict object, a record or an array, at every depth, without inherited members:
 * what a polluted prototype holds is no option (SEC-08), and a change after the start changes nothing (SEC-09). Every
 * other value keeps its identity. Throws a `TypeError` for a member that the schema does not have.
 */
export function copyOptions(value: unknown, shape: Shape, path = ""): unknown {
  const { type, item, entries = {}, value: member } = shapeOf(value, shape);
  if (type === "array" && item !== undefined && Array.isArray(value)) {
    return Object.freeze(value.map((each, index) => copyOptions(each, item, `${path}[${index}]`)));
  }
  // A function of the platform, such as `fetch`, refuses to be a method of the options.
  if (type === "function" && typeof value === "function") return value.bind(undefined);
  if (!isRecord(value)) return value;
  const inside = path === "" ? "" : `${path}.`;
  if (type === "strict_object") {
    // Inherited members are no options, so an object of a class would lose its methods without an error.
    if (path !== "" && kindOf(value) !== "an object") throw refuse(path, value, "it must be a plain object");
    refuseUnknown("createAuth", inside, value, Object.keys(entries));
    return copyMembers(value, (name) => copyOptions(value[name], entries[name] ?? UNKNOWN, inside + name));
  }
  if (type !== "record" || member === undefined) return value;
  return copyMembers(value, (name) => copyOptions(value[name], member, inside + name));
}

const UNKNOWN: Shape = { type: "unknown" };

function copyMembers(value: Members, copyOf: (name: string) => unknown): Members {
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value)) copy[name] = copyOf(name);
  return Object.freeze(copy);
}

/** Finds the schema that a value must have, without what only says that it may be left out. */
function shapeOf(value: unknown, shape: Shape): Shape {
  const inner = shape.getter?.(value) ?? shape.wrapped;
  return inner === undefined ? shape : shapeOf(value, inner);
}

/** The error for the first fault that valibot found. It shows no secret, no key, and no string in place of an object. */
export function shapeError(issue: v.BaseIssue<unknown>): TypeError {
  const path = writtenPath(issue.path ?? []);
  const { input, message } = issue;
  if (issue.type === "strict_object" && issue.received === "undefined") {
    const parent = writtenPath((issue.path ?? []).slice(0, -1));
    return new TypeError(`${path} is missing: write it, or leave out ${parent}`);
  }
  const isText = typeof input === "string";
  const isHidden = HIDDEN.test(path) || (isText && issue.kind === "schema" && !SHOWN.has(issue.type));
  if (!isHidden || typeof input === "function") return refuse(path, input, `it ${message}`);
  return new TypeError(`${path} is ${kindOf(input)}, but it ${message}`);
}

const HIDDEN = /^(secret|keys\.provided)\b/;
/** What a string may have been meant for, so that it can be shown. */
const SHOWN: ReadonlySet<string> = new Set(["number", "boolean", "picklist"]);

/** A path as JavaScript writes it: `cookies.previous[0].name`. */
function writtenPath(path: readonly { readonly type: string; readonly key: unknown }[]): string {
  return path.reduce((before, { type, key }) => {
    if (type === "array") return `${before}[${key}]`;
    return before === "" ? `${key}` : `${before}.${key}`;
  }, "");
}
