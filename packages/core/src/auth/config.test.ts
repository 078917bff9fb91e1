import { describe, expect, it } from "vitest";
import { emailCode, magicLink } from "../mail/providers.ts";
import { memory } from "../memory.ts";
import { github } from "../oauth/providers/github.ts";
import { google } from "../oauth/providers/google.ts";
import { password } from "../password/provider.ts";
import { minutes } from "../platform/time.ts";
import { defaultLimits } from "../throttle/throttle.ts";
import { checkOptions } from "./config.ts";
import type { Shape } from "./option-shape.ts";
import { optionsSchema } from "./schema.ts";

const JWK = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  kid: "a",
};
const store = memory();

/** What is said of these options; empty where they are right. */
function messageFor(options: object): string {
  try {
    checkOptions({ store, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

/** Options with one value at a path such as `cookies.previous[0].name`. */
function optionsAt(path: string, value: unknown): object {
  const [, name = "", rest = ""] = /^(\w+)(.*)$/.exec(path) ?? [];
  return { [name]: valueAt(rest, value) };
}

/** The same with members beside the last one, and for `mail` beside the first one inside. */
function optionsBeside(path: string, value: unknown, siblings: object): object {
  const cut = path.startsWith("mail.") ? "mail".length : path.lastIndexOf(".");
  if (Object.keys(siblings).length === 0) return optionsAt(path, value);
  return optionsAt(path.slice(0, cut), { ...siblings, ...optionsAt(path.slice(cut + 1), value) });
}

function valueAt(rest: string, value: unknown): unknown {
  if (rest === "") return value;
  if (rest.startsWith("[0]")) return [valueAt(rest.slice(3), value)];
  return optionsAt(rest.slice(1), value);
}

/** Every option that the schema describes, by its path. */
function pathsOf(shape: Shape, path: string): readonly string[] {
  const inner = shape.wrapped ?? shape.getter?.({});
  if (inner !== undefined) return pathsOf(inner, path);
  const item = shape.item === undefined ? [] : pathsOf(shape.item, `${path}[0]`);
  const members = shape.type === "strict_object" ? Object.entries(shape.entries ?? {}) : [];
  const inside = path === "" ? "" : `${path}.`;
  return [path, ...item, ...members.flatMap(([name, member]) => pathsOf(member, inside + name))];
}

/** Every option but the whole. */
const described = pathsOf(optionsSchema as Shape, "").filter((path) => path !== "");
const members = described.filter((path) => !path.endsWith("]"));
/** Options that must be there, and those beside them. */
const REQUIRED = /^store$|^mail\.|^sessions\.context\.|^rateLimit\.\w+\.|^cookies\.previous\[0\]\./;
const schema = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

const DAY_TEXT = "write seconds as a number, such as days(1)";
const PAGES = ["verify", "reset", "change", "undo", "link", "invitation"];
const TEXTS = [
  "verify",
  "reset",
  "change",
  "changed_notice",
  "magic_link",
  "code",
  "invitation",
  "new_device",
  "password_changed",
  "session_ended_by_reuse",
];
const send = (): void => undefined;
const OBJECT = "is 5, but it must be an object with";
const STORE = "pass a Store such as memory()";
const RULES = [
  "device",
  "account",
  "accountTotal",
  "signIn",
  "signUp",
  "mailbox",
  "mail",
  "refresh",
  "unprovenRefresh",
];

/** A wrong value for every option, and what is said of it. */
const WRONG: readonly (readonly [path: string, value: unknown, message: string, siblings?: object])[] = [
  ["store", 5, `store is 5, but it must be a Store: ${STORE}`],
  ["providers", 5, "providers is 5, but it must be a list: write [password()]"],
  ["providers[0]", "google", 'providers[0] is "google", but it must be a provider such as password()'],
  ["linkByEmail", "false", 'linkByEmail is "false", but it must be true or false'],
  ["signUp", "yes", 'signUp is "yes", but it must be one of "open", "invited", "closed"'],
  ["oauth", "/sign-in", "oauth is a string, but it must be an object with errorURL"],
  ["oauth.errorURL", 7, "oauth.errorURL is 7, but it must be a string"],
  [
    "oauth.errorURL",
    "https://evil.example/",
    'oauth.errorURL is "https://evil.example/", but it must be a page of the application or of an origin in trustedOrigins, and none below /auth: write a path such as "/sign-in"',
  ],
  ["baseURL", 5, "baseURL is 5, but it must be a string"],
  [
    "basePath",
    "auth",
    'basePath is "auth", but it must begin with / and have plain characters only: write a path such as /auth',
  ],
  [
    "trustedOrigins",
    5,
    'trustedOrigins is 5, but it must be a list of origins: write one such as ["https://spa.example.com"]',
  ],
  ["trustedOrigins[0]", 5, "trustedOrigins[0] is 5, but it must be a string"],
  ["cors", 5, `cors ${OBJECT} allowHeaders`],
  ["cors.allowHeaders", 5, 'cors.allowHeaders is 5, but it must be a list: write ["x-id"]'],
  ["cors.allowHeaders[0]", 5, "cors.allowHeaders[0] is 5, but it must be a string"],
  [
    "secret",
    5,
    "secret is a number, but it must be a string of at least 32 bytes, or a list of such strings",
  ],
  ["accessToken", 5, `accessToken ${OBJECT} lifetime, algorithm, issuer, audience, claims`],
  [
    "accessToken.lifetime",
    "15m",
    'accessToken.lifetime is "15m", but it must be whole seconds: write seconds as a number, such as minutes(15)',
  ],
  [
    "accessToken.algorithm",
    "none",
    'accessToken.algorithm is "none", but it must be one of "EdDSA", "ES256", "RS256", "PS256", "HS256"',
  ],
  ["accessToken.issuer", 5, "accessToken.issuer is 5, but it must be a string"],
  [
    "accessToken.audience",
    "",
    'accessToken.audience is "", but it must not be empty: leave it out, or write a value',
  ],
  ["accessToken.claims", {}, "accessToken.claims is an object, but it must be a function"],
  [
    "refreshToken",
    true,
    "refreshToken is true, but it must be false, or an object with lifetime, maxLifetime, lease, refreshBefore",
  ],
  ["refreshToken.lifetime", "1d", `refreshToken.lifetime is "1d", but it must be whole seconds: ${DAY_TEXT}`],
  [
    "refreshToken.maxLifetime",
    "1d",
    `refreshToken.maxLifetime is "1d", but it must be whole seconds: ${DAY_TEXT}`,
  ],
  ["refreshToken.lease", -1, "refreshToken.lease is -1, but it must be 0 or more"],
  [
    "refreshToken.refreshBefore",
    1.5,
    "refreshToken.refreshBefore is 1.5, but it must be whole seconds: write seconds as a number, such as minutes(15)",
  ],
  ["keys", 5, `keys ${OBJECT} rotateEvery, provided`],
  ["keys.rotateEvery", 60, "keys.rotateEvery is 60, but it must be hours(1) or more"],
  ["keys.provided", "hidden", "keys.provided is a string, but it must be a list of keys as JWK objects"],
  [
    "keys.provided[0]",
    "hidden",
    "keys.provided[0] is a string, but it must be a private key as a JWK object",
  ],
  ["cookies", 5, `cookies ${OBJECT} names, previous, domain, sameSite, partitioned, refreshPath`],
  ["cookies.names", 5, `cookies.names ${OBJECT} access, refresh`],
  ...["__Host-sid", "__Secure-sid", "__Http-sid", "__Host-Http-sid", "__hTTP-sid"].map(
    (name): readonly [string, unknown, string] => [
      "cookies.names.access",
      name,
      `cookies.names.access is "${name}", but it must be without prefix: Latchkey adds the right one`,
    ],
  ),
  [
    "cookies.names.refresh",
    "a b",
    'cookies.names.refresh is "a b", but it must not have a character that no cookie name can have: write letters, digits, - . _',
  ],
  [
    "cookies.previous",
    "sid",
    'cookies.previous is a string, but it must be a list: write one such as [{ name: "sid" }]',
  ],
  ["cookies.previous[0]", 5, `cookies.previous[0] ${OBJECT} name, domain, path`],
  [
    "cookies.previous[0].name",
    "a=b",
    'cookies.previous[0].name is "a=b", but it must not have a character that no cookie name can have',
  ],
  [
    "cookies.previous[0].domain",
    ".example.com",
    'cookies.previous[0].domain is ".example.com", but it must be a bare domain in lower case: write it as example.com',
    { name: "sid" },
  ],
  [
    "cookies.previous[0].path",
    "x",
    'cookies.previous[0].path is "x", but it must begin with / and have plain characters only: write a path such as /auth',
    { name: "sid" },
  ],
  [
    "cookies.domain",
    "https://example.com",
    'cookies.domain is "https://example.com", but it must be a bare domain in lower case: write it as example.com',
  ],
  ["cookies.sameSite", "Lax", 'cookies.sameSite is "Lax", but it must be one of "lax", "strict", "none"'],
  ["cookies.partitioned", "yes", 'cookies.partitioned is "yes", but it must be true or false'],
  ["cookies.refreshPath", "/x", 'cookies.refreshPath is "/x", but it must be "/" or basePath, "/auth"'],
  ["bearer", 5, `bearer ${OBJECT} header, schemes`],
  [
    "bearer.header",
    "cookie",
    'bearer.header is "cookie", but it must not be a header that a page of any origin can have sent: write a name of your own',
  ],
  [
    "bearer.schemes",
    [],
    'bearer.schemes is a list, but it must not be empty: leave it out, or write ["Bearer"]',
  ],
  [
    "bearer.schemes[0]",
    "Bearer x",
    'bearer.schemes[0] is "Bearer x", but it must be one word, without spaces and separators',
  ],
  ["restrictTransport", 1, "restrictTransport is 1, but it must be true or false"],
  ["requireFetchMetadata", null, "requireFetchMetadata is null, but it must be true or false"],
  ["sessions", 5, `sessions ${OBJECT} context, limit, keepEnded, confirm`],
  ["sessions.context", 5, `sessions.context ${OBJECT} schema, from`],
  [
    "sessions.context.schema",
    {},
    "sessions.context.schema is an object, but it must be a Standard Schema, such as one of valibot or zod",
  ],
  ["sessions.context.from", 5, "sessions.context.from is 5, but it must be a function", { schema }],
  [
    "sessions.limit",
    0,
    "sessions.limit is 0, but it must be a whole number, 1 or more, or null for no limit",
  ],
  ["sessions.keepEnded", "yes", 'sessions.keepEnded is "yes", but it must be true or false'],
  ["sessions.confirm", "late", 'sessions.confirm is "late", but it must be "on-refresh" or "early"'],
  [
    "revocation",
    true,
    'revocation is true, but it must be "none", "store", or an object with pollEvery, whenBehind',
  ],
  [
    "revocation",
    "always",
    'revocation is "always", but it must be "none", "store", or an object with pollEvery, whenBehind',
  ],
  ["revocation.pollEvery", 0, "revocation.pollEvery is 0, but it must be seconds(1) or more"],
  ["revocation.pollEvery", 301, "revocation.pollEvery is 301, but it must be minutes(5) or less"],
  ["revocation.whenBehind", "wait", 'revocation.whenBehind is "wait", but it must be "accept" or "refuse"'],
  ["user", 5, `user ${OBJECT} serialize`],
  ["user.serialize", 5, "user.serialize is 5, but it must be a function"],
  ["users", 5, "users is 5, but it must be a UserStore: leave it out for the store's"],
  ["hooks", 5, `hooks ${OBJECT} signedIn, refreshed, validated`],
  ["hooks.signedIn", 5, "hooks.signedIn is 5, but it must be a function"],
  ["hooks.refreshed", null, "hooks.refreshed is null, but it must be a function"],
  ["hooks.validated", "x", "hooks.validated is a string, but it must be a function"],
  ["onEvent", [], "onEvent is a list, but it must be a function"],
  ["onError", "x", "onError is a string, but it must be a function"],
  ["rateLimit", true, `rateLimit is true, but it must be false, or an object with ${RULES.join(", ")}`],
  ...RULES.flatMap((name) => [
    [`rateLimit.${name}`, 5, `rateLimit.${name} ${OBJECT} limit, window`] as const,
    [
      `rateLimit.${name}.limit`,
      0,
      `rateLimit.${name}.limit is 0, but it must be a whole number, 1 or more`,
      { window: 60 },
    ] as const,
    [
      `rateLimit.${name}.window`,
      0,
      `rateLimit.${name}.window is 0, but it must be seconds(1) or more`,
      { limit: 1 },
    ] as const,
  ]),
  ["clientAddress", "10.0.0.1", "clientAddress is a string, but it must be a function"],
  [
    "trustedProxies",
    0,
    'trustedProxies is 0, but it must be a number of proxies, 1 or more, or a list of networks such as ["10.0.0.0/8"]',
  ],
  [
    "trustedProxies",
    1.5,
    'trustedProxies is 1.5, but it must be a number of proxies, 1 or more, or a list of networks such as ["10.0.0.0/8"]',
  ],
  [
    "trustedProxies",
    "10.0.0.0/8",
    'trustedProxies is "10.0.0.0/8", but it must be a number of proxies, 1 or more, or a list of networks such as ["10.0.0.0/8"]',
  ],
  [
    "trustedProxies",
    true,
    'trustedProxies is true, but it must be a number of proxies, 1 or more, or a list of networks such as ["10.0.0.0/8"]',
  ],
  [
    "trustedProxies",
    [],
    "trustedProxies is a list, but it must not be empty: leave it out, or write the networks of your proxies",
  ],
  ["tokenCache", 0, "tokenCache is 0, but it must be a whole number from 1 to 1000000, or false"],
  ["tokenCache", true, "tokenCache is true, but it must be a whole number from 1 to 1000000, or false"],
  ["tokenCache", 1.5, "tokenCache is 1.5, but it must be a whole number from 1 to 1000000, or false"],
  ["storeTimeout", 0, "storeTimeout is 0, but it must be seconds(1) or more"],
  ["mail", 5, `mail ${OBJECT} send, pages, texts, check`],
  ["mail.send", "smtp://localhost", "mail.send is a string, but it must be a function"],
  ["mail.pages", 5, `mail.pages ${OBJECT} ${PAGES.join(", ")}`, { send }],
  ...PAGES.map(
    (name) =>
      [`mail.pages.${name}`, 5, `mail.pages.${name} is 5, but it must be a string`, { send }] as const,
  ),
  ["mail.texts", 5, `mail.texts ${OBJECT} ${TEXTS.join(", ")}`, { send }],
  ...TEXTS.map(
    (name) =>
      [
        `mail.texts.${name}`,
        "Hello",
        `mail.texts.${name} is a string, but it must be a function`,
        { send },
      ] as const,
  ),
  ["mail.check", true, "mail.check is true, but it must be a function", { send }],
  ["logout", 5, `logout ${OBJECT} keepAccessToken`],
  ["logout.keepAccessToken", 1, "logout.keepAccessToken is 1, but it must be true or false"],
  ["env", 5, `env ${OBJECT} clock, random, fetch`],
  ["env.clock", 5, "env.clock is 5, but it must be a function"],
  ["env.random", 5, "env.random is 5, but it must be a function"],
  ["env.fetch", 5, "env.fetch is 5, but it must be a function"],
];

describe("a wrong value", () => {
  const cases = WRONG.map(([path, ...rest]) => ({ path, rest }));
  it.each(cases)(
    "is refused with the path of its option: $path",
    ({ path, rest: [value, message, siblings = {}] }) => {
      expect(messageFor(optionsBeside(path, value, siblings))).toBe(message);
    },
  );

  it("has a case here for every option", () => {
    const tested = new Set(WRONG.map(([path]) => path));
    expect(described.filter((path) => !tested.has(path))).toEqual([]);
    expect(described.length).toBeGreaterThan(60);
  });

  it.each<[object, string]>([
    [
      { basePath: "/auth/" },
      "must not end with / nor have an empty or a dotted part: write a path such as /auth",
    ],
    [{ secret: ["hidden", 5] }, "secret[1] is a number, but it must be a string of at least 32 bytes"],
    [{ secret: [] }, "secret is a list, but it must have one secret at least: leave it out, or write one"],
    [{ keys: { provided: [] } }, "keys.provided is a list, but it must not be empty: leave it out"],
    [
      { sessions: { context: {} } },
      "sessions.context.schema is missing: write it, or leave out sessions.context",
    ],
    [
      { rateLimit: { signIn: { limit: 1 } } },
      "rateLimit.signIn.window is missing: write it, or leave out rateLimit.signIn",
    ],
    [{ mail: {} }, "mail.send is missing: write it, or leave out mail"],
    [{ providers: [magicLink()] }, "magicLink() needs mail: add mail: { send }"],
    [{ providers: [emailCode()] }, "emailCode() needs mail: add mail: { send }"],
    [
      { providers: [password({ verifyEmail: "later" })] },
      "password: verifyEmail needs mail: add mail: { send }",
    ],
    [{ cookies: { names: { access: "x".repeat(65) } } }, "but it must be at most 64 characters"],
    [
      { cookies: { names: { access: "sid", refresh: "sid" } } },
      'cookies.names is "sid", but both names are the same',
    ],
    [
      { trustedProxies: ["10.0.0.0/8", "loopback"] },
      'trustedProxies[1] is "loopback", but it must be a network or an address: write "10.0.0.0/8" or "2001:db8::1"',
    ],
    [
      { trustedProxies: ["::/0"] },
      'trustedProxies[0] is "::/0", but it must not be every address: write the networks of your proxies',
    ],
    [
      { trustedProxies: [7] },
      "trustedProxies[0] is 7, but it must be a number of proxies, 1 or more, or a list",
    ],
    [{ storeTimeout: 2 ** 31 }, "storeTimeout is 2147483648, but it must be days(24855) or less"],
    [{ storeTimeout: minutes }, "storeTimeout is the function minutes: call minutes()"],
    [{ storeTimeout: Number.NaN }, "storeTimeout is NaN, but it must be whole seconds"],
    [
      { baseURL: new URL("https://app.example.com") },
      "baseURL is an object of a class, but it must be a string",
    ],
    ...[{}, { sameSite: "strict" }].map((others): [object, string] => [
      { cookies: { partitioned: true, ...others } },
      'cookies.partitioned is true, but it needs cookies.sameSite: "none"',
    ]),
    [{ cookies: { domain: "example.com" } }, "a browser takes it only from baseURL's host or a parent of it"],
    [
      { trustedOrigins: ["https://app:hidden@spa.example.com"] },
      "trustedOrigins is a URL with credentials, but",
    ],
  ])("is explained for %j", (options, message) => {
    const said = messageFor(options);
    expect(said).toContain(message);
    expect(said).not.toContain("hidden");
  });

  it.each<[object, string]>([
    [
      { accessToken: { lifetime: 15 } },
      "accessToken.lifetime is 15, but it must be at least 2 × refreshToken.lease (120 seconds): write minutes(2) or more",
    ],
    [
      { accessToken: { lifetime: 600_000 } },
      "accessToken.lifetime is 600000, but it must be at most 86400 seconds: write days(1) or less",
    ],
    [
      { refreshToken: { lease: 1 } },
      "refreshToken.lease is 1, but it must be from 5 to 300 seconds: leave it out for minutes(1)",
    ],
    [
      { refreshToken: { lifetime: 60 } },
      "refreshToken.lifetime is 60, but it must be at least accessToken.lifetime + 2 × refreshToken.lease (720 seconds): write minutes(12) or more, or null for no end",
    ],
  ])("is refused in the lifetimes %j with the bound and the value to write", (options, message) => {
    expect(messageFor(options)).toBe(message);
  });

  it("is refused where the options are no object", () => {
    for (const [options, kind] of [
      [undefined, "undefined"],
      [[], "a list"],
      ["hidden", "a string"],
    ] as const) {
      expect(() => checkOptions(options)).toThrow(
        new TypeError(`createAuth takes options as an object, and got ${kind}: pass { store }`),
      );
    }
  });
});

describe("an unknown option", () => {
  it.each(members)("is refused with its nearest spelling, %s", (path) => {
    const start = path.lastIndexOf(".") + 1;
    const misspelled = `${path.slice(0, start)}${path[start]}${path.slice(start + 2)}`;
    expect(messageFor(optionsAt(misspelled, undefined))).toBe(
      `${misspelled} is not an option of createAuth: did you mean ${path}?`,
    );
  });

  it("is refused with the list of the options where no spelling is near", () => {
    expect(messageFor({ cookies: { httpOnly: true } })).toBe(
      "cookies.httpOnly is not an option of createAuth: remove it, or write one of names, previous, domain, sameSite, partitioned, refreshPath",
    );
    expect(messageFor({ user: { constructor: 1 } })).toContain(
      "user.constructor is not an option of createAuth",
    );
  });
});

describe("a function in place of its result", () => {
  it.each<[object, string]>([
    [{ store: memory }, "store is the function memory: call memory()"],
    [{ store: { ...store, sessions: memory } }, "store.sessions is the function memory: call memory()"],
    [{ users: memory }, "users is the function memory: call memory()"],
    [{ providers: password }, "providers is the function password: call password()"],
    [{ providers: [password] }, "providers[0] is the function password: call password()"],
    [{ providers: [password(), google] }, "providers[1] is the function google: call google()"],
    [{ providers: [github] }, "providers[0] is the function github: call github()"],
    [
      { providers: [() => password()] },
      "providers[0] is a function, but it must be a provider such as password()",
    ],
    [
      { providers: [{ type: "saml" }] },
      "providers[0] is an object, but it must be a provider such as password()",
    ],
  ])("is refused with the advice to call it: %o", (options, message) => {
    expect(messageFor(options)).toBe(message);
  });
});

/** A store, or users, without one operation. */
function without(part: object, name: string): object {
  return { ...part, [name]: undefined };
}

describe("a store", () => {
  const parts = ["sessions", "users", "keys", "tokens", "throttle"] as const;

  it.each(
    parts.flatMap((part) =>
      Object.entries(store[part]).flatMap(([name, value]) =>
        // `read` is for the sessions of the same store. Only `auth.users.list` needs `list` of users.
        typeof value === "function" && name !== "read" && `${part}.${name}` !== "users.list"
          ? [[part, name] as const]
          : [],
      ),
    ),
  )("without %s.%s is refused", (part, name) => {
    expect(messageFor({ store: { ...store, [part]: without(store[part], name) } })).toBe(
      `store.${part} has no ${name}: pass a Store such as memory()`,
    );
  });

  it.each(parts)("without %s is refused", (part) => {
    expect(messageFor({ store: without(store, part) })).toBe(
      `store has no ${part}: pass a Store such as memory()`,
    );
  });

  it("is required, and the error names the kind of the value", () => {
    expect(messageFor({ store: undefined })).toBe("store is missing: pass a Store such as memory()");
    expect(messageFor({ store: "postgres://app:hidden@db.example.com" })).toBe(
      "store is a string, but it must be a Store: pass a Store such as memory()",
    );
    expect(messageFor({ store: Promise.resolve(store) })).toContain("store is a promise");
    expect(messageFor({ store: { ...store, keys: "hidden" } })).toContain("store.keys is a string");
  });

  it("may inherit its operations from a prototype, and needs no users where sessions.users is given", () => {
    const inherited = Object.create(store.sessions);
    expect(messageFor({ store: { ...store, sessions: inherited } })).toBe("");
    expect(messageFor({ store: { ...store, users: {} }, users: memory().users })).toBe("");
  });
});

describe("a user store of the application", () => {
  const { users } = memory();

  it.each(["create", "get", "find", "update", "delete"])("is refused without %s", (name) => {
    expect(messageFor({ users: without(users, name) })).toBe(
      `users has no ${name}: add it, or leave out users for the store's`,
    );
  });

  it.each(["findByAccount", "link", "unlink", "accounts", "keepTokens", "keptTokens"])(
    "needs %s only where a provider is configured",
    (name) => {
      const tokens = github({ clientId: "id", clientSecret: "hidden", storeTokens: true });
      expect(messageFor({ users: without(users, name) })).toBe("");
      expect(messageFor({ users: without(users, name), providers: [tokens] })).toBe(
        `users has no ${name}, which the providers need: add it`,
      );
    },
  );
});

describe("valid options", () => {
  it("leave every default in place, and each default has its value here", () => {
    const { config, settings, keys, providers, contextSchema, users, callbacks } = checkOptions({ store });
    expect({ ...config, trustedOrigins: [...config.trustedOrigins] }).toMatchObject({
      baseURL: null,
      basePath: "/auth",
      trustedOrigins: [],
      cookies: { domain: null, sameSite: "lax", partitioned: false, refreshPath: "/", previous: [] },
      bearer: { header: "Authorization", schemes: ["bearer"] },
      requireFetchMetadata: false,
      linkByEmail: true,
      errorURL: null,
      storeTimeout: 5,
      keepAccessToken: false,
      limits: defaultLimits,
    });
    expect(settings).toMatchObject({
      issuer: "http://localhost",
      audience: "http://localhost",
      accessLifetime: 600,
      refresh: { lifetime: 1_209_600, maxLifetime: 7_776_000, lease: 60, refreshBefore: 60 },
      restrictTransport: true,
      limit: null,
      keepEnded: false,
      confirm: "on-refresh",
      revocation: { pollEvery: 10, whenBehind: "accept" },
      claims: null,
    });
    expect(keys).toEqual({ algorithm: "EdDSA", secrets: [], rotateEvery: 2_592_000, provided: null });
    expect({ providers, contextSchema, onEvent: callbacks.onEvent }).toEqual({
      providers: [],
      contextSchema: null,
      onEvent: null,
    });
    expect(users).toBe(store.users);
  });

  it("have the same defaults where a member is undefined", () => {
    const undefinedAt = (path: string): object => optionsAt(path, undefined);
    for (const path of members.filter((each) => !REQUIRED.test(each))) {
      expect(messageFor({ ...undefinedAt(path), store }), path).toBe("");
    }
    const { config, env } = checkOptions({
      store,
      rateLimit: { signIn: undefined },
      env: { clock: undefined },
    });
    expect(config.limits).toEqual(defaultLimits);
    expect(env.clock()).toBeGreaterThan(1e12);
  });

  it("of rateLimit change only the rule that they name", () => {
    for (const [index, name] of RULES.entries()) {
      const rule = { limit: 1_000 + index, window: 60 };
      const { limits } = checkOptions({ store, rateLimit: { [name]: rule } }).config;
      expect(limits).toEqual({ ...defaultLimits, [name]: rule });
    }
    expect(checkOptions({ store, rateLimit: false }).config.limits).toBeNull();
  });

  it("are copied, but objects of the application keep their identity", () => {
    const cookies = { previous: [{ name: "sid" }] };
    const schemes = ["Bearer"];
    const provided = [{ ...JWK, key_ops: ["sign"] }];
    const provider = password();
    const [onEvent, signedIn] = [(): void => undefined, (): void => undefined];
    const { users } = memory();
    const options = { store, users, cookies, bearer: { schemes }, providers: [provider], onEvent };
    const more = { hooks: { signedIn }, sessions: { context: { schema } }, keys: { provided } };
    const checked = checkOptions({ ...options, ...more });
    cookies.previous.push({ name: "late" });
    schemes.push("Late");
    provided[0]?.key_ops.push("late");
    expect(checked.config.cookies.previous).toEqual([{ name: "sid" }]);
    expect(checked.config.bearer.schemes).toEqual(["bearer"]);
    expect(checked.keys.provided).toEqual([{ ...JWK, key_ops: ["sign"] }]);
    expect(
      Object.isFrozen(checked.keys.provided?.[0]) && Object.isFrozen(checked.config.cookies.previous),
    ).toBe(true);
    expect(checked.store).toBe(store);
    expect(checked.users).toBe(users);
    expect(checked.providers[0]).toBe(provider);
    expect(checked.contextSchema).toBe(schema);
    // Functions are called without `this`, so each is wrapped.
    expect(checked.callbacks.onEvent).toBeTypeOf("function");
    expect(checked.settings.hooks.signedIn).toBeTypeOf("function");
  });
});

describe("an instance of a class", () => {
  class Hooks {
    validated(): false {
      return false;
    }
  }

  it.each([new Hooks(), Object.create({ validated: () => false }), new Map()])(
    "is refused as options, because its methods would be lost without an error (%#)",
    (hooks) => {
      expect(messageFor({ hooks })).toMatch(/^hooks is .*, but it must be a plain object$/);
    },
  );

  it("is refused at every depth", () => {
    expect(messageFor({ cookies: { names: Object.create({ access: "a" }) } })).toMatch(/^cookies\.names is /);
  });
});
