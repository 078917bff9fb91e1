import { createAuth, type User, type UserStore } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, expectTypeOf, it } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import { ANN, cheapPassword, openServer } from "../fixtures/server.ts";
import { openMailingServer } from "../fixtures/verified-server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

const PICTURE = "https://images.example.com/ann.png";
const NEW = "new@example.com";

describe("users.update", () => {
  it("changes what a user is shown by, and nothing else", async () => {
    const { auth, events, signedIn } = openServer();
    const ann = await signedIn();
    const before = await auth.users.find(ANN);
    const id = before?.id ?? "";
    const changed = { ...before, name: "Ann Example", picture: PICTURE };
    expect(await auth.users.update(id, { name: " Ann Example ", picture: PICTURE })).toEqual(changed);
    expect(await auth.users.update(id, { name: undefined as never })).toEqual(changed);
    expect(await bodyOf(await ann.get("/auth/me"))).toMatchObject({ name: "Ann Example", picture: PICTURE });
    expect(await auth.users.update(id, { picture: null })).toEqual({ ...changed, picture: null });
    expect(await auth.users.update("unknown", { name: "Ann" })).toBeNull();
    expect(await auth.users.update("unknown", { email: NEW })).toBeNull();
    expect(events.filter(({ type }) => type === "user.email_changed")).toEqual([]);
  });

  it("keeps both of two changes at the same time", async () => {
    const { auth } = openServer();
    const { id } = await auth.users.create(ANN);
    await Promise.all([auth.users.update(id, { name: "Ann" }), auth.users.update(id, { picture: PICTURE })]);
    expect(await auth.users.get(id)).toMatchObject({ name: "Ann", picture: PICTURE });
  });

  it.each([
    [{ picture: "javascript:alert(1)" }, "picture"],
    [{ name: "x".repeat(321) }, "name"],
    [{ email: "no address" }, "e-mail"],
    [{ emailVerified: true }, "users.confirmEmail"],
    [{ username: "eve" }, "username"],
    [{ password: "correct horse battery" }, "users.setPassword"],
    [{ passwordHash: "x" }, "users.setPassword"],
    [{ id: "x" }, "id"],
    [{ credentialsVersion: 9 }, "credentialsVersion"],
    [{ createdAt: 0 }, "createdAt"],
    [{ disabledAt: null }, "users.enable"],
    [{ name: "Ann", plan: "gold" }, '"plan"'],
    [{ name: 7 }, "change.name is a number"],
    [{ email: null }, "change.email is null"],
  ])("refuses %j, names the member, and changes nothing", async (change, named) => {
    const { auth } = openServer();
    const before = await auth.users.create(ANN);
    const error: unknown = await auth.users.update(before.id, change as never).catch((reason) => reason);
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(named) });
    expect(await auth.users.get(before.id)).toEqual(before);
  });

  it.each([null, "name", [1]])("refuses the change %j as no object", async (change) => {
    const { auth } = openServer();
    await expect(auth.users.update("x", change as never)).rejects.toThrow("but it must be an object");
    await expect(auth.users.update("x", { email: NEW, emailVerified: "yes" } as never)).rejects.toThrow(
      "users.update: emailVerified",
    );
  });
});

describe("an address that is changed by hand", () => {
  it("is where the user signs in, in normal form, and their sessions stay", async () => {
    const { auth, browser, events, signedIn } = openServer();
    const ann = await signedIn();
    const { id = "" } = (await auth.users.find(ANN)) ?? {};
    const update = { email: "  NEW@Example.com", emailVerified: true };
    expect(await auth.users.update(id, update)).toMatchObject({ email: NEW, emailVerified: true });
    expect(events.at(-1)).toMatchObject({ type: "user.email_changed", userId: id });
    expect(await auth.users.find(ANN)).toBeNull();
    expect((await ann.get("/auth/me")).status).toBe(200);
    expect((await browser().post("/auth/login", ANN)).status).toBe(401);
    expect((await browser().post("/auth/login", { ...ANN, email: NEW })).status).toBe(200);
  });

  it("is not proved unless the caller says so, and the first proof of its mailbox removes the password", async () => {
    const { auth, browser } = openServer();
    const { id } = await auth.users.create({ ...ANN, emailVerified: true });
    expect(await auth.users.update(id, { email: NEW })).toMatchObject({ email: NEW, emailVerified: false });
    expect((await browser().post("/auth/login", { ...ANN, email: NEW })).status).toBe(200);
    await auth.users.confirmEmail(id);
    expect(await auth.users.get(id)).toMatchObject({ emailVerified: true });
    expect((await browser().post("/auth/login", { ...ANN, email: NEW })).status).toBe(401);
  });

  it("makes the tokens of earlier messages invalid", async () => {
    const { auth, inbox } = openMailingServer();
    const { id } = await auth.users.create(ANN);
    await auth.users.forgotPassword(ANN.email);
    const token = await inbox.token("reset");
    await auth.users.update(id, { email: NEW, emailVerified: true });
    await expect(auth.users.resetPassword(token, "chosen by another")).rejects.toMatchObject({
      code: "mail_token_invalid",
    });
  });

  it("is refused if another user has it, and then nothing changes", async () => {
    const { auth } = openServer();
    const before = await auth.users.create(ANN);
    await auth.users.create({ email: NEW });
    await expect(auth.users.update(before.id, { email: NEW, name: "Ann" })).rejects.toMatchObject({
      code: "identifier_taken",
    });
    expect(await auth.users.get(before.id)).toEqual(before);
  });

  it("may be the one that the user has, and is then not proved by this call", async () => {
    const { auth, store } = openServer();
    const { id } = await auth.users.create(ANN);
    const row = await store.users.get(id);
    for (const update of [{ email: ANN.email }, { email: ANN.email, emailVerified: false }]) {
      expect(await auth.users.update(id, { ...update, name: "Ann" })).toMatchObject({ name: "Ann" });
    }
    await expect(auth.users.update(id, { email: ANN.email, emailVerified: true })).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("users.confirmEmail"),
    });
    expect(await store.users.get(id)).toEqual({ ...row, name: "Ann" });
  });

  it("is changed once the credentials stop changing", async () => {
    const plain = memory();
    let changes = 0;
    const store = wrapped(plain, async (operation, call, [id]) => {
      if (operation === "users.changeEmail" && changes++ < 2) {
        await plain.users.update(String(id), {}, { ifVersion: null, raiseVersion: true });
      }
      return call();
    });
    const { auth } = openServer({ store });
    const { id } = await auth.users.create(ANN);
    expect(await auth.users.update(id, { email: NEW })).toMatchObject({ email: NEW });
    changes = -9;
    await expect(auth.users.update(id, { email: ANN.email })).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});

interface Member extends User {
  readonly plan: "free" | "gold";
}

/** Users of the application, with a column of their own. */
function membersOf(): UserStore<Member> {
  const { users } = memory();
  const plans = new Map<string, Member["plan"]>();
  const read = (user: User | null): Member | null =>
    user === null ? null : { ...user, plan: plans.get(user.id) ?? "free" };
  return {
    ...users,
    get: async (id) => read(await users.get(id)),
    find: async (identifier) => read(await users.find(identifier)),
    list: async (range) => ((await users.list?.(range)) ?? []).flatMap((user) => read(user) ?? []),
    findByAccount: async (account) => read(await users.findByAccount(account)),
    update: async (id, { plan, ...change }, options) => {
      if (plan !== undefined) plans.set(id, plan);
      return read(await users.update(id, change, options));
    },
    changeEmail: async (id, email, ifVersion, verified) => {
      const changed = await users.changeEmail(id, email, ifVersion, verified);
      return changed === "taken" ? "taken" : read(changed);
    },
  };
}

describe("users of the application's own store", () => {
  const authOf = (users: UserStore<Member>) =>
    createAuth({ store: memory(), users, providers: [cheapPassword()], onError: () => undefined });

  it("have members of their own in a change", async () => {
    const auth = authOf(membersOf());
    const { id } = await auth.users.create(ANN);
    const changed = await auth.users.update(id, { plan: "gold", name: "Ann", email: NEW });
    expect(changed).toMatchObject({ plan: "gold", name: "Ann", email: NEW, emailVerified: false });
    type Update = Parameters<typeof auth.users.update>[1];
    expectTypeOf<Update["plan"]>().toEqualTypeOf<"free" | "gold" | undefined>();
    expectTypeOf<"passwordHash" extends keyof Update ? true : false>().toEqualTypeOf<false>();
  });

  it("get no proved address from a store that does not know the argument", async () => {
    const users = membersOf();
    const { changeEmail } = users;
    const auth = authOf({ ...users, changeEmail: (id, email, version) => changeEmail(id, email, version) });
    const { id } = await auth.users.create(ANN);
    await expect(auth.users.update(id, { email: NEW })).rejects.toMatchObject({ code: "internal_error" });
    expect(await auth.users.get(id)).toMatchObject({ email: NEW, emailVerified: false });
  });

  it("need changeEmail to change an address, and the error says so", async () => {
    const { changeEmail: _, ...users } = membersOf();
    const auth = authOf(users as UserStore<Member>);
    const { id } = await auth.users.create(ANN);
    await expect(auth.users.update(id, { email: NEW })).rejects.toThrow("users has no changeEmail");
  });
});
