import { defineAuth, durableObjects } from "@latchkey/cloudflare";
import { createAuth } from "@latchkey/core";
import { redis } from "@latchkey/redis";
import { d1 } from "@latchkey/sql/d1";
import { postgres } from "@latchkey/sql/postgres";
import { sqlite } from "@latchkey/sql/sqlite";
import { describe, expect, it } from "vitest";

type Make = () => unknown;

const none = (): never => {
  throw new Error("this test makes no call");
};
const pool = { query: none, connect: none };
const client = { evalSha: none, eval: none };
const namespace = { idFromName: none, get: none };

function messageOf(make: Make): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

const postgresWith = (options: unknown) => (): unknown => postgres(pool, options as never);
const redisWith = (options: unknown) => (): unknown => redis(client, options as never);
const objectsWith = (options: unknown) => (): unknown => durableObjects(namespace, options as never);

describe("the options of a store", () => {
  it.each<[Make, string]>([
    [postgresWith({ prepared: false }), "prepared is not an option of postgres: did you mean prepare?"],
    [
      postgresWith({ table: "auth" }),
      "table is not an option of postgres: remove it, or write one of clock, prepare, schema",
    ],
    [
      postgresWith({ schema: 'auth"; DROP' }),
      'postgres: schema is "auth\\"; DROP", but it must be a name such as "auth", of 1 to 63 letters, digits, _ and -, without pg_',
    ],
    [
      postgresWith({ schema: "pg_auth" }),
      'postgres: schema is "pg_auth", but it must be a name such as "auth", of 1 to 63 letters, digits, _ and -, without pg_',
    ],
    [
      postgresWith({ schema: 5 }),
      'postgres: schema is a number, but it must be a name such as "auth", of 1 to 63 letters, digits, _ and -, without pg_',
    ],
    [postgresWith({ prepare: "no" }), 'postgres: prepare is "no", but it must be true or false'],
    [postgresWith({ clock: "server" }), 'postgres: clock is "server", but it must be "database" or "caller"'],
    [postgresWith(null), "postgres takes options as an object, and got null"],
    [redisWith({ prefx: "a:" }), "prefx is not an option of redis: did you mean prefix?"],
    [redisWith({ keepended: true }), "keepended is not an option of redis: did you mean keepEnded?"],
    [redisWith({ keepEnded: 1 }), "redis: keepEnded is 1, but it must be true or false"],
    [redisWith({ clock: "redis" }), 'redis: clock is "redis", but it must be "server" or "caller"'],
    [
      redisWith({ prefix: 5 }),
      "redis: prefix is 5, but it must be a string of letters, digits and : . _ - only",
    ],
    [objectsWith({ keepEnd: true }), "keepEnd is not an option of durableObjects: did you mean keepEnded?"],
    [
      objectsWith({ prefix: "a" }),
      "prefix is not an option of durableObjects: remove it, or write one of clock, keepEnded",
    ],
    [
      objectsWith({ clock: "server" }),
      'durableObjects: clock is "server", but it must be "object" or "caller"',
    ],
  ])("are refused by name (%#)", (make, message) => {
    expect(messageOf(make)).toBe(message);
  });

  it.each<Make>([
    postgresWith(undefined),
    postgresWith({ clock: undefined, prepare: false }),
    redisWith({ prefix: "app:", keepEnded: true, clock: "caller" }),
    objectsWith({ clock: "caller", keepEnded: undefined }),
  ])("are accepted (%#)", (make) => {
    expect(messageOf(make)).toBe("");
  });
});

describe("a connection of a wrong kind", () => {
  const URL_WITH_PASSWORD = "postgres://app:hidden@db.example.com/app";

  it.each<[Make, string]>([
    [
      () => postgres(URL_WITH_PASSWORD as never),
      "postgres takes a Pool of pg or the sql of postgres: pass new Pool({ connectionString })",
    ],
    [() => postgres({} as never), "postgres takes a Pool of pg or the sql of postgres"],
    [
      () => sqlite("app.db" as never),
      'sqlite takes an open connection: pass one such as new DatabaseSync("app.db")',
    ],
    [() => d1(undefined as never), "d1: the argument has no method `withSession`; pass the D1 binding"],
    [() => redis("redis://app:hidden@example.com" as never), "redis: the client has neither `evalSha`"],
    [
      () => durableObjects(undefined as never),
      "durableObjects takes a namespace of Durable Objects: pass the binding, such as env.SESSIONS",
    ],
    [
      () => defineAuth({ store: {} } as never),
      "defineAuth takes a function of env: pass (env) => ({ store: durableObjects(env.SESSIONS) })",
    ],
    [() => createAuth({ store: redis as never }), "store is the function redis: call redis()"],
  ])("is refused with the kind to pass, and is not shown (%#)", (make, message) => {
    const said = messageOf(make);
    expect(said).toContain(message);
    expect(said).not.toContain("hidden");
  });
});
