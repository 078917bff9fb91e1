import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  classifyHookResult,
  faultOfObject,
  faultOfPlain,
  type HookResult,
  kindOf,
  requireFlag,
} from "./callback-answer.ts";
import { withRejectionsIgnored } from "./env.ts";
import { AuthError } from "./errors.ts";

class Row {
  readonly context = {};
}
class Bare extends (null as unknown as typeof Object) {}

// biome-ignore lint/suspicious/noThenProperty: this is what a query looks like
const thenable = { then: () => undefined };
const callable = Object.assign(() => undefined, thenable);

const KNOWN = ["context", "claims"];
const MEMBERS = "an object with members besides context and claims";

/** Every kind of value there is, and what it is as the answer of a hook. */
const values: readonly (readonly [title: string, value: unknown, expected: string])[] = [
  ["undefined", undefined, "nothing"],
  ["false", false, "refuse"],
  ["true", true, "true"],
  ["null", null, "null"],
  ["0", 0, "a number"],
  ["NaN", Number.NaN, "a number"],
  ["a bigint", 0n, "a bigint"],
  ["an empty string", "", "a string"],
  ["a symbol", Symbol("x"), "a symbol"],
  ["a function", () => false, "a function"],
  ["a class", Row, "a function"],
  ["a list", [], "a list"],
  ["a promise", Promise.resolve(), "a promise"],
  ["a promise of another realm", runInNewContext("Promise.resolve()"), "a promise"],
  ["a thenable", thenable, "a promise"],
  ["a thenable function", callable, "a promise"],
  ["a thenable beside an answer", { context: {}, ...thenable }, "a promise"],
  ["an inherited then", Object.create(thenable), "a promise"],
  ["a row", new Row(), "an object of a class"],
  ["an heir of nothing", Object.create(Bare.prototype), "an object of a class"],
  ["an heir of a bare object", Object.create(Object.create(null)), "an object of a class"],
  ["an heir of an answer", Object.create({ context: {} }), "an object of a class"],
  ["a date", new Date(0), "an object of a class"],
  ["a map", new Map(), "an object of a class"],
  ["a wrapped boolean", Object(false), "an object of a class"],
  ["an error", new Error("x"), "an object of a class"],
  ["an unknown member", { allow: false }, MEMBERS],
  ["a hidden unknown member", Object.defineProperty({}, "allow", { value: false }), MEMBERS],
  ["a symbol as a member", { [Symbol("context")]: {} }, MEMBERS],
  ["a prototype as a member", JSON.parse('{ "__proto__": {} }'), MEMBERS],
  ["a context of null", { context: null }, "an object whose context is null"],
  ["a context of false", { context: false }, "an object whose context is false"],
  ["a context that is a list", { context: [] }, "an object whose context is a list"],
  ["a context that is a promise", { context: thenable }, "an object whose context is a promise"],
  ["claims that are a promise", { context: {}, claims: thenable }, "an object whose claims is a promise"],
  [
    "a promise in claims",
    { claims: { role: thenable } },
    "an object whose claims is an object that holds a promise",
  ],
  ["an empty object", {}, "replace"],
  ["a frozen object", Object.freeze({}), "replace"],
  ["a bare object", Object.create(null), "replace"],
  ["an object of another realm", runInNewContext("({ context: {} })"), "replace"],
  ["a context", { context: { role: "x" } }, "replace"],
  ["an absent context", { context: undefined, claims: undefined }, "replace"],
  ["a context of a class", { context: new Row() }, "replace"],
];

const told = (verdict: HookResult): string => (verdict.kind === "fault" ? verdict.returned : verdict.kind);

describe("classifyHookResult", () => {
  it.each(values)("classifies %s", (_, value, expected) =>
    expect(told(classifyHookResult(value, KNOWN))).toBe(expected),
  );

  it("returns only the known members", () => {
    expect(told(classifyHookResult({ claims: {} }, ["context"]))).toBe(
      "an object with members besides context",
    );
    expect(classifyHookResult({ context: { a: 1 } }, ["context"])).toEqual({
      kind: "replace",
      members: { context: { a: 1 } },
    });
  });

  it("shows no returned value in its message", () => {
    const secret = "lkr_secret";
    for (const value of [
      secret,
      [secret],
      { [secret]: secret },
      { context: secret },
      Symbol(secret),
      new Error(secret),
    ]) {
      expect(told(classifyHookResult(value, KNOWN))).not.toContain(secret);
    }
  });
});

describe("faultOfPlain and faultOfObject", () => {
  it.each(values)("accept or refuse %s", (_, value) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const isThenable = kindOf(value) === "a promise";
    expect(faultOfObject(value) === null).toBe(
      isObject && !isThenable && !Object.values(value).includes(thenable),
    );
    const isClass = kindOf(value) === "an object of a class";
    expect(faultOfPlain(value) === null).toBe(faultOfObject(value) === null && !isClass);
  });
});

describe("requireFlag", () => {
  it.each(values)("accepts or refuses %s", (_, value) => {
    const require = (): void => requireFlag("verify", value);
    if (typeof value === "boolean") expect(require).not.toThrow();
    else
      expect(require).toThrow(
        new AuthError("internal_error", `verify returned ${kindOf(value)}: return true or false`),
      );
  });
});

it("ignored accepts a promise whose then throws", () => {
  const broken = Promise.resolve();
  // biome-ignore lint/suspicious/noThenProperty: an application may have patched its promises
  Object.defineProperty(broken, "then", {
    value: () => {
      throw new Error("no");
    },
  });
  expect(() => withRejectionsIgnored([broken, { broken }, broken])).not.toThrow();
});

describe("ignored", () => {
  it("starts no lazy query, alone or as a member", () => {
    let runs = 0;
    // biome-ignore lint/suspicious/noThenProperty: a query builder has one, and runs by it
    const query = { then: () => (runs += 1) };
    expect(withRejectionsIgnored(query)).toBe(query);
    withRejectionsIgnored({ context: query });
    withRejectionsIgnored([query]);
    expect(runs).toBe(0);
  });

  it("handles the rejection of a promise of any realm, alone or as a member", async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown): void => {
      rejections.push(reason);
    };
    process.on("unhandledRejection", note);
    try {
      const foreign = (): unknown => runInNewContext("Promise.reject(new Error('foreign'))");
      for (const make of [() => Promise.reject(new Error("own")), foreign]) {
        withRejectionsIgnored(make());
        withRejectionsIgnored({ context: make() });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(rejections).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
