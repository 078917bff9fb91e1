import type { AuthOptions } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { parseCookies } from "../../packages/core/src/cookies/cookie.ts";
import { type ListedRoute, matchPath, routeTable } from "../../packages/core/src/http/handle.ts";
import { readBody } from "../../packages/core/src/http/request.ts";
import { bearerToken } from "../../packages/core/src/http/response.ts";
import * as routes from "../../packages/core/src/http/routes/list.ts";
import { listedKeys } from "../../packages/core/src/keys/jwk.ts";
import { parseCallback } from "../../packages/core/src/oauth/callback.ts";
import { parseMetadata } from "../../packages/core/src/oauth/discovery.ts";
import { verifyIdToken } from "../../packages/core/src/oauth/id-token.ts";
import { mergeUserinfo } from "../../packages/core/src/oauth/openid.ts";
import { checkProfile, readOpenIdProfile } from "../../packages/core/src/oauth/profile.ts";
import { decideRedirect, safeRedirect } from "../../packages/core/src/oauth/redirect.ts";
import { readTokens } from "../../packages/core/src/oauth/request.ts";
import { isVerifierOf } from "../../packages/core/src/oauth/transaction.ts";
import { isCommonPassword } from "../../packages/core/src/password/blocklist.ts";
import { parsePhc } from "../../packages/core/src/password/hasher.ts";
import { checkPassword, possiblePassword } from "../../packages/core/src/password/policy.ts";
import { parseJson } from "../../packages/core/src/platform/encoding.ts";
import { platformEnv } from "../../packages/core/src/platform/env.ts";
import { parseRefreshToken } from "../../packages/core/src/sessions/refresh-token.ts";
import { clientNetworks, parseNetwork } from "../../packages/core/src/throttle/address.ts";
import { decideClientAddress } from "../../packages/core/src/throttle/proxies.ts";
import { parseEmail, parseUsername } from "../../packages/core/src/users/identifier.ts";
import { cookieHeader } from "../../packages/next/src/cookies.ts";
import { originOf, pageOf, pathMatcher } from "../../packages/next/src/url.ts";
import { stubProvider } from "../fixtures/providers/stub-provider.ts";
import { requestTo } from "../fixtures/requests.ts";
import { cheapHasher, ORIGIN } from "../fixtures/server.ts";
import { openAttackedServer } from "./server.ts";

const ROUTES = routeTable(Object.values<ListedRoute>(routes));

const SIZE = 16_000;
/** Twice the length may take this many times the time: linear work takes twice, quadratic four times. */
const MOST = 2.5;
/** Work that takes less CPU time than this at twice the length, in milliseconds, is not measured more closely. */
const FLOOR = 4;
const FEWEST = 3;
const MANY = 40;
/** So many hostile repetitions of one surface are evidence enough: quadratic work at the larger size takes long. */
const ENOUGH = 1;

type Surface = (text: string) => unknown;

/** Repeats a text up to a length; `{}` in it becomes a number, another one each time. */
function filled(unit: string, length: number): string {
  if (!unit.includes("{}")) return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
  let text = "";
  for (let n = 0; text.length < length; n++) text += unit.replace("{}", String(n));
  return text.slice(0, length);
}

const UNITS: readonly string[] = [
  ..." \t+.@%;=\\\"',/[]{}()<>&?#:-_|~*^$!`",
  ...[
    "%20",
    "%25",
    "%e9",
    "%zz",
    "a ",
    " a",
    "a.",
    "..",
    "./",
    "../",
    "//",
    "/a",
    "a@",
    "@.",
    "a=",
    "=;",
    "; ",
    ", ",
  ],
  ...["a;", "a,", "+a", '\\"', "[[", "]]", '{"a":', "[1,", '"a",', "eyJ", "a-", "-.", "::", "1.", "f:"],
  ...[
    "\u00e9",
    "\u0301",
    "\u0301\u0316",
    "e\u0301\u0323",
    "\u1100\u1161\u11a8",
    "\ufdfa",
    "\u200b",
    "\u00a0",
    "\uff20",
  ],
  ...["\ud83d\ude00", "\ud800", "\udc00", "\u0130", "\u0000", "\u2028", "\ufeff"],
  ...[
    "c{}=1; ",
    "c{}=; ",
    "__proto__{}=1&",
    "k{}=1&",
    "__proto__=1; ",
    "constructor=1&",
    '"k{}":1,',
    '"{}":{"__proto__":1},',
  ],
  ...["#/x.rsc", ".segments/", "/_next/data/", ".prefetch", "latchkey.access=x; ", "Bearer ", "lkr_", "xn--"],
];

/** Of those, the ones that a whole request is asked with. */
const FEW: readonly string[] = [
  " ",
  "+",
  ".",
  "@",
  "%",
  ";",
  "=",
  "\\",
  '"',
  "[",
  ",",
  "/",
  "a=;",
  "c{}=1; ",
  "\u0301\u0316",
  "\ufdfa",
];

/** Each repetition by itself, and between two letters: what is trimmed at the ends is not trimmed there. */
const FORMS: readonly ((text: string) => string)[] = [(text) => text, (text) => `a${text}b`];

/** CPU time, in milliseconds: what else the machine does is not counted. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The least time of several interleaved runs, until it is linear or there were many. */
function ratioOf(surface: Surface, short: string, long: string, most = MANY): number {
  let [one, two] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const timed = (text: string, known: number): number => {
    const start = spent();
    surface(text);
    return Math.min(known, spent() - start);
  };
  for (let runs = 1; runs <= most; runs++) {
    one = timed(short, one);
    two = timed(long, two);
    if (two <= FLOOR || (runs >= FEWEST && two <= MOST * one)) return 1;
  }
  return two / one;
}

async function ratioLater(surface: Surface, short: string, long: string): Promise<number> {
  let [one, two] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const timed = async (text: string, known: number): Promise<number> => {
    const start = spent();
    await surface(text);
    return Math.min(known, spent() - start);
  };
  for (let runs = 1; runs <= MANY; runs++) {
    one = await timed(short, one);
    two = await timed(long, two);
    if (two <= FLOOR || (runs >= FEWEST && two <= MOST * one)) return 1;
  }
  return two / one;
}

/**
 * The lesser ratio at two sizes. Quadratic work takes four times as long at both. Linear work may take a step at one of
 * them, where the engine allocates another kind of memory.
 */
function lesserRatioOf(surface: Surface, textOf: (size: number) => string): number {
  const ratio = ratioOf(surface, textOf(SIZE), textOf(2 * SIZE));
  if (ratio <= MOST) return ratio;
  return Math.min(ratio, ratioOf(surface, textOf(4 * SIZE), textOf(8 * SIZE), FEWEST));
}

function textsOf(unit: string, size: number): readonly (readonly [string, string])[] {
  return FORMS.map((form) => [form(filled(unit, size)), form(filled(unit, 2 * size))]);
}

const named = (unit: string): string => JSON.stringify(unit);

const encode = encodeURIComponent;
const b64 = (text: string): string => Buffer.from(text.toWellFormed()).toString("base64url");
const policy = {
  ownOrigin: ORIGIN,
  basePath: "/auth",
  trustedOrigins: new Set(["https://spa.example.com", "net.trusted.app://"]),
  native: true,
};
const quietly = (call: () => unknown): unknown => {
  try {
    return call();
  } catch {
    return null;
  }
};
const matches = pathMatcher(["/dashboard/:path*", "/a/:id?/:more?/x", "/files/:path+/edit"]);
const jarOf = (header: string): readonly { readonly name: string; readonly value: string }[] =>
  parseCookies(header).map(({ name, value }) => ({ name, value }));

const surfaces: Readonly<Record<string, Surface>> = {
  "an email": parseEmail,
  "the domain of an email": (text) => parseEmail(`a@${text}`),
  "a username": parseUsername,
  "a password": possiblePassword,
  "a password that is set": (text) =>
    checkPassword(text, {
      minLength: 8,
      identifier: { email: "ann@example.com" },
      isCommon: isCommonPassword,
    }),
  "a stored hash": parsePhc,
  "a Cookie header": parseCookies,
  "a jar in Next.js": (text) => cookieHeader(text, jarOf(text)),
  "a bearer header": (text) =>
    bearerToken({ get: () => text } as unknown as Headers, {
      bearer: { header: "authorization", schemes: ["bearer"] },
    }),
  "a bearer header with our scheme": (text) =>
    bearerToken({ get: () => `Bearer ${text}` } as unknown as Headers, {
      bearer: { header: "authorization", schemes: ["bearer"] },
    }),
  "a client's address": clientNetworks,
  "a client's address in brackets": (text) => clientNetworks(`[${text}]:1`),
  "X-Forwarded-For": (forwardedFor) =>
    decideClientAddress(null, { forwardedFor, forwarded: null }, { kind: "count", count: 1_000_000 }),
  Forwarded: (forwarded) =>
    decideClientAddress(null, { forwardedFor: null, forwarded }, { kind: "count", count: 1_000_000 }),
  "a network of proxies": parseNetwork,
  "a redirect target": (text) => decideRedirect(text, policy),
  "a redirect path": (text) => safeRedirect(`/${text}`),
  "an absolute redirect target": (text) => decideRedirect(`https://${text}`, policy),
  "a path": (text) => matchPath(ROUTES, "GET", `/auth/${text}`, "/auth"),
  "a path of a session": (text) => matchPath(ROUTES, "GET", `/auth/sessions/${text}`, "/auth"),
  "a page in Next.js": (text) => pageOf(`/_next/data/${text}`),
  "a protected path in Next.js": (text) => matches(`/files/${text}`),
  "a host in Next.js": (text) => originOf({ get: () => text } as unknown as Headers),
  "a refresh token": parseRefreshToken,
  "a callback": (text) => parseCallback([...new URLSearchParams(text)]),
  "a code verifier": (text) => isVerifierOf(text, "A".repeat(43)),
  "a JSON text": parseJson,
  "the members of a JSON object": (text) => parseJson(`{${text}"z":1}`),
  "a key set": (text) => quietly(() => listedKeys({ keys: text.split("a").map((kid) => ({ kid })) })),
  "a discovery document": (text) =>
    parseMetadata(
      {
        issuer: ORIGIN,
        authorization_endpoint: text,
        token_endpoint: `https://${text}`,
        jwks_uri: `https://a.example/${text}`,
      },
      ORIGIN,
    ),
  "an answer with tokens": (text) =>
    quietly(() => readTokens({ access_token: text, token_type: "bearer", scope: text, id_token: text })),
  "a profile": (text) =>
    quietly(() =>
      checkProfile(readOpenIdProfile({ sub: "x", email: text, name: text, email_verified: text }), {}),
    ),
  "the subject of a profile": (text) => quietly(() => checkProfile({ subject: text }, {})),
  "an answer of userinfo": (text) =>
    quietly(() => mergeUserinfo({ sub: "x", email: text }, { sub: "x", email: text, [text]: 1 })),
};

describe("parsing time", () => {
  it.each(Object.entries(surfaces))(
    "grows linearly for %s",
    (_, surface) => {
      const slow: (readonly [string, number])[] = [];
      for (const unit of UNITS) {
        if (slow.length >= ENOUGH) break;
        for (const form of FORMS) {
          const ratio = lesserRatioOf(surface, (size) => form(filled(unit, size)));
          if (ratio > MOST) slow.push([named(unit), ratio]);
        }
      }
      expect(slow).toEqual([]);
    },
    120_000,
  );
});

describe("parsing time of input within its limits", () => {
  // The bounds hide what is beyond them; what they let pass must be linear too.
  const bounded: Readonly<Record<string, readonly [Surface, number]>> = {
    "an email": [parseEmail, 120],
    "a username": [parseUsername, 60],
    "a password": [possiblePassword, 2_040],
    "a redirect target": [(text) => safeRedirect(`/${text}`), 500],
  };
  it.each(Object.entries(bounded))(
    "grows linearly for %s",
    (_, [surface, size]) => {
      for (const unit of UNITS) {
        for (const [short, long] of textsOf(unit, size)) {
          expect({ work: named(unit), isLinear: ratioOf(surface, short, long) <= MOST }).toEqual({
            work: named(unit),
            isLinear: true,
          });
        }
      }
    },
    120_000,
  );
});

const FORM = "application/x-www-form-urlencoded";
const post = (body: string, type: string): Request =>
  new Request(`${ORIGIN}/x`, { method: "POST", headers: { "content-type": type }, body });
const read = (body: string, type: string): Promise<unknown> =>
  readBody(post(body, type), true).catch(() => null);
const noKeys = async (): Promise<boolean> => false;
const idToken = (token: string): Promise<unknown> =>
  verifyIdToken(platformEnv, token, noKeys, {
    issuer: () => ORIGIN,
    clientId: "x",
    nonce: "x",
    accessToken: "x",
  }).catch(() => null);

// What is longer than a body may be is not read: half the size, and all of it, are.
const bodies: Readonly<Record<string, Surface>> = {
  "a form": (text) => read(text, FORM),
  "a field of a form": (text) => read(`email=${text}`, FORM),
  "a field of a form, encoded": (text) => read(`email=${encode(text.toWellFormed())}`, FORM),
  "a JSON body": (text) => read(text, "application/json"),
  "a content type": (text) => quietly(() => read("{}", `application/json${text}`)),
  "an ID token": idToken,
  "the header of an ID token": (text) =>
    idToken(`${b64(`{"alg":"RS256","kid":${JSON.stringify(text)}}`)}.e30.e30`),
};

describe("parsing time of bodies and tokens", () => {
  it.each(Object.entries(bodies))(
    "grows linearly for %s",
    async (_, surface) => {
      const slow: (readonly [string, number])[] = [];
      for (const unit of UNITS) {
        if (slow.length >= ENOUGH) break;
        for (const [short, long] of textsOf(unit, 7_900)) {
          const ratio = await ratioLater(surface, short, long);
          if (ratio > MOST) slow.push([named(unit), ratio]);
        }
      }
      expect(slow).toEqual([]);
    },
    120_000,
  );
});

type Ask = (text: string) => Request | null;
const asked = (path: string, headers: Record<string, string> = {}): Request | null => {
  try {
    return requestTo(path, { headers });
  } catch {
    // No header can carry it.
    return null;
  }
};
const sent = (path: string, body: object): Request =>
  requestTo(path, { method: "POST", body, headers: { "sec-fetch-site": "same-origin" } });

const requests: Readonly<Record<string, Ask>> = {
  "an email at sign-in": (text) => sent("/auth/login", { email: text, password: "x" }),
  "a password at sign-in": (text) => sent("/auth/login", { email: "a@b", password: text }),
  "an email in a form": (text) => post(`email=${encode(text.toWellFormed())}&password=x`, FORM),
  "an email at sign-up": (text) => sent("/auth/signup", { email: text, password: "x" }),
  "a refresh token in a body": (text) => sent("/auth/refresh", { refresh_token: text }),
  "a code of an app": (text) => sent("/auth/oauth/exchange", { code: text, code_verifier: text }),
  cookies: (text) => asked("/auth/session", { cookie: text }),
  "an access cookie": (text) => asked("/auth/session", { cookie: `__Host-Http-latchkey.access=${text}` }),
  "a flow cookie": (text) =>
    asked("/auth/oauth/stub/callback?state=x", { cookie: `__Host-Http-latchkey.oauth.x=${text}` }),
  "a bearer header": (text) => asked("/auth/session", { authorization: `Bearer ${text}` }),
  "a referer": (text) => asked("/auth/logout", { referer: `https://${text}` }),
  "an entity tag": (text) => asked("/auth/jwks", { "if-none-match": text }),
  "a purpose": (text) => asked("/auth/oauth/stub", { "sec-purpose": text }),
  "a user agent": (text) => asked("/auth/session", { "user-agent": text }),
  "a forwarded address": (text) => asked("/auth/oauth/stub", { "x-forwarded-for": text }),
  "a redirect target in a query": (text) =>
    asked(`/auth/oauth/stub?redirect_to=${encode(text.toWellFormed())}`),
  "a query": (text) => asked(`/auth/oauth/stub?${encode(text.toWellFormed())}`),
  "a callback": (text) => asked(`/auth/oauth/stub/callback?state=${encode(text.toWellFormed())}&code=x`),
};

describe("handling time of requests", () => {
  const stub = stubProvider();
  const options: Partial<AuthOptions> = {
    providers: [password({ hasher: cheapHasher }), stub.provider],
    clientAddress: (request) => request.headers.get("x-forwarded-for"),
  };
  it.each(Object.entries(requests))(
    "grows linearly for %s",
    async (_, ask) => {
      const server = openAttackedServer(options);
      await server.auth.keys.jwks();
      const slow: (readonly [string, number])[] = [];
      for (const unit of FEW) {
        if (slow.length >= ENOUGH) break;
        for (const [short, long] of textsOf(unit, 7_900)) {
          if (ask(short) === null) continue;
          const surface: Surface = async (text) => {
            const request = ask(text);
            return request === null ? null : (await server.auth.handle(request)).text();
          };
          const ratio = await ratioLater(surface, short, long);
          if (ratio > MOST) slow.push([named(unit), ratio]);
        }
      }
      expect(slow).toEqual([]);
    },
    120_000,
  );
});
