import { describe, expect, it } from "vitest";
import { repository } from "../gates/repository.ts";
import type { Measure } from "./finding.ts";
import { shape } from "./gate.ts";
import { largestAllowed, type StaticId } from "./goals.ts";
import { staticMeasures } from "./static.ts";

const FILE = "packages/core/src/keys/ring.ts";

function measured(id: StaticId, files: Readonly<Record<string, string>>): Measure {
  const found = staticMeasures(repository(new Map(Object.entries(files)))).find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not measured`);
  return found;
}

function countOf(id: StaticId, text: string): number {
  return measured(id, { [FILE]: text }).value;
}

describe("a forwarder", () => {
  it.each([
    "function f(a, b) { return g(a, b.c, 1); }",
    "async function f(a) { await g(app, a); }",
    "const f = (...args) => g(...args);",
    "const api = { f: async (...args) => (await load()).f(...args) };",
    "const api = { f(a) { return b?.f(a as string); } };",
    "const api = { f: () => keys.f() };",
  ])("is %s", (text) => {
    expect(countOf("forwarders", text)).toBe(1);
  });

  it.each([
    "list.map((a) => g(a));",
    "const f = (a) => g(a + 1);",
    "const f = (a) => g(h(a));",
    "const f = (a) => g({ a });",
    "const f = (a) => (b) => g(b);",
    "const f = (a) => g(a).trim();",
    "const f = (a) => new G(a);",
    "function f(a) { check(a); return g(a); }",
  ])("is not %s", (text) => {
    expect(countOf("forwarders", text)).toBe(0);
  });
});

describe("a generic function", () => {
  it("is a function with type parameters, and not a type", () => {
    const text =
      "function f<T>(a: T): T;\nfunction f<T>(a: T): T { return a; }\nconst g = <T>(a: T): T => a;\n";
    expect(countOf("genericFunctions", text)).toBe(3);
    expect(countOf("genericFunctions", "type F = <T>(a: T) => T;\ninterface G<T> { h<U>(a: U): T }\n")).toBe(
      0,
    );
  });
});

describe("the longest chain of imports", () => {
  it("counts imports of values in core", () => {
    const core = "packages/core/src";
    const { value, items } = measured("importChain", {
      [`${core}/a.ts`]: 'import { b } from "./b.ts";\nimport type { T } from "./types.ts";\n',
      [`${core}/b.ts`]: 'export { c } from "./c.ts";\n',
      [`${core}/c.ts`]: 'import { type T } from "./types.ts";\nconst late = () => import("./late.ts");\n',
      [`${core}/late.ts`]: "",
      [`${core}/types.ts`]: "",
    });
    expect(value).toBe(2);
    expect(items).toEqual([`${core}/a.ts`, `${core}/b.ts`, `${core}/c.ts`]);
  });
});

describe("a hand-made cache", () => {
  it.each([
    "function f(env) { let kept = null; return () => { if (kept?.at < now(env)) kept = load(); return kept; }; }",
    "function f(env) { const kept = new Map(); return (a) => kept.set(a, env.clock()); }",
  ])("is %s", (text) => {
    expect(countOf("caches", text)).toBe(1);
  });

  it.each([
    "function f() { let kept = null; return () => { kept ??= load(); return kept; }; }",
    "function f(env) { let at = now(env); at = at + 1; return () => at; }",
  ])("is not %s", (text) => {
    expect(countOf("caches", text)).toBe(0);
  });
});

describe("a table of facts about alg", () => {
  it.each([
    'const types = { EdDSA: "OKP", ES256: "EC" };',
    'const hashes = new Map([["RS256", 1], ["PS256", 2]]);',
    'function f(a) { switch (a) { case "EdDSA": return 1; case "HS256": return 2; } }',
  ])("is %s", (text) => {
    expect(countOf("algorithmTables", text)).toBe(1);
  });

  it("is not a list of names", () => {
    expect(countOf("algorithmTables", 'type A = "EdDSA" | "ES256";\nconst all = ["EdDSA", "ES256"];')).toBe(
      0,
    );
  });
});

describe("a list of the routes", () => {
  it.each([
    'type Name = "signup" | "login" | "refresh" | "logout" | "me";',
    "const routes = [signup, login, refresh, logout, jwks];",
    "const routes = { signup, login, refresh: at(1), logout, sessions };",
    'const paths = new Map([["/signup", 1], ["/login", 2], ["/refresh", 3], ["/logout", 4], ["/me", 5]]);',
    'import type { A } from "./a.ts";\nexport { login, logout, me, refresh } from "./b.ts";\nexport const signup: A = {};',
  ])("is %s", (text) => {
    expect(countOf("routeLists", text)).toBe(1);
  });

  it("names five routes of seven or more", () => {
    expect(countOf("routeLists", "const some = { signup, login, refresh, logout };")).toBe(0);
  });
});

describe("the gate of the shape", () => {
  it("refuses a value above its limit, and passes one at it", () => {
    const forwarder = (_: unknown, index: number): string => `const f${index} = (a) => g(a);\n`;
    const most = largestAllowed("forwarders");
    const judged = (count: number): readonly string[] => {
      const text = Array.from({ length: count }, forwarder).join("");
      return shape(repository(new Map([[FILE, text]]))).map(({ rule, detail }) => `${rule}: ${detail}`);
    };
    expect(judged(most)).toEqual([]);
    expect(judged(most + 1)).toEqual([
      expect.stringMatching(new RegExp(`^shape: .*: ${most + 1}, at most ${most};`)),
    ]);
  });
});
