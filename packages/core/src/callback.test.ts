import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  readHookAnswer,
  requireBoolean,
  requireObject,
  requirePlainObject,
  requireTextOrNull,
} from "./callback.ts";

class Result {
  readonly context = {};
}

/** A query builder, whose method runs the query. */
// biome-ignore lint/suspicious/noThenProperty: that is what a query builder has
const query = { then: () => undefined, where: () => undefined };

/** Values that an application can return by mistake, and how the error names them. */
const MISTAKES: readonly (readonly [name: string, make: () => unknown, told: string])[] = [
  ["a promise", () => Promise.resolve(false), "a promise or a query that was not awaited"],
  ["a promise that rejects", () => Promise.reject(new Error("not awaited")), "a promise or a query"],
  [
    "a promise of another realm",
    () => runInNewContext("Promise.reject(new Error('x'))"),
    "a promise or a query",
  ],
  ["a query builder", () => query, "a promise or a query"],
  ["a function with then", () => Object.assign(() => undefined, query), "a promise or a query"],
  ["null", () => null, "null"],
  ["true", () => true, "true"],
  ["zero", () => 0, "a number"],
  ["one", () => 1, "a number"],
  ["NaN", () => Number.NaN, "a number"],
  ["an empty text", () => "", "a string"],
  ["a text", () => "no", "a string"],
  ["a bigint", () => 0n, "a bigint"],
  ["a symbol", () => Symbol("x"), "a symbol"],
  ["a function", () => () => false, "a function"],
  ["a list", () => [], "a list"],
  ["an instance", () => new Result(), "an instance of a class"],
  ["a date", () => new Date(), "an instance of a class"],
  ["a map", () => new Map(), "an instance of a class"],
  ["an object that inherits", () => Object.create({ context: {} }), "an instance of a class"],
  ["an unknown member", () => ({ context: {}, rank: 1 }), "an object with the member rank"],
];

describe("readHookAnswer", () => {
  it.each(MISTAKES)("takes %s for no answer", (_, make, told) => {
    const read = (): unknown => readHookAnswer("hooks.signedIn", make(), ["context"]);
    expect(read).toThrow(`hooks.signedIn returned ${told}`);
    expect(read).toThrow(expect.objectContaining({ code: "internal_error" }));
  });

  it("takes undefined, false and plain objects of any realm", () => {
    expect(readHookAnswer("hooks.validated", undefined, ["context"])).toEqual({ kind: "accept" });
    expect(readHookAnswer("hooks.validated", false, ["context"])).toEqual({ kind: "refuse" });
    const own = { context: { role: "x" } };
    const bare = Object.assign(Object.create(null), own);
    const other: unknown = runInNewContext('({ context: { role: "x" } })');
    for (const members of [own, bare, other, {}]) {
      expect(readHookAnswer("hooks.validated", members, ["context"])).toEqual({ kind: "replace", members });
    }
  });
});

describe("the results of other callbacks", () => {
  it.each(MISTAKES.slice(0, -1))("%s is no plain object", (_, make) => {
    expect(() => requirePlainObject("accessToken.claims", make())).toThrow("accessToken.claims returned");
  });

  it("only true and false are booleans", () => {
    for (const value of [true, false]) expect(requireBoolean("hasher.verify", value)).toBe(value);
    for (const value of [undefined, null, 0, 1, "true", "", {}, [], Promise.resolve(true)]) {
      expect(() => requireBoolean("hasher.verify", value)).toThrow("hasher.verify returned");
    }
  });

  it("an object for JSON may be of a class, and is no list and no promise", () => {
    const result = new Result();
    expect(requireObject("user.serialize", result)).toBe(result);
    for (const value of [undefined, null, "x", 1, [], Promise.resolve({}), () => ({})]) {
      expect(() => requireObject("user.serialize", value)).toThrow("user.serialize returned");
    }
  });

  it("an address is a text, or not known", () => {
    expect(requireTextOrNull("clientAddress", "192.0.2.1")).toBe("192.0.2.1");
    expect([requireTextOrNull("clientAddress", null), requireTextOrNull("clientAddress", undefined)]).toEqual(
      [null, null],
    );
    for (const value of [1, {}, [], Promise.resolve("192.0.2.1"), false]) {
      expect(() => requireTextOrNull("clientAddress", value)).toThrow("clientAddress returned");
    }
  });
});
