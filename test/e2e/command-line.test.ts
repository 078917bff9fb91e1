import { execFile } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { schema as postgres } from "@latchkey/sql/postgres";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { expect, test } from "vitest";

const latchkey = fileURLToPath(new URL("../../node_modules/.bin/latchkey", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function command(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(latchkey, words, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test("schema prints the tables of each dialect as SQL that runs", async () => {
  expect(await command("schema", "postgres")).toEqual({ code: 0, out: postgres(), err: "" });
  for (const dialect of ["sqlite", "d1"]) {
    const { out } = await command("schema", dialect);
    const database = new DatabaseSync(":memory:");
    database.exec(out);
    const store = sqlite(database);
    await migrate(store);
    expect(await store.users.get("ann")).toBeNull();
    database.close();
  }
});

test("secret prints a new secret each time, and createAuth accepts it", async () => {
  const secrets = await Promise.all([command("secret"), command("secret")]);
  const texts = secrets.map(({ out }) => out.trimEnd());
  for (const secret of texts) {
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    createAuth({ store: memory(), baseURL: "https://app.example.com", secret });
  }
  expect(new Set(texts).size).toBe(2);
});

test("any other argument is an error that prints the usage", async () => {
  for (const words of [
    [],
    ["schema"],
    ["schema", "oracle"],
    ["schema", "constructor"],
    ["secret", "x"],
    ["x"],
  ]) {
    const { code, out, err } = await command(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("Usage:");
  }
  const help = await command("--help");
  expect({ code: help.code, err: help.err }).toEqual({ code: 0, err: "" });
});
