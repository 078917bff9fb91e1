import {
  AuthError,
  applyValidation,
  createAuth,
  emailCode,
  magicLink,
  safeRedirect,
  type Validation,
  writeValidation,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator } from "@latchkey/core/validator";
import { beforeAll, describe, expect, it } from "vitest";
import { ANN, cheapPassword, openServer } from "../fixtures/server.ts";

const HOSTILE: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  true: true,
  "1": 1,
  NaN: Number.NaN,
  "a bigint": 1n,
  "a symbol": Symbol("x"),
  "a function": () => "x",
  "an object": {},
  "an object of no prototype": Object.create(null),
  "a list": [],
  "a list of a text": ["x"],
  "a throwing toString": {
    toString() {
      throw new Error("toString");
    },
  },
  "a throwing toPrimitive": {
    [Symbol.toPrimitive]() {
      throw new Error("toPrimitive");
    },
  },
  "a throwing toJSON": {
    toJSON() {
      throw new Error("toJSON");
    },
  },
  "a circle": circle(),
  "a date": new Date(0),
  "a map": new Map(),
  "a promise": Promise.resolve("x"),
  "a query": {
    // biome-ignore lint/suspicious/noThenProperty: this is what such a query is
    then: () => undefined,
  },
  "a wrapped text": Object("x"),
  "an empty text": "",
  "a NUL": "\0",
  "a long text": "x".repeat(1_000_000),
  "a lone surrogate": "\ud800",
  "a name of the prototype": "__proto__",
};

function circle(): object {
  const made: Record<string, unknown> = {};
  made["self"] = made;
  return made;
}

const { auth } = openServer({
  onError: () => undefined,
  mail: { send: () => undefined },
  providers: [cheapPassword(), magicLink(), emailCode()],
});
let userId = "";
let sessionId = "";
beforeAll(async () => {
  userId = (await auth.users.create(ANN)).id;
  sessionId = (await auth.sessions.create(userId)).session.id;
});

type Call = (value: never) => unknown;

const PASSWORDS = { currentPassword: "wrong", newPassword: "a different staple" };

/** Every function, with the hostile value in each place. One that is not listed is a type error. */
const CALLS: {
  readonly [Part in "users" | "sessions" | "keys"]: Readonly<
    Record<keyof (typeof auth)[Part], readonly (readonly [argument: string, call: Call])[]>
  >;
} = {
  users: {
    create: [
      ["user", (value) => auth.users.create(value)],
      ["user.email", (email) => auth.users.create({ email })],
      ["user.username", (username) => auth.users.create({ username })],
      ["user.name", (name) => auth.users.create({ email: `${Math.random()}@example.com`, name })],
      ["user.password", (password) => auth.users.create({ email: "bob@example.com", password })],
      [
        "user.emailVerified",
        (emailVerified) => auth.users.create({ email: `${Math.random()}@example.com`, emailVerified }),
      ],
    ],
    get: [["id", (id) => auth.users.get(id)]],
    find: [
      ["identifier", (value) => auth.users.find(value)],
      ["identifier.email", (email) => auth.users.find({ email })],
      ["identifier.username", (username) => auth.users.find({ username })],
    ],
    update: [
      ["id", (id) => auth.users.update(id, { name: "Ann" })],
      ["change", (change) => auth.users.update(userId, change)],
      ["change.name", (name) => auth.users.update(userId, { name })],
      ["change.picture", (picture) => auth.users.update(userId, { picture })],
      ["change.email", (email) => auth.users.update(userId, { email })],
      ["emailVerified", (emailVerified) => auth.users.update(userId, { email: ANN.email, emailVerified })],
      ["change.plan", (plan) => auth.users.update(userId, { plan } as never)],
    ],
    list: [
      ["options", (options) => auth.users.list(options)],
      ["options.after", (after) => auth.users.list({ after })],
      ["options.query", (query) => auth.users.list({ query })],
      ["limit", (limit) => auth.users.list({ limit })],
    ],
    import: [
      ["rows", (rows) => auth.users.import(rows)],
      ["a row", (row) => auth.users.import([row])],
      ["a member", (value) => auth.users.import([{ email: value, id: value, accounts: value }])],
      ["a hash", (passwordHash) => auth.users.import([{ username: "x", passwordHash }])],
    ],
    setPassword: [
      ["id", (id) => auth.users.setPassword(id, "a different staple")],
      ["password", (password) => auth.users.setPassword(userId, password)],
      ["options", (options) => auth.users.setPassword(userId, "a different staple", options)],
      ["provesEmail", (provesEmail) => auth.users.setPassword(userId, "a different staple", { provesEmail })],
    ],
    forgotPassword: [["email", (email) => auth.users.forgotPassword(email)]],
    resetPassword: [
      ["token", (token) => auth.users.resetPassword(token, "a different staple")],
      ["newPassword", (newPassword) => auth.users.resetPassword("x", newPassword)],
    ],
    changePassword: [
      ["id", (id) => auth.users.changePassword(id, PASSWORDS)],
      ["change", (change) => auth.users.changePassword(userId, change)],
      [
        "change.currentPassword",
        (currentPassword) => auth.users.changePassword(userId, { ...PASSWORDS, currentPassword }),
      ],
      [
        "change.newPassword",
        (newPassword) => auth.users.changePassword(userId, { ...PASSWORDS, newPassword }),
      ],
    ],
    requestEmailVerification: [["email", (email) => auth.users.requestEmailVerification(email)]],
    verifyEmail: [
      ["token", (token) => auth.users.verifyEmail(token)],
      ["options", (options) => auth.users.verifyEmail("x", options)],
      ["password", (password) => auth.users.verifyEmail("x", { password })],
    ],
    invite: [["email", (email) => auth.users.invite(email)]],
    confirmEmail: [["id", (id) => auth.users.confirmEmail(id)]],
    disable: [["id", (id) => auth.users.disable(id)]],
    enable: [["id", (id) => auth.users.enable(id)]],
    delete: [["id", (id) => auth.users.delete(id)]],
    changeEmail: [
      ["id", (id) => auth.users.changeEmail(id, "other@example.com")],
      ["email", (email) => auth.users.changeEmail(userId, email)],
    ],
    confirmEmailChange: [["token", (token) => auth.users.confirmEmailChange(token)]],
    undoEmailChange: [["token", (token) => auth.users.undoEmailChange(token)]],
    sendLink: [["email", (email) => auth.users.sendLink(email)]],
    redeemLink: [["token", (token) => auth.users.redeemLink(token)]],
    sendCode: [["email", (email) => auth.users.sendCode(email)]],
    redeemCode: [
      ["email", (email) => auth.users.redeemCode(email, "123456")],
      ["code", (code) => auth.users.redeemCode(ANN.email, code)],
    ],
    accounts: [["id", (id) => auth.users.accounts(id)]],
    unlink: [
      ["id", (id) => auth.users.unlink(id, "stub")],
      ["provider", (provider) => auth.users.unlink(userId, provider)],
    ],
    endSessionURL: [
      ["id", (id) => auth.users.endSessionURL(id, "stub")],
      ["provider", (provider) => auth.users.endSessionURL(userId, provider)],
      ["options", (options) => auth.users.endSessionURL(userId, "stub", options)],
      ["redirectTo", (redirectTo) => auth.users.endSessionURL(userId, "stub", { redirectTo })],
      ["state", (state) => auth.users.endSessionURL(userId, "stub", { state })],
    ],
    providerTokens: [
      ["id", (id) => auth.users.providerTokens(id, "stub")],
      ["provider", (provider) => auth.users.providerTokens(userId, provider)],
    ],
  },
  sessions: {
    create: [
      ["userId", (id) => auth.sessions.create(id)],
      ["options", (options) => auth.sessions.create(userId, options)],
      ["context", (context) => auth.sessions.create(userId, { context })],
      ["context.x", (x) => auth.sessions.create(userId, { context: { x } })],
      ["device", (device) => auth.sessions.create(userId, { device })],
      ["device.address", (address) => auth.sessions.create(userId, { device: { address } })],
      ["transport", (transport) => auth.sessions.create(userId, { transport })],
      ["amr", (amr) => auth.sessions.create(userId, { amr })],
      ["amr[0]", (method) => auth.sessions.create(userId, { amr: [method] })],
      ["accessLifetime", (accessLifetime) => auth.sessions.create(userId, { accessLifetime })],
      ["refreshLifetime", (refreshLifetime) => auth.sessions.create(userId, { refreshLifetime })],
      ["refresh", (refresh) => auth.sessions.create(userId, { refresh })],
    ],
    refresh: [["refreshToken", (token) => auth.sessions.refresh(token)]],
    verify: [
      ["token", (token) => auth.sessions.verify(token)],
      ["options", (options) => auth.sessions.verify("x", options)],
    ],
    get: [["id", (id) => auth.sessions.get(id)]],
    list: [["userId", (id) => auth.sessions.list(id)]],
    update: [
      ["id", (id) => auth.sessions.update(id, { context: {} })],
      ["change", (change) => auth.sessions.update(sessionId, change)],
      ["context", (context) => auth.sessions.update(sessionId, { context })],
      ["context.x", (x) => auth.sessions.update(sessionId, { context: { x } })],
    ],
    revoke: [["id", (id) => auth.sessions.revoke(id)]],
    revokeAll: [
      ["userId", (id) => auth.sessions.revokeAll(id)],
      ["options", (options) => auth.sessions.revokeAll(userId, options)],
      ["except", (except) => auth.sessions.revokeAll(userId, { except })],
    ],
    prune: [
      ["options", (options) => auth.sessions.prune(options)],
      ["userId", (id) => auth.sessions.prune({ userId: id })],
    ],
  },
  keys: { jwks: [], rotate: [], revoke: [["kid", (kid) => auth.keys.revoke(kid)]] },
};

const validator = createValidator({ jwksUrl: "https://app.example.com/auth/jwks", issuer: "x" });
const unauthenticated = await auth.validate(new Request("http://localhost/"));

const ENTRIES: readonly (readonly [title: string, call: Call])[] = [
  ["auth.handle(request)", (request) => auth.handle(request)],
  ["auth.handle(, host)", (host) => auth.handle(new Request("http://localhost/auth/me"), host)],
  ["auth.handlers.me(request)", (request) => auth.handlers.me(request)],
  ["auth.validate(request)", (request) => auth.validate(request)],
  ["auth.validate(, options)", (options) => auth.validate(new Request("http://localhost/"), options)],
  ["createValidator().validate(request)", (request) => validator.validate(request)],
  ["createValidator(options)", (options) => createValidator(options)],
  ["createAuth(options)", (options) => createAuth(options)],
  ["createAuth({ store })", (store) => createAuth({ store })],
  ["createAuth({ providers })", (providers) => createAuth({ store: memory(), providers })],
  ["password().parseIdentifier", (identifier) => cheapPassword(identifier)],
  ["applyValidation(response)", (response) => applyValidation(response, unauthenticated)],
  [
    "applyValidation(, validation)",
    (validation) => applyValidation(new Response(), validation as Validation),
  ],
  ["writeValidation(headers)", (headers) => writeValidation(headers, unauthenticated)],
  ["writeValidation(, validation)", (validation) => writeValidation(new Headers(), validation as Validation)],
  ["safeRedirect(target)", (target) => safeRedirect(target)],
  ["safeRedirect(, options)", (options) => safeRedirect("/", options)],
];

const cases: readonly (readonly [title: string, call: Call])[] = [
  ...Object.entries(CALLS).flatMap(([part, functions]) =>
    Object.entries<readonly (readonly [string, Call])[]>(functions).flatMap(([name, calls]) =>
      calls.map(([argument, call]) => [`auth.${part}.${name}: ${argument}`, call] as const),
    ),
  ),
  ...ENTRIES,
];

const CODES: ReadonlySet<string> = new Set([
  ..."invalid_request not_found invalid_credentials weak_password identifier_taken internal_error".split(" "),
  "mail_token_invalid",
]);

/** What a call told: nothing, the code of an AuthError, or the message of another error. */
async function toldBy(call: Call, value: unknown): Promise<string | null> {
  try {
    await call(value as never);
    return null;
  } catch (error) {
    if (error instanceof AuthError) return CODES.has(error.code) ? null : error.code;
    const isOptionError = error instanceof TypeError && OPTION_ERROR.test(error.message);
    return isOptionError ? null : String(error);
  }
}

/** The form of the messages that `checkMembers` and the checks of options write. */
const OPTION_ERROR =
  /is not an option of|takes options as an object|, but it |is missing|has no |takes jwksUrl|must be |is the function/;

describe.each(cases)("%s", (_, call) => {
  it.each(Object.keys(HOSTILE))("fails by no raw error for %s", async (title) => {
    expect(await toldBy(call, HOSTILE[title])).toBeNull();
  });
});

describe("the message", () => {
  it.each([
    [
      () => auth.users.setPassword("x", 1 as never),
      "users.setPassword: password is a number, but it must be a string",
    ],
    [
      () => auth.users.setPassword(null as never, ""),
      "users.setPassword: id is null, but it must be a string",
    ],
    [
      () => auth.users.create({ email: "a@b.example", password: null as never }),
      "users.create: user.password is null, but it must be a string",
    ],
    [
      () => auth.users.find(undefined as never),
      "users.find: identifier is undefined, but it must be { email } or { username }",
    ],
    [
      () => auth.users.find({ email: 5 as never }),
      "users.find: identifier.email is a number, but it must be a string",
    ],
    [() => auth.sessions.get(5 as never), "sessions.get: id is a number, but it must be a string"],
    [
      () => auth.sessions.prune({ userId: null as never }),
      "sessions.prune: options.userId is null, but it must be a string",
    ],
    [
      () => auth.sessions.revokeAll("x", { except: 1 as never }),
      "sessions.revokeAll: options.except is a number, but it must be a string",
    ],
    [() => auth.keys.revoke([] as never), "keys.revoke: kid is a list, but it must be a string"],
    [() => auth.validate(1 as never), "validate: request is a number, but it must be a Request"],
    [
      async () => applyValidation(null as never, unauthenticated),
      "applyValidation: response is null, but it must be a Response",
    ],
    [
      async () => applyValidation(new Response(), {} as never),
      "applyValidation: validation is an object, but it must be what auth.validate returned",
    ],
    [
      async () => writeValidation({} as never, unauthenticated),
      "writeValidation: headers is an object, but it must be the Headers of a response",
    ],
  ])("names the argument: %s", async (call, message) => {
    await expect(call()).rejects.toMatchObject({ code: "invalid_request", message });
  });
});
