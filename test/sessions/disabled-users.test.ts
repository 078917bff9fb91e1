import { memory } from "@latchkey/core/memory";
import { type PasswordHasher, password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { ANN, cheapHasher, openServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

// Several layers refuse the sign-in of a disabled user. Each has its own test, so that none hides a fault of another.
describe("a disabled user with the right password", () => {
  it("is refused by the check of the password, after the same work, before a session or a hook", async () => {
    const checked: (string | null)[] = [];
    const hasher: PasswordHasher = {
      ...cheapHasher,
      verify: (input, stored) => {
        checked.push(stored);
        return cheapHasher.verify(input, stored);
      },
    };
    const { store, calls } = counted(memory());
    const started: string[] = [];
    const hooks = {
      signedIn: ({ user }: { readonly user: { readonly id: string } }) => void started.push(user.id),
    };
    const { auth, send } = openServer({ store, providers: [password({ hasher })], hooks });
    const { id } = await auth.users.create(ANN);
    await auth.users.disable(id);
    calls.length = 0;
    await expectError(await send("/auth/login", { method: "POST", body: ANN }), 401, "invalid_credentials");
    const unknown = { ...ANN, email: "unknown@example.com" };
    await expectError(
      await send("/auth/login", { method: "POST", body: unknown }),
      401,
      "invalid_credentials",
    );
    expect(checked).toEqual([null, null]);
    expect(calls).toEqual(["users.find", "users.find"]);
    expect(started).toEqual([]);
  });

  it.each([true, false])(
    "is refused by the start of the session if disabled after the check, with users elsewhere: %s",
    async (elsewhere) => {
      const store = memory();
      const { users } = elsewhere ? memory() : store;
      const hooks = {
        signedIn: async ({ user }: { readonly user: { readonly id: string } }) => {
          // Without a new version, as an application may write it.
          await users.update(user.id, { disabledAt: 1 }, { ifVersion: null, raiseVersion: false });
        },
      };
      const { auth, send } = openServer({ store, users, hooks });
      const { id } = await auth.users.create(ANN);
      await expectError(await send("/auth/login", { method: "POST", body: ANN }), 401, "invalid_credentials");
      expect(await auth.sessions.list(id)).toEqual([]);
    },
  );
});

it("A disabled user with a live access token gets no data", async () => {
  const { auth, store, signedIn } = openServer();
  const ann = await signedIn();
  expect((await ann.get("/auth/me")).status).toBe(200);
  expect(await (await ann.get("/auth/session")).json()).toMatchObject({ user: { email: ANN.email } });
  const user = await auth.users.find({ email: ANN.email });
  await store.users.update(user?.id ?? "", { disabledAt: 1 }, { ifVersion: null, raiseVersion: false });
  await expectError(await ann.get("/auth/me"), 401, "unauthenticated");
  expect(await (await ann.get("/auth/session")).json()).toEqual({ session: null, user: null });
});

describe("a disabled user with a live access token", () => {
  const password = ANN.password;
  it.each([
    ["/auth/reauthenticate", { password }],
    ["/auth/password/change", { currentPassword: password, newPassword: "an altogether new one" }],
    ["/auth/email/change", { email: "ann@new.example" }],
    ["/auth/email/verify/request", undefined],
  ] as const)("changes nothing by %s, and causes no message", async (path, body) => {
    const inbox = openInbox();
    const { auth, store, signedIn } = openServer({ mail: inbox.mail });
    const ann = await signedIn();
    const user = await auth.users.find({ email: ANN.email });
    await store.users.update(user?.id ?? "", { disabledAt: 1 }, { ifVersion: null, raiseVersion: false });
    await expectError(await ann.post(path, body), 401, "unauthenticated");
    expect(await inbox.messages()).toEqual([]);
  });
});
