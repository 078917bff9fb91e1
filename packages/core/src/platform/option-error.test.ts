import { describe, expect, it } from "vitest";
import {
  checkMembers,
  choiceOf,
  FLAG,
  type MembersOf,
  refuse,
  refuseUnknown,
  shown,
} from "./option-error.ts";

/** The message of what is thrown; empty where nothing is. */
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

describe("shown", () => {
  it.each<[unknown, string]>([
    ["15m", '"15m"'],
    ['a "quoted" one', '"a \\"quoted\\" one"'],
    ["", '""'],
    [15, "15"],
    [-1, "-1"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [["hidden"], "a list"],
    [{ secret: "hidden" }, "an object"],
    [new URL("https://hidden.example"), "an object of a class"],
    [() => "hidden", "a function"],
    [Promise.resolve("hidden"), "a promise"],
    ["postgres://app:hidden@db.example.com/app", "a URL with credentials"],
    ["https://app.example.com/path", '"https://app.example.com/path"'],
    ["ann@example.com", '"ann@example.com"'],
  ])("writes %o as %s", (value, expected) => {
    expect(shown(value)).toBe(expected);
  });
});

describe("refuse", () => {
  it("names the option, its value and the reason", () => {
    expect(refuse("storeTimeout", 0, "it must be at least 1 second").message).toBe(
      "storeTimeout is 0, but it must be at least 1 second",
    );
  });

  it("advises to call a function where its result is expected", () => {
    function memory(): void {}
    expect(refuse("store", memory, "it must be a Store").message).toBe(
      "store is the function memory: call memory()",
    );
    expect(refuse("store", (() => memory)(), "it must be a Store").message).toContain("call memory()");
    expect(refuse("mail", function send() {}, "it must be an object with send").message).toBe(
      "mail is the function send, but it must be an object with send",
    );
    expect(refuse("store", [() => 1][0], "it must be a Store").message).toBe(
      "store is a function, but it must be a Store",
    );
  });
});

describe("refuseUnknown", () => {
  it("suggests the nearest name with its path, or lists the names", () => {
    const known = ["lifetime", "issuer"];
    const messageFor = (value: object): string =>
      messageOf(() => refuseUnknown("createAuth", "accessToken.", value, known));
    expect(messageFor({ lifetme: 1 })).toBe(
      "accessToken.lifetme is not an option of createAuth: did you mean accessToken.lifetime?",
    );
    expect(messageFor({ ttl: undefined })).toBe(
      "accessToken.ttl is not an option of createAuth: remove it, or write one of lifetime, issuer",
    );
    expect(messageFor({ issuer: 1, lifetime: 1 })).toBe("");
    expect(messageFor(Object.create({ inherited: 1 }))).toBe("");
  });

  it("ignores the names of Object.prototype", () => {
    expect(messageOf(() => refuseUnknown("f", "", { constructor: 1 }, ["a"]))).toContain(
      "constructor is not",
    );
  });
});

it("choiceOf lists the values to choose from", () => {
  expect(choiceOf(["lax"])).toBe('"lax"');
  expect(choiceOf(FLAG)).toBe("true or false");
  expect(choiceOf(["lax", "strict", "none"])).toBe('one of "lax", "strict", "none"');
});

interface Options {
  readonly clock?: "server" | "caller";
  readonly keepEnded?: boolean;
  readonly prefix?: string;
  readonly cookies?: { readonly names?: { readonly access?: string } };
}
const OPTIONS: MembersOf<Options> = {
  clock: ["server", "caller"],
  keepEnded: FLAG,
  prefix: null,
  cookies: { names: { access: null } },
};

describe("checkMembers", () => {
  it.each([
    {},
    { clock: "caller", keepEnded: false, prefix: 7, cookies: { names: { access: 7 } } },
    { clock: undefined, cookies: undefined },
    { cookies: {} },
    Object.create({ clok: "inherited" }),
    Object.create({ clock: "inherited" }),
  ])("accepts %j", (options) => {
    expect(messageOf(() => checkMembers("redis", options, OPTIONS))).toBe("");
  });

  it.each<[unknown, string]>([
    [{ clok: "server" }, "clok is not an option of redis: did you mean clock?"],
    [
      { cookies: { names: { acess: "x" } } },
      "cookies.names.acess is not an option of redis: did you mean cookies.names.access?",
    ],
    [
      { cookies: { secure: true } },
      "cookies.secure is not an option of redis: remove it, or write one of names",
    ],
    [{ clock: "redis" }, 'redis: clock is "redis", but it must be "server" or "caller"'],
    [{ clock: null }, 'redis: clock is null, but it must be "server" or "caller"'],
    [{ keepEnded: "false" }, 'redis: keepEnded is "false", but it must be true or false'],
    [{ cookies: "x" }, "redis: cookies is a string, but it must be an object with names"],
    [{ cookies: { names: [] } }, "redis: cookies.names is a list, but it must be an object with access"],
    [null, "redis takes options as an object, and got null"],
    ["redis://app:hidden@example.com", "redis takes options as an object, and got a string"],
    [[], "redis takes options as an object, and got a list"],
  ])("refuses %j", (options, message) => {
    expect(messageOf(() => checkMembers("redis", options, OPTIONS))).toBe(message);
  });
});
