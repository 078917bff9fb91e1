import type { UserStore } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describeUsers } from "@latchkey/store-contract";
import { describe, expect, it } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { openMailedServer } from "../fixtures/mailed-server.ts";
import { linkAt, openStubServer } from "../fixtures/oauth-server.ts";
import { type Member, serialUsers } from "../fixtures/serial-users.ts";
import { ANN, BOB, openServer } from "../fixtures/server.ts";
import { faulty } from "../fixtures/wrapped-store.ts";

describeUsers({ describe, it }, "a table with serial ids", async () => ({ users: serialUsers() }));

const there = { provider: "stub", subject: "ann-there" };

describe("a table of users that makes its own ids", () => {
  it("a person who signs up has the id of the row from then on", async () => {
    const { auth, events, browser } = openServer({ users: serialUsers() });
    const phone = browser();
    expect(memberOf(await bodyOf(await phone.post("/auth/signup", ANN)), "user")).toMatchObject({ id: "1" });
    expect(await bodyOf(await phone.get("/auth/me"))).toMatchObject({ id: "1" });
    const again = await bodyOf(await browser().post("/auth/login", ANN));
    expect(memberOf(again, "user")).toMatchObject({ id: "1" });
    expect((await auth.sessions.list("1")).length).toBe(2);
    expect(events).toContainEqual(expect.objectContaining({ type: "user.created", userId: "1" }));
    expect(await auth.users.create(BOB)).toMatchObject({ id: "2", plan: "free" });
    expect(await auth.users.update("2", { plan: "gold" })).toMatchObject({ id: "2", plan: "gold" });
    await expectError(await browser().post("/auth/signup", ANN), 409, "identifier_taken");
  });

  it("a person who signs in with a provider is linked to the row", async () => {
    const { auth, events, signIn, browser, stub } = openStubServer({ users: serialUsers() });
    const ann = browser();
    await signIn(ann);
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ id: "1", email: ANN.email });
    expect(events).toContainEqual(expect.objectContaining({ type: "account.linked", userId: "1" }));
    await signIn(browser());
    expect((await auth.sessions.list("1")).length).toBe(2);
    const bob = browser();
    await bob.post("/auth/signup", BOB);
    expect((await linkAt(stub, bob, { subject: "bob-there" })).status).toBe(303);
    expect(await auth.users.accounts("2")).toMatchObject([{ provider: "stub", subject: "bob-there" }]);
  });

  it("a person who signs in by a code, resets the password and deletes the account stays one row", async () => {
    const users = serialUsers();
    const { auth, inbox, browser } = openMailedServer({ users, mailSignUp: true });
    const ann = browser();
    await ann.post("/auth/link", { email: ANN.email });
    const link = await inbox.token("magic_link");
    expect((await ann.post("/auth/link/confirm", { token: link })).status).toBe(200);
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ id: "1" });
    await ann.post("/auth/password/forgot", { email: ANN.email });
    const token = await inbox.token("reset");
    const reset = await ann.post("/auth/password/reset", { token, newPassword: ANN.password });
    expect(reset.status).toBe(200);
    const again = browser();
    expect((await again.post("/auth/login", ANN)).status).toBe(200);
    expect(await bodyOf(await again.get("/auth/me"))).toMatchObject({ id: "1" });
    expect(await auth.users.delete("1")).toBe(true);
    expect((await again.get("/auth/me")).status).toBe(401);
    expect(await auth.sessions.list("1")).toEqual([]);
    // The id of a deleted user is not given away again: its access tokens are valid for some minutes.
    expect(await auth.users.create(ANN)).toMatchObject({ id: "2" });
  });

  it("a sign-up whose session cannot be stored leaves no row", async () => {
    const users = serialUsers();
    const store = faulty(memory(), (name) =>
      name === "sessions.create" ? Promise.reject(new Error()) : null,
    );
    const { browser } = openServer({ store, users });
    await expectError(await browser().post("/auth/signup", ANN), 503, "store_unavailable");
    expect(await users.get("1")).toBeNull();
  });

  it("a row whose account another request links first is deleted", async () => {
    const users = serialUsers();
    const refused: string[] = [];
    const linkOnce: UserStore<Member> = {
      ...users,
      link: async (id, account) => (refused.push(id) === 1 ? false : users.link(id, account)),
    };
    const { signIn, browser } = openStubServer({ users: linkOnce });
    await signIn(browser(), { subject: "ann-there" });
    expect(refused).toEqual(["1", "2"]);
    expect(await users.get("1")).toBeNull();
    expect(await users.findByAccount(there)).toMatchObject({ id: "2" });
  });

  it("a person whose sign-in stopped between the row and the link gets that row at the next", async () => {
    const users = serialUsers();
    let isDown = true;
    const failing: UserStore<Member> = {
      ...users,
      link: (id, account) => (isDown ? Promise.reject(new Error()) : users.link(id, account)),
    };
    const { signIn, browser } = openStubServer({ users: failing });
    await signIn(browser());
    expect(await users.accounts("1")).toEqual([]);
    isDown = false;
    const ann = browser();
    await signIn(ann);
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ id: "1" });
    expect(await users.findByAccount(there)).toMatchObject({ id: "1" });
  });

  it("a table that makes its ids and answers true is told what to return", async () => {
    const users = serialUsers();
    const faults: unknown[] = [];
    const mute: UserStore<Member> = {
      ...users,
      create: async (user) => (await users.create(user)) !== false,
    };
    const { browser } = openServer({ users: mute, onError: (error) => void faults.push(error) });
    await expectError(await browser().post("/auth/signup", ANN), 503, "store_unavailable");
    expect(String(faults[0])).toContain("must return the id of the row");
  });
});
