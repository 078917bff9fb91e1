import { SpanKind } from "@opentelemetry/api";
import type { Store } from "../store.ts";
import type { Measure, MeasuredCall } from "./measure.ts";

/** Told of each read of the list of ended sessions. */
export interface FeedReads {
  started(): void;
  succeeded(): void;
}

/** Wraps one part of a store. */
export type WrapPart = (name: string, original: object) => object;

type Run = (operation: string, work: () => Promise<unknown>) => Promise<unknown>;
type Operation = (...given: unknown[]) => Promise<unknown>;

/** Makes the function that wraps parts of stores. The same part always gets the same wrapped one, because core compares them. */
export function storeWrapper(measure: Measure, reads: FeedReads): WrapPart {
  const wrapped = new WeakMap<object, object>();
  const run: Run = async (operation, work) => {
    const isRead = operation === "sessions.endedSince";
    if (isRead) reads.started();
    const result = await measure(callOf(operation), work);
    if (isRead) reads.succeeded();
    return result;
  };
  return (name, original) => {
    const made = wrapped.get(original) ?? wrapPart(name, original, run);
    wrapped.set(original, made);
    return made;
  };
}

/** Wraps every part of a store. */
export function wrapStore(
  { sessions, users, keys, tokens, throttle, ...rest }: Store,
  part: WrapPart,
): Store {
  const wrappedUsers = part("users", users);
  const wrappedSessions = part("sessions", sessions);
  return {
    ...rest,
    sessions: {
      ...wrappedSessions,
      users: sessions.users === users ? wrappedUsers : sessions.users,
    } as Store["sessions"],
    users: wrappedUsers as Store["users"],
    keys: part("keys", keys) as Store["keys"],
    tokens: part("tokens", tokens) as Store["tokens"],
    throttle: part("throttle", throttle) as Store["throttle"],
  };
}

function callOf(operation: string): MeasuredCall {
  return {
    metric: "latchkey.store",
    span: operation,
    kind: SpanKind.INTERNAL,
    attributes: { "db.operation.name": operation },
    resultOf: () => ({}),
  };
}

function wrapPart(name: string, original: object, run: Run): object {
  const members = membersOf(original).map((member) => {
    const value: unknown = Reflect.get(original, member);
    if (typeof value !== "function") return [member, value];
    const operation: Operation = (...given) =>
      run(`${name}.${member}`, async () => Reflect.apply(value, original, given));
    return [member, operation];
  });
  return Object.fromEntries(members);
}

// A store may be an instance of a class, whose operations are those of its prototype.
function membersOf(object: object): readonly string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete("constructor");
  return [...names];
}
