import {
  type AccessClaims,
  type AuthEvent,
  createAuth,
  type ErrorCode,
  type JsonObject,
  type PublicUser,
  type Session,
  type User,
  type UserStore,
  type Validation,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import * as v from "valibot";
import { assertType, expectTypeOf, test } from "vitest";

// These are checked by the compiler alone: `tsc` fails where a type is not what a line says.

const schema = v.object({
  tenant: v.string(),
  role: v.picklist(["reader", "editor"]),
  seats: v.optional(v.number()),
});
type Context = v.InferOutput<typeof schema>;

/** Whether a property may be read: what an undefined key is not. */
type Has<T, Key extends PropertyKey> = Key extends keyof T ? true : false;
type Accepts<Parameter, Given> = Given extends Parameter ? true : false;

const auth = createAuth({
  store: memory(),
  providers: [password()],
  sessions: { context: { schema, from: () => ({ tenant: "acme", role: "reader" }) } },
});

test("A16 the context has the keys of the schema and no other", async () => {
  const found = await auth.validate(new Request("http://localhost/"));
  expectTypeOf(found).toEqualTypeOf<Validation<Context>>();
  if (!found.ok) return;
  expectTypeOf(found.session.context).toEqualTypeOf<Context>();
  expectTypeOf(found.session.context.role).toEqualTypeOf<"reader" | "editor">();
  expectTypeOf(found.session.context.seats).toEqualTypeOf<number | undefined>();
  expectTypeOf(found.session.context).not.toBeAny();
  expectTypeOf<Has<typeof found.session.context, "tenant">>().toEqualTypeOf<true>();
  expectTypeOf<Has<typeof found.session.context, "undefined_key">>().toEqualTypeOf<false>();
});

test("A16 the context has that type in every session and every call that takes one", async () => {
  type Create = NonNullable<Parameters<typeof auth.sessions.create>[1]>["context"];
  expectTypeOf<Accepts<Create, Context>>().toEqualTypeOf<true>();
  expectTypeOf<Accepts<Create, { readonly tenant: string }>>().toEqualTypeOf<false>();
  expectTypeOf<Accepts<Create, { readonly tenant: string; readonly role: "admin" }>>().toEqualTypeOf<false>();
  type Update = Parameters<typeof auth.sessions.update>[1]["context"];
  expectTypeOf<Update>().toEqualTypeOf<Context>();

  const created = await auth.sessions.create("user");
  expectTypeOf(created.session).toEqualTypeOf<Session<Context>>();
  const refreshed = await auth.sessions.refresh(created.refreshToken ?? "");
  if (refreshed.ok) expectTypeOf(refreshed.session.context).toEqualTypeOf<Context>();
  const verified = await auth.sessions.verify(created.accessToken);
  if (verified.ok) expectTypeOf(verified.session.context).toEqualTypeOf<Context>();
  const [listed] = await auth.sessions.list("user");
  expectTypeOf(listed?.context).toEqualTypeOf<Context | undefined>();
  expectTypeOf((await auth.sessions.get("id"))?.context).toEqualTypeOf<Context | undefined>();
});

test("A11 hooks and claims get the typed context", () => {
  createAuth({
    store: memory(),
    sessions: { context: { schema } },
    accessToken: {
      claims: (session, user) => {
        expectTypeOf(session.context).toEqualTypeOf<Context>();
        expectTypeOf(user).toEqualTypeOf<PublicUser>();
        // @ts-expect-error the application gets no password hash
        user.passwordHash;
        return { tenant: session.context.tenant };
      },
    },
    hooks: {
      validated: ({ session, claims }) => {
        expectTypeOf(session.context).toEqualTypeOf<Context>();
        expectTypeOf(claims).toEqualTypeOf<AccessClaims>();
        return session.context.role === "editor" ? undefined : false;
      },
      refreshed: ({ session }) => ({ context: { ...session.context, seats: 1 } }),
    },
  });
});

test("without a schema the context is plain JSON", async () => {
  const plain = createAuth({ store: memory() });
  const found = await plain.validate(new Request("http://localhost/"));
  if (found.ok) expectTypeOf(found.session.context).toEqualTypeOf<JsonObject>();
});

interface Member extends User {
  readonly plan: "free" | "gold";
}

test("S5 serialize, hooks and auth.users have the user type of the user store", async () => {
  const users: UserStore<Member> = {
    ...memory().users,
    get: async () => null,
    find: async () => null,
    findByAccount: async () => null,
    list: async () => [],
    update: async () => null,
    changeEmail: async () => null,
  };
  const club = createAuth({
    store: memory(),
    users,
    user: {
      serialize: (user) => {
        expectTypeOf(user).toEqualTypeOf<PublicUser<Member>>();
        return { id: user.id, plan: user.plan };
      },
    },
    hooks: { signedIn: ({ user }) => expectTypeOf(user.plan).toEqualTypeOf<"free" | "gold">() && undefined },
  });
  expectTypeOf(await club.users.get("id")).toEqualTypeOf<PublicUser<Member> | null>();
  expectTypeOf(await auth.users.get("id")).toEqualTypeOf<PublicUser | null>();
});

test("codes and events are closed unions", () => {
  expectTypeOf<string extends ErrorCode ? true : false>().toEqualTypeOf<false>();
  expectTypeOf<string extends AuthEvent["type"] ? true : false>().toEqualTypeOf<false>();
  assertType<ErrorCode>("refresh_token_reused");
  type Refused = Extract<Validation<Context>, { ok: false }>;
  expectTypeOf<Has<Refused, "session">>().toEqualTypeOf<false>();
  expectTypeOf<Refused["code"]>().toEqualTypeOf<ErrorCode>();
});

test("a callback without parameters preserves the literal types of the context", () => {
  createAuth({
    store: memory(),
    sessions: { context: { schema, from: () => ({ tenant: "acme", role: "reader" }) } },
    hooks: {
      signedIn: () => ({ context: { tenant: "acme", role: "editor" } }),
      refreshed: async () => ({ context: { tenant: "acme", role: "editor" } }),
      validated: () => ({ context: { tenant: "acme", role: "editor" } }),
    },
  });
});
