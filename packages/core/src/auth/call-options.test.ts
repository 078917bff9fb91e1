import { describe, expect, it } from "vitest";
import { memory } from "../memory.ts";
import { password } from "../password/provider.ts";
import { scryptHasher } from "../password/scrypt.ts";
import { createAuth } from "./create-auth.ts";

const hasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });
const auth = createAuth({ store: memory(), providers: [password({ hasher })] });
const PASSWORD = "correct horse battery";
const request = new Request("http://localhost/");

type Call = (options: never) => Promise<unknown>;

/** Every call that takes options, and its options. */
const CALLS: readonly (readonly [name: string, call: Call, members: readonly string[]])[] = [
  [
    "validate",
    (how) => auth.validate(request, how),
    ["refresh", "fresh", "maxAge", "amr", "clientAddress", "waitUntil"],
  ],
  ["stepUp", async (bounds) => auth.stepUp(await auth.validate(request), bounds), ["maxAge", "amr"]],
  [
    "sessions.create",
    (options) => auth.sessions.create("x", options),
    ["context", "device", "transport", "amr", "accessLifetime", "refreshLifetime", "refresh", "remember"],
  ],
  ["sessions.verify", (how) => auth.sessions.verify("x", how), ["transport"]],
  ["sessions.update", (change) => auth.sessions.update("x", change), ["context"]],
  ["sessions.revokeAll", (options) => auth.sessions.revokeAll("x", options), ["except"]],
  ["sessions.prune", (options) => auth.sessions.prune(options), ["userId"]],
  [
    "users.create",
    (user) => auth.users.create(user),
    ["email", "username", "name", "picture", "password", "emailVerified"],
  ],
  ["users.list", (options) => auth.users.list(options), ["after", "limit", "query"]],
  [
    "users.endSessionURL",
    (options) => auth.users.endSessionURL("x", "stub", options),
    ["redirectTo", "state"],
  ],
  ["users.setPassword", (options) => auth.users.setPassword("x", PASSWORD, options), ["provesEmail"]],
];

async function messageFor(call: Call, options: unknown): Promise<string> {
  const error: unknown = await call(options as never).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TypeError);
  return error instanceof Error ? error.message : "";
}

describe.each(CALLS)("%s", (name, call, members) => {
  it.each(members)("suggests %s for its misspelling", async (member) => {
    expect(await messageFor(call, { [`${member}x`]: "hidden" })).toBe(
      `${member}x is not an option of ${name}: did you mean ${member}?`,
    );
  });

  it("lists the options that exist, and refuses a value that is no object", async () => {
    expect(await messageFor(call, { q: 1 })).toBe(
      `q is not an option of ${name}: remove it, or write one of ${members.join(", ")}`,
    );
    expect(await messageFor(call, null)).toBe(`${name} takes options as an object, and got null`);
  });
});

describe("a wrong value in the options of a call", () => {
  it.each<[Call, object, string]>([
    [
      (how) => auth.validate(request, how),
      { refresh: false },
      'validate: refresh is false, but it must be "auto" or "never"',
    ],
    [
      (how) => auth.validate(request, how),
      { fresh: "yes" },
      'validate: fresh is "yes", but it must be true or false',
    ],
    [
      (how) => auth.validate(request, how),
      { maxAge: "15m" },
      'validate: maxAge is "15m", but it must be whole seconds above 0: write seconds as a number, such as minutes(15)',
    ],
    [
      (how) => auth.validate(request, how),
      { amr: "pwd" },
      'validate: amr is "pwd", but it must be a list of methods, such as ["pwd"]',
    ],
    [
      async (bounds) => auth.stepUp(await auth.validate(request), bounds),
      { amr: [] },
      'stepUp: amr is a list, but it must be a list of methods, such as ["pwd"]',
    ],
    [
      (how) => auth.sessions.verify("x", how),
      { transport: "header" },
      'sessions.verify: transport is "header", but it must be "cookie" or "bearer"',
    ],
    [
      (options) => auth.sessions.create("x", options),
      { device: "phone" },
      "sessions.create: device is a string, but it must be an object with userAgent, address",
    ],
    [
      (options) => auth.sessions.create("x", options),
      { device: { useragent: "phone" } },
      "device.useragent is not an option of sessions.create: did you mean device.userAgent?",
    ],
    [
      (user) => auth.users.create(user),
      { email: "ann@example.com", emailVerified: "true" },
      'users.create: emailVerified is "true", but it must be true or false',
    ],
    [
      (options) => auth.users.setPassword("x", PASSWORD, options),
      { provesEmail: "true" },
      'users.setPassword: provesEmail is "true", but it must be true or false',
    ],
    [
      (how) => auth.validate(request, how),
      { clientAddress: 7 },
      "validate: clientAddress is 7, but it must be a string or null",
    ],
    [
      (how) => auth.validate(request, how),
      { waitUntil: true },
      "validate: waitUntil is true, but it must be a function",
    ],
  ])("is refused in %o with the message %o", async (call, options, message) => {
    expect(await messageFor(call, options)).toBe(message);
  });

  it("is shown with its bound where it is a lifetime of a session", async () => {
    const { id } = await auth.users.create({ email: "lea@example.com" });
    const create = (options: object): Promise<unknown> => auth.sessions.create(id, options);
    await expect(create({ accessLifetime: 119 })).rejects.toThrow(
      new TypeError(
        "sessions.create: accessLifetime is 119, but it must be at least 2 × refreshToken.lease (120 seconds): write minutes(2) or more",
      ),
    );
    await expect(create({ refreshLifetime: 719 })).rejects.toThrow(
      new TypeError(
        "sessions.create: refreshLifetime is 719, but it must be at least accessLifetime + 2 × refreshToken.lease (720 seconds): write minutes(12) or more, or null for no end",
      ),
    );
    await expect(create({ accessLifetime: "15m" })).rejects.toMatchObject({
      code: "invalid_request",
      message:
        'sessions.create: accessLifetime is "15m", but it must be whole seconds above 0: write seconds as a number, such as minutes(15)',
    });
  });
});

it("a misspelled option of prune or revokeAll ends no session", async () => {
  const { id } = await auth.users.create({ email: "ann@example.com", password: PASSWORD });
  const { session } = await auth.sessions.create(id);
  await expect(auth.sessions.revokeAll(id, { excpet: session.id } as never)).rejects.toThrow(TypeError);
  await expect(auth.sessions.prune({ userid: id } as never)).rejects.toThrow(TypeError);
  expect((await auth.sessions.list(id)).map((each) => each.id)).toEqual([session.id]);
});
