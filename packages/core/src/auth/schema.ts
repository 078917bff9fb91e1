import * as v from "valibot";
import { isCookieName } from "../cookies/cookie.ts";
import { algorithms } from "../keys/algorithms.ts";

const seconds = (from: number): v.GenericSchema<number> =>
  v.pipe(
    v.number(),
    v.integer("must be whole seconds"),
    v.minValue(from, `must be ${from} or more`),
    v.maxValue(2 ** 31 - 1, "must be below 2^31 seconds"),
  );
const fn = v.function("must be a function");
const flag = v.boolean("must be true or false");
const text = v.pipe(v.string("must be a string"), v.minLength(1, "must not be empty"));
const objectLike = v.custom<object>(
  (value) => typeof value === "object" && value !== null,
  "must be an object",
);
const cookieName = v.pipe(
  text,
  v.maxLength(64, "must be at most 64 characters"),
  v.check(isCookieName, "has a character that no cookie name can have"),
  v.check((name) => !/^__(host|secure)-/i.test(name), "must be without prefix: Latchkey adds the right one"),
);
const path = v.pipe(text, v.regex(/^\/[\w./~-]*$/, "must begin with / and have plain characters only"));
const domain = v.pipe(text, v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be a bare domain"));
// A page of any origin may set these without a preflight, or the browser sets them: none of them proves a bearer.
const AMBIENT = /^(accept(-language)?|content-(language|type)|range|cookie|origin|referer|host|sec-.*)$/i;
const httpToken = v.pipe(text, v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be one word"));

const rule = v.strictObject({
  limit: v.pipe(v.number(), v.integer(), v.minValue(1, "must be 1 or more")),
  window: seconds(1),
});

/** The shape of the options, and what can be said of each by itself. Unknown ones are refused: a typo is no default. */
export const optionsSchema: v.GenericSchema = v.strictObject({
  store: v.looseObject(
    {
      sessions: objectLike,
      users: objectLike,
      keys: objectLike,
      tokens: objectLike,
      throttle: objectLike,
    },
    "must be a Store",
  ),
  providers: v.optional(
    v.array(
      v.looseObject({ type: v.picklist(["password", "oauth"], "must be a provider such as password()") }),
      "must be a list",
    ),
  ),
  linkByEmail: v.optional(flag),
  baseURL: v.optional(text),
  basePath: v.optional(
    v.pipe(
      path,
      v.regex(/^(\/(?!\.{1,2}(\/|$))[^/]+)+$/, "must not end with / nor have an empty or a dotted part"),
    ),
  ),
  trustedOrigins: v.optional(v.array(text, "must be a list of origins")),
  secret: v.optional(v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))])),
  accessToken: v.optional(
    v.strictObject({
      lifetime: v.optional(seconds(1)),
      algorithm: v.optional(v.picklist(algorithms, `must be one of ${algorithms.join(", ")}`)),
      issuer: v.optional(text),
      audience: v.optional(text),
      claims: v.optional(fn),
    }),
  ),
  refreshToken: v.optional(
    v.union(
      [
        v.literal(false),
        v.strictObject({
          lifetime: v.optional(v.nullable(seconds(1))),
          maxLifetime: v.optional(v.nullable(seconds(1))),
          lease: v.optional(seconds(0)),
          refreshBefore: v.optional(seconds(0)),
        }),
      ],
      "must be false, or lifetime, maxLifetime, lease and refreshBefore in whole seconds",
    ),
  ),
  keys: v.optional(
    v.strictObject({
      rotateEvery: v.optional(seconds(3_600)),
      provided: v.optional(v.pipe(v.array(objectLike), v.minLength(1, "must not be empty"))),
    }),
  ),
  cookies: v.optional(
    v.strictObject({
      names: v.optional(v.strictObject({ access: v.optional(cookieName), refresh: v.optional(cookieName) })),
      previous: v.optional(
        v.array(
          v.strictObject({
            name: v.pipe(text, v.check(isCookieName, "has a character that no cookie name can have")),
            domain: v.optional(domain),
            path: v.optional(path),
          }),
        ),
      ),
      domain: v.optional(domain),
      sameSite: v.optional(v.picklist(["lax", "strict", "none"], "must be lax, strict or none")),
      refreshPath: v.optional(path),
    }),
  ),
  bearer: v.optional(
    v.strictObject({
      header: v.optional(
        v.pipe(
          httpToken,
          v.check((name) => !AMBIENT.test(name), "is a header that a page of any origin can have sent"),
        ),
      ),
      schemes: v.optional(v.pipe(v.array(httpToken), v.minLength(1, "must not be empty"))),
    }),
  ),
  restrictTransport: v.optional(flag),
  requireFetchMetadata: v.optional(flag),
  sessions: v.optional(
    v.strictObject({
      context: v.optional(v.strictObject({ schema: v.union([objectLike, fn]), from: v.optional(fn) })),
      limit: v.optional(
        v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1, "must be 1 or more, or null"))),
      ),
      keepEnded: v.optional(flag),
      confirm: v.optional(v.picklist(["on-refresh", "early"], "must be on-refresh or early")),
    }),
  ),
  revocation: v.optional(v.picklist(["none", "store"], "must be none or store")),
  user: v.optional(v.strictObject({ serialize: v.optional(fn) })),
  users: v.optional(
    v.looseObject({ create: fn, get: fn, find: fn, update: fn, delete: fn }, "must be a UserStore"),
  ),
  hooks: v.optional(
    v.strictObject({ signedIn: v.optional(fn), refreshed: v.optional(fn), validated: v.optional(fn) }),
  ),
  onEvent: v.optional(fn),
  rateLimit: v.optional(
    v.union(
      [
        v.literal(false),
        v.strictObject({
          account: v.optional(rule),
          accountTotal: v.optional(rule),
          signIn: v.optional(rule),
          signUp: v.optional(rule),
          refresh: v.optional(rule),
          unprovenRefresh: v.optional(rule),
        }),
      ],
      "must be false, or account, accountTotal, signIn, signUp, refresh and unprovenRefresh, each with limit and window",
    ),
  ),
  clientAddress: v.optional(fn),
  storeTimeout: v.optional(seconds(1)),
  logout: v.optional(v.strictObject({ keepAccessToken: v.optional(flag) })),
  env: v.optional(v.strictObject({ clock: v.optional(fn), random: v.optional(fn), fetch: v.optional(fn) })),
});
