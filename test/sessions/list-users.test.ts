import type { PublicUser, Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { ANN, openServer, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

/** Reads every page. */
async function pagesOf(
  { auth }: Pick<TestServer, "auth">,
  options: { readonly query?: string; readonly limit?: number },
): Promise<readonly (readonly PublicUser[])[]> {
  const pages: (readonly PublicUser[])[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof auth.users.list>> = await auth.users.list(
      after === null ? options : { ...options, after },
    );
    pages.push(page.users);
    after = page.next;
  } while (after !== null);
  return pages;
}

const emailsOf = (users: readonly PublicUser[]): readonly (string | null)[] =>
  users.map(({ email }) => email);

onEveryStore((make) => {
  describe("users.list", () => {
    it("gives every user once, in pages, without what only a store needs", async () => {
      const server = openServer({ store: await make() });
      expect(await server.auth.users.list()).toEqual({ users: [], next: null });
      const made = [];
      for (let n = 0; n < 7; n++) {
        made.push(await server.auth.users.create({ email: `u${n}@example.com`, name: `User ${n}` }));
      }
      made.sort((one, other) => (one.id < other.id ? -1 : 1));
      const pages = await pagesOf(server, { limit: 3 });
      expect(pages.map((users) => users.length)).toEqual([3, 3, 1]);
      expect(pages.flat()).toEqual(made);
      expect(await server.auth.users.list({ limit: 7 })).toEqual({ users: made, next: null });
    });

    it("finds by the beginning of an address or a username, each user once", async () => {
      const { auth } = openServer({ store: await make() });
      await auth.users.create({ email: "ann@example.com", username: "ann" });
      await auth.users.create({ email: "zoe@example.com", username: "anna" });
      await auth.users.create({ email: "anne@example.com" });
      await auth.users.create({ username: "andy" });
      const found = async (query: string) =>
        (await pagesOf({ auth }, { query })).flat().map(({ email, username }) => username ?? email);
      expect(await found(" ANN")).toEqual(["ann", "anne@example.com", "anna"]);
      expect(await found("ann@")).toEqual(["ann"]);
      expect(await found("an")).toEqual(["ann", "anne@example.com", "andy", "anna"]);
      expect(await found("nn")).toEqual([]);
      for (let limit = 1; limit < 6; limit++) {
        const pages = await pagesOf({ auth }, { query: "an", limit });
        expect(pages.every((users) => users.length <= limit)).toBe(true);
        expect(pages.flat().length).toBe(4);
      }
    });

    it("continues after a user who was deleted in between", async () => {
      const { auth } = openServer({ store: await make() });
      for (const name of ["a", "b", "c", "d"]) await auth.users.create({ email: `x${name}@example.com` });
      const { users, next } = await auth.users.list({ query: "x", limit: 2 });
      expect(emailsOf(users)).toEqual(["xa@example.com", "xb@example.com"]);
      for (const { id } of users) await auth.users.delete(id);
      await auth.users.create({ email: "xaa@example.com" });
      const rest = await auth.users.list({ query: "x", limit: 2, after: next ?? "" });
      expect(emailsOf(rest.users)).toEqual(["xc@example.com", "xd@example.com"]);
      expect(rest.next).toBeNull();
    });
  });
});

describe("the arguments of users.list", () => {
  it("are refused with a limit that is none, and with the cursor of another query", async () => {
    const { auth } = openServer();
    for (const name of ["ann", "anna"]) await auth.users.create({ email: `${name}@example.com` });
    for (const limit of [0, -1, 1.5, 1_001, Number.NaN, "10"]) {
      const error = { code: "invalid_request", message: expect.stringContaining("from 1 to 1000") };
      await expect(auth.users.list({ limit: limit as number })).rejects.toMatchObject(error);
    }
    const { next } = await auth.users.list({ query: "ann", limit: 1 });
    for (const after of ["x", "", next ?? ""]) {
      await expect(auth.users.list({ after })).rejects.toMatchObject({ code: "invalid_request" });
    }
  });

  it.each(["ann\u0000", "ann b", "\ud800", "x".repeat(255)])("find no user by %j", async (query) => {
    const { store, calls } = counted(memory());
    const { auth } = openServer({ store });
    expect(await auth.users.list({ query })).toEqual({ users: [], next: null });
    expect(calls).toEqual([]);
  });

  it("cost one call of the store, and two with a query", async () => {
    const { store, calls } = counted(memory());
    const { auth } = openServer({ store });
    await auth.users.create(ANN);
    calls.length = 0;
    await auth.users.list();
    expect(calls).toEqual(["users.list"]);
    await auth.users.list({ query: "ann" });
    expect(calls).toEqual(["users.list", "users.list", "users.list"]);
  });
});

it("users of the application's own store without a list have none, and the error says so", async () => {
  const { list: _, ...users } = memory().users;
  const store: Store = memory();
  const { auth } = openServer({ store, users });
  await expect(auth.users.list()).rejects.toThrow("users has no list: add it to your UserStore");
});
