import * as v from "valibot";
import { hasNamePrefix, isCookieName } from "../cookies/cookie.ts";
import { algorithmsFor } from "../keys/algorithms.ts";
import { MAIL_TYPES } from "../mail/message.ts";
import { defaultPages } from "../mail/pages.ts";
import { choiceOf } from "../platform/option-error.ts";
import { durationInstead, writtenDuration } from "../platform/time.ts";
import { CACHE_SIZE, isCacheSize } from "../sessions/token-cache.ts";
import { parseNetwork } from "../throttle/address.ts";

const WHOLE_SECONDS = (issue: v.BaseIssue<unknown>): string =>
  `must be whole seconds: ${durationInstead(issue.input)}`;

const seconds = (from: number): v.GenericSchema<number> =>
  v.pipe(
    v.number(WHOLE_SECONDS),
    v.integer(WHOLE_SECONDS),
    v.minValue(from, `must be ${writtenDuration(from)} or more`),
    v.maxValue(2 ** 31 - 1, "must be days(24855) or less: write the number in seconds"),
  );
const count = (orElse: string): v.GenericSchema<number> =>
  v.pipe(v.number(orElse), v.integer(orElse), v.minValue(1, orElse));
const fn = v.function("must be a function");
const flag = v.boolean("must be true or false");
const oneOf = (values: readonly string[]): v.GenericSchema<string> =>
  v.picklist(values, `must be ${choiceOf(values)}`);
const text = v.pipe(
  v.string("must be a string"),
  v.minLength(1, "must not be empty: leave it out, or write a value"),
);
const bag = (entries: v.ObjectEntries): v.GenericSchema =>
  v.strictObject(entries, `must be an object with ${Object.keys(entries).join(", ")}`);
/** Options of one kind, each of which may be left out. */
const optionals = (names: readonly string[], each: v.GenericSchema): v.ObjectEntries =>
  Object.fromEntries(names.map((name) => [name, v.optional(each)]));
/** Options that `false` switches off. */
const bagOrFalse = (entries: v.ObjectEntries): v.GenericSchema => {
  const names = Object.keys(entries).join(", ");
  const options = v.strictObject(entries, `must be false, or an object with ${names}`);
  return v.lazy((value) => (value === false ? v.literal(false) : options));
};
const cookieName = v.pipe(
  text,
  v.maxLength(64, "must be at most 64 characters"),
  v.check(
    isCookieName,
    "must not have a character that no cookie name can have: write letters, digits, - . _",
  ),
  v.check((name) => !hasNamePrefix(name), "must be without prefix: Latchkey adds the right one"),
);
const path = v.pipe(
  text,
  v.regex(/^\/[\w./~-]*$/, "must begin with / and have plain characters only: write a path such as /auth"),
);
const domain = v.pipe(
  text,
  v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be a bare domain in lower case: write it as example.com"),
);
// A page of any origin may set these without a preflight, or the browser sets them: none of them proves a bearer.
const AMBIENT = /^(accept(-language)?|content-(language|type)|range|cookie|origin|referer|host|sec-.*)$/i;
const httpToken = v.pipe(
  text,
  v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be one word, without spaces and separators"),
);

const corsHeader = v.pipe(
  httpToken,
  v.check((name) => name !== "*", "must not be *, which browsers read as a name here: write each name"),
);

const REVOCATION = 'must be "none", "store", or an object with pollEvery, whenBehind';
const revocationName = v.picklist(["none", "store"], REVOCATION);
const revocationPolling = v.strictObject(
  {
    pollEvery: v.optional(v.pipe(seconds(1), v.maxValue(300, "must be minutes(5) or less"))),
    whenBehind: v.optional(oneOf(["accept", "refuse"])),
  },
  REVOCATION,
);

const rule = bag({ limit: count("must be a whole number, 1 or more"), window: seconds(1) });

const PROXIES = 'must be a number of proxies, 1 or more, or a list of networks such as ["10.0.0.0/8"]';
const proxyNetwork = v.pipe(
  v.string(PROXIES),
  v.check(
    (text) => parseNetwork(text) !== null,
    'must be a network or an address: write "10.0.0.0/8" or "2001:db8::1"',
  ),
  v.check(
    (text) => parseNetwork(text)?.prefix !== 0,
    "must not be every address: write the networks of your proxies",
  ),
);
const proxyNetworks = v.pipe(
  v.array(proxyNetwork, PROXIES),
  v.minLength(1, "must not be empty: leave it out, or write the networks of your proxies"),
);
const proxyCount = count(PROXIES);
const trustedProxies = v.lazy((value) => (Array.isArray(value) ? proxyNetworks : proxyCount));

const SECRETS = "must be a string of at least 32 bytes, or a list of such strings";
const secret = v.string(SECRETS);
const secrets = v.pipe(
  v.array(v.optional(secret), SECRETS),
  v.minLength(1, "must have one secret at least: leave it out, or write one"),
);

// A key is data: it is copied whole, with its lists.
const jwk = v.record(
  v.string(),
  v.lazy((value) => (Array.isArray(value) ? v.array(v.unknown()) : v.unknown())),
  "must be a private key as a JWK object",
);

/** Whether a value has the one member of Standard Schema; a schema may be a function. */
function isStandardSchema(value: unknown): boolean {
  return (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
}

/** The shape of the options, and what can be said of each by itself. `store`, `users` and `providers` have checks of their own. */
export const optionsSchema: v.GenericSchema = bag({
  store: v.optional(v.unknown()),
  providers: v.optional(v.array(v.unknown(), "must be a list: write [password()]")),
  linkByEmail: v.optional(flag),
  signUp: v.optional(oneOf(["open", "invited", "closed"])),
  baseURL: v.optional(v.string("must be a string")),
  basePath: v.optional(
    v.pipe(
      path,
      v.regex(
        /^(\/(?!\.{1,2}(\/|$))[^/]+)+$/,
        "must not end with / nor have an empty or a dotted part: write a path such as /auth",
      ),
    ),
  ),
  oauth: v.optional(bag({ errorURL: v.optional(text) })),
  trustedOrigins: v.optional(
    v.array(text, 'must be a list of origins: write one such as ["https://spa.example.com"]'),
  ),
  secret: v.optional(v.lazy((value) => (Array.isArray(value) ? secrets : secret))),
  accessToken: v.optional(
    bag({
      lifetime: v.optional(seconds(1)),
      algorithm: v.optional(oneOf([...algorithmsFor("access_token").keys()])),
      issuer: v.optional(text),
      audience: v.optional(text),
      claims: v.optional(fn),
    }),
  ),
  refreshToken: v.optional(
    bagOrFalse({
      lifetime: v.optional(v.nullable(seconds(1))),
      maxLifetime: v.optional(v.nullable(seconds(1))),
      lease: v.optional(seconds(0)),
      refreshBefore: v.optional(seconds(0)),
    }),
  ),
  keys: v.optional(
    bag({
      rotateEvery: v.optional(seconds(3_600)),
      provided: v.optional(
        v.pipe(
          v.array(jwk, "must be a list of keys as JWK objects"),
          v.minLength(1, "must not be empty: leave it out, or write a private key first"),
        ),
      ),
    }),
  ),
  cookies: v.optional(
    bag({
      names: v.optional(bag({ access: v.optional(cookieName), refresh: v.optional(cookieName) })),
      previous: v.optional(
        v.array(
          bag({
            name: v.pipe(
              text,
              v.check(isCookieName, "must not have a character that no cookie name can have"),
            ),
            domain: v.optional(domain),
            path: v.optional(path),
          }),
          'must be a list: write one such as [{ name: "sid" }]',
        ),
      ),
      domain: v.optional(domain),
      sameSite: v.optional(oneOf(["lax", "strict", "none"])),
      partitioned: v.optional(flag),
      refreshPath: v.optional(path),
    }),
  ),
  bearer: v.optional(
    bag({
      header: v.optional(
        v.pipe(
          httpToken,
          v.check(
            (name) => !AMBIENT.test(name),
            "must not be a header that a page of any origin can have sent: write a name of your own",
          ),
        ),
      ),
      schemes: v.optional(
        v.pipe(
          v.array(httpToken, 'must be a list: write ["Bearer"]'),
          v.minLength(1, 'must not be empty: leave it out, or write ["Bearer"]'),
        ),
      ),
    }),
  ),
  cors: v.optional(bag({ allowHeaders: v.optional(v.array(corsHeader, 'must be a list: write ["x-id"]')) })),
  restrictTransport: v.optional(flag),
  requireFetchMetadata: v.optional(flag),
  sessions: v.optional(
    bag({
      context: v.optional(
        bag({
          schema: v.custom<object>(
            isStandardSchema,
            "must be a Standard Schema, such as one of valibot or zod",
          ),
          from: v.optional(fn),
        }),
      ),
      limit: v.optional(v.nullable(count("must be a whole number, 1 or more, or null for no limit"))),
      keepEnded: v.optional(flag),
      confirm: v.optional(oneOf(["on-refresh", "early"])),
    }),
  ),
  revocation: v.optional(v.lazy((value) => (typeof value === "string" ? revocationName : revocationPolling))),
  tokenCache: v.optional(v.custom<number | false>(isCacheSize, CACHE_SIZE)),
  user: v.optional(bag({ serialize: v.optional(fn) })),
  users: v.optional(v.unknown()),
  hooks: v.optional(bag({ signedIn: v.optional(fn), refreshed: v.optional(fn), validated: v.optional(fn) })),
  onEvent: v.optional(fn),
  onError: v.optional(fn),
  rateLimit: v.optional(
    bagOrFalse({
      device: v.optional(rule),
      account: v.optional(rule),
      accountTotal: v.optional(rule),
      signIn: v.optional(rule),
      signUp: v.optional(rule),
      mailbox: v.optional(rule),
      mail: v.optional(rule),
      refresh: v.optional(rule),
      unprovenRefresh: v.optional(rule),
    }),
  ),
  clientAddress: v.optional(fn),
  trustedProxies: v.optional(trustedProxies),
  storeTimeout: v.optional(seconds(1)),
  logout: v.optional(bag({ keepAccessToken: v.optional(flag) })),
  mail: v.optional(
    bag({
      send: fn,
      pages: v.optional(bag(optionals(Object.keys(defaultPages), text))),
      texts: v.optional(bag(optionals(MAIL_TYPES, fn))),
      check: v.optional(fn),
    }),
  ),
  env: v.optional(bag({ clock: v.optional(fn), random: v.optional(fn), fetch: v.optional(fn) })),
});
