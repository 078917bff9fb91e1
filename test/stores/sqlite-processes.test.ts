import { expect, test } from "vitest";
import { runTogether } from "../fixtures/run-together.ts";
import { migrated, open, temporaryFile } from "./files.ts";
import { START, session, sessionIdOf } from "./sessions.ts";

function processes(script: string, count: number, file: string, ...rest: string[]): Promise<string[]> {
  const path = new URL(`./processes/${script}.ts`, import.meta.url);
  return runTogether(
    path,
    Array.from({ length: count }, (_, n) => [file, `process-${n}`, ...rest]),
  );
}

test("8 processes create the same database at once", async () => {
  const file = temporaryFile();
  await processes("migrate", 8, file);
  const database = open(file);
  expect(database.prepare("SELECT version FROM latchkey_schema").all()).toEqual([
    { version: 1 },
    { version: 2 },
    { version: 3 },
    { version: 4 },
    { version: 5 },
    { version: 6 },
  ]);
  expect(database.prepare("SELECT count(*) AS n FROM latchkey_users").get()).toEqual({ n: 8 });
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
});

test("4 processes rotate the same tokens, and each token gets one successor", async () => {
  const count = 100;
  const file = temporaryFile();
  const { sessions } = await migrated(open(file));
  for (let n = 0; n < count; n++) {
    await sessions.create(session(`session ${n}`), { ifVersion: null, limit: null, replaces: [] });
  }
  const outcomes = (await processes("rotate", 4, file, String(count))).map((line): string[] =>
    JSON.parse(line),
  );
  for (let n = 0; n < count; n++) {
    const got = outcomes.map((list) => list[n]).sort();
    expect(got).toEqual(["access_only", "access_only", "access_only", "first"]);
    const row = (await sessions.get(sessionIdOf(`session ${n}`), START))?.row;
    expect({ generation: row?.generation, endedAt: row?.endedAt }).toEqual({ generation: 1, endedAt: null });
  }
  const wins = outcomes.map((list) => list.filter((outcome) => outcome === "first").length);
  // How much they met depends on the machine; what they may do does not.
  console.info(`4 processes won ${wins.join(", ")} of ${count} races`);
});
