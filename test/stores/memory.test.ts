import { memory } from "@latchkey/core/memory";
import { describeStore } from "@latchkey/store-contract";
import { describe, expect, it } from "vitest";
import { openServer } from "../fixtures/server.ts";

describeStore({ describe, it }, "memory", async () => ({ store: memory() }));

it("A cursor of another feed, such as of before a restart, skips no entry", async () => {
  const feedOf = async () => {
    const { auth, store, clock } = openServer();
    const { id } = await auth.users.create({ email: "ann@example.com" });
    for (let n = 0; n < 2; n++) await auth.sessions.revoke((await auth.sessions.create(id)).session.id);
    const now = clock.now() / 1_000;
    return (cursor: string | null) => store.sessions.endedSince(cursor, 10, now);
  };
  const [before, after] = [await feedOf(), await feedOf()];
  const { cursor, entries } = await before(null);
  expect(entries).toHaveLength(2);
  expect((await before(cursor)).entries).toEqual([]);
  expect((await after(cursor)).entries).toHaveLength(2);
});
