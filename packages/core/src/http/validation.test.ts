import { describe, expect, it } from "vitest";
import { sessionHeaders } from "../cookies/cookie.ts";
import { type ErrorCode, statuses } from "../platform/errors.ts";
import { refusal } from "./response.ts";
import { applyValidation, type Validation } from "./validation.ts";

const ACCESS = "__Host-Http-latchkey.access";
const REFRESH = "__Host-Http-latchkey.refresh";
const ISSUED = [`${ACCESS}=new; Path=/; Secure`, `${REFRESH}=new; Path=/; Secure`];
const RIVALS = [`${REFRESH}=; Max-Age=0; Domain=example.com`, `${REFRESH}=; Max-Age=0; Path=/page`];

interface ValidationRow {
  readonly name: string;
  readonly validation: Validation;
  /** Whether the response may differ from the one that every visitor gets. */
  readonly dependsOnSession: boolean;
  readonly varyNames: readonly string[];
}

function withCookies(headers: Headers, cookies: readonly string[]): Headers {
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return headers;
}

function validSession(headers: Headers, refreshed: boolean): Validation {
  const times = { createdAt: 1_700_000_000, authTime: 1_700_000_000, expiresAt: null };
  const session = { id: "sid", userId: "ada", amr: ["pwd"], context: {}, ...times };
  const claims = {
    iss: "https://app.example.com",
    aud: "https://app.example.com",
    sub: "ada",
    sid: "sid",
    jti: "jti",
    iat: 1_700_000_000,
    exp: 1_700_000_600,
    auth_time: 1_700_000_000,
    amr: ["pwd"],
    transport: "cookie",
    context: {},
    session_created: 1_700_000_000,
    session_expires: null,
  } as const;
  const cookies = new Map();
  return { ok: true, session, userId: "ada", claims, transport: "cookie", refreshed, headers, cookies };
}

function failed(code: ErrorCode, cookies: readonly string[] = []): Validation {
  const validation = refusal({ bearer: { header: "Authorization", schemes: ["bearer"] } }, code, null);
  withCookies(validation.headers, cookies);
  return validation;
}

const FAILURE_STATUSES: readonly number[] = [401, 403, 500, 503];
const failureCodes: readonly ErrorCode[] = Object.keys(statuses)
  .map((code) => code as ErrorCode)
  .filter((code) => FAILURE_STATUSES.includes(statuses[code]));

const tokenHeaders = ["Cookie", "Authorization"];
const validations: readonly ValidationRow[] = [
  {
    name: "a live session",
    validation: validSession(sessionHeaders("Authorization"), false),
    dependsOnSession: true,
    varyNames: tokenHeaders,
  },
  {
    name: "a refreshed session",
    validation: validSession(withCookies(sessionHeaders("Authorization"), ISSUED), true),
    dependsOnSession: true,
    varyNames: tokenHeaders,
  },
  {
    name: "a session that was looked up without a refresh, whose headers are empty",
    validation: validSession(new Headers(), false),
    dependsOnSession: true,
    varyNames: ["Cookie"],
  },
  {
    name: "a session whose token came in another header",
    validation: validSession(sessionHeaders("X-Token"), false),
    dependsOnSession: true,
    varyNames: ["Cookie", "X-Token"],
  },
  {
    name: "a conflict of two sessions",
    validation: failed("unauthenticated", RIVALS),
    dependsOnSession: false,
    varyNames: tokenHeaders,
  },
  ...failureCodes.map((code) => ({
    name: `the failure ${code}`,
    validation: failed(code),
    dependsOnSession: code !== "unauthenticated",
    varyNames: tokenHeaders,
  })),
];

/** Cookies of the handler, and whether the refresh and the access cookie are among them. */
const ownCookies: readonly { readonly cookies: readonly string[]; readonly names: readonly string[] }[] = [
  { cookies: [], names: [] },
  { cookies: ["theme=dark; Path=/", `${ACCESS}2=x`], names: [] },
  { cookies: [`${REFRESH}=; Max-Age=0; Path=/`], names: [REFRESH] },
  { cookies: ["a=1", `${ACCESS}=; Max-Age=0`, `${REFRESH} =; Max-Age=0`, "b=2"], names: [ACCESS, REFRESH] },
];

/** A Vary of the handler, and the same with the names of a validation. */
const varies: readonly {
  readonly own: string | null;
  readonly merged: (names: readonly string[]) => string;
}[] = [
  { own: null, merged: (names) => names.join(", ") },
  { own: "Accept-Encoding", merged: (names) => ["Accept-Encoding", ...names].join(", ") },
  { own: "cookie,Accept", merged: (names) => ["cookie", "Accept", ...names.slice(1)].join(", ") },
  { own: "*", merged: () => "*" },
  { own: "Accept, *", merged: () => "Accept, *" },
];

const NO_STORE = "private, no-store";
/** A Cache-Control of the handler, and what it becomes in a response that depends on a session. */
const cacheControls: readonly { readonly own: string | null; readonly ofSession: string }[] = [
  { own: null, ofSession: NO_STORE },
  { own: "public, max-age=600, s-maxage=600", ofSession: NO_STORE },
  { own: 'private="set-cookie", max-age=600', ofSession: NO_STORE },
  { own: "x-private, no-cache", ofSession: NO_STORE },
  { own: "private, max-age=5", ofSession: "private, max-age=5" },
  { own: "max-age=5,PRIVATE", ofSession: "max-age=5,PRIVATE" },
  { own: "no-store", ofSession: "no-store" },
];

const targetedFields: readonly Readonly<Record<string, string>>[] = [
  {},
  { "cdn-cache-control": "max-age=600", "surrogate-control": "max-age=600" },
  { "vercel-cdn-cache-control": "max-age=600", "cloudflare-cdn-cache-control": "public" },
];

/** The kinds of response that a handler makes. */
const responses: readonly { readonly kind: string; readonly make: (headers: Headers) => Response }[] = [
  { kind: "a page", make: (headers) => new Response("page", { status: 201, statusText: "Made", headers }) },
  { kind: "a redirect with immutable headers", make: (headers) => immutable(redirectTo("/next", headers)) },
  { kind: "an answer without a body", make: (headers) => new Response(null, { status: 204, headers }) },
  { kind: "an error of the handler", make: (headers) => new Response("error", { status: 500, headers }) },
];

function redirectTo(location: string, headers: Headers): Response {
  return new Response(null, { status: 303, headers: [...headers, ["location", location]] });
}

function immutable(response: Response): Response {
  const refuse = (): never => {
    throw new TypeError("immutable");
  };
  Object.assign(response.headers, { append: refuse, set: refuse, delete: refuse });
  return response;
}

interface Handled {
  readonly cookies: readonly string[];
  readonly vary: string | null;
  readonly cacheControl: string | null;
  readonly targeted: Readonly<Record<string, string>>;
}

function headersOf({ cookies, vary, cacheControl, targeted }: Handled): Headers {
  const headers = withCookies(new Headers({ "x-own": "1", ...targeted }), cookies);
  if (vary !== null) headers.set("vary", vary);
  if (cacheControl !== null) headers.set("cache-control", cacheControl);
  return headers;
}

/** The members of a response that a validation may change. */
function outcomeOf({ headers }: Response): Handled {
  const targeted = [...headers].filter(([name]) => /(cdn-cache|surrogate)-control$/.test(name));
  return {
    cookies: headers.getSetCookie(),
    vary: headers.get("vary"),
    cacheControl: headers.get("cache-control"),
    targeted: Object.fromEntries(targeted),
  };
}

/** What the handler does, for each combination of the tables. */
function* combinations(row: ValidationRow): Generator<{ readonly own: Handled; readonly expected: Handled }> {
  for (const { cookies, names } of ownCookies) {
    const added = row.validation.headers
      .getSetCookie()
      .filter((cookie) => !names.some((name) => cookie.startsWith(`${name}=`)));
    for (const { own: vary, merged } of varies) {
      for (const { own: cacheControl, ofSession } of cacheControls) {
        for (const targeted of targetedFields) {
          const isShared = added.length === 0 && !row.dependsOnSession;
          const changed = added.length > 0 ? NO_STORE : ofSession;
          yield {
            own: { cookies, vary, cacheControl, targeted },
            expected: {
              cookies: [...cookies, ...added],
              vary: merged(row.varyNames),
              cacheControl: isShared ? cacheControl : changed,
              targeted: isShared ? targeted : {},
            },
          };
        }
      }
    }
  }
}

describe.each(responses)("applyValidation on $kind", ({ make }) => {
  it.each(validations)("merges cookies, Vary and caching of $name", (row) => {
    const rows = [...combinations(row)].map(({ own, expected }) => {
      const given = make(headersOf(own));
      const { status, statusText } = given;
      const applied = applyValidation(given, row.validation);
      const kept = {
        status: applied.status,
        statusText: applied.statusText,
        own: applied.headers.get("x-own"),
      };
      return {
        outcome: { own, ...outcomeOf(applied), kept },
        expected: { own, ...expected, kept: { status, statusText, own: "1" } },
      };
    });
    expect(rows.map(({ outcome }) => outcome)).toEqual(rows.map(({ expected }) => expected));
  });
});

describe("a response to which a validation is applied", () => {
  const [, refreshed] = validations.map(({ validation }) => validation);
  if (refreshed === undefined) throw new Error("the table has no refreshed session");

  it("keeps its body, and the original response does not change", async () => {
    const given = new Response(new Blob(["streamed"]).stream(), { headers: { "cache-control": "public" } });
    const applied = applyValidation(given, refreshed);
    expect(await applied.text()).toBe("streamed");
    expect(outcomeOf(given)).toEqual({ cookies: [], vary: null, cacheControl: "public", targeted: {} });
  });

  it("is copied where the platform made its headers immutable", () => {
    const applied = applyValidation(Response.redirect("https://app.example.com/next", 303), refreshed);
    expect(applied.headers.get("location")).toBe("https://app.example.com/next");
    expect(applied.headers.getSetCookie()).toEqual(ISSUED);
  });

  it("gets the headers itself where its body was read", async () => {
    const given = new Response("read");
    await given.text();
    expect(applyValidation(given, refreshed)).toBe(given);
    expect(given.headers.getSetCookie()).toEqual(ISSUED);
  });

  it.each([0, 100, 101, 103])("is not changed where its status is %i", (status) => {
    const given = Object.defineProperty(new Response(null), "status", { value: status });
    expect(applyValidation(given, refreshed)).toBe(given);
    expect([...given.headers]).toEqual([]);
  });
});

it("the table has every error code of a validation", () => {
  expect(failureCodes).toEqual(
    expect.arrayContaining(["unauthenticated", "csrf_rejected", "internal_error"]),
  );
  expect(failureCodes).toContain("store_unavailable");
});
