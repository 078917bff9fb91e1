import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import fc from "fast-check";
import { it } from "vitest";
import { ACCESS, ORIGIN } from "../fixtures/server.ts";
import { expectAnswer, expectValidation } from "./answers.ts";
import { holds } from "./check.ts";
import { anyText, latin1, rarely } from "./mutation.ts";
import { openTarget } from "./target.ts";

const segment = fc.oneof(
  fc.constantFrom(
    "auth",
    "login",
    "signup",
    "refresh",
    "logout",
    "me",
    "session",
    "sessions",
    "jwks",
    ".well-known",
    "jwks.json",
    "",
    ".",
    "..",
    "%2e",
    "%2f",
    "%5c",
    ":id",
    "__proto__",
    "constructor",
    "AAAAAAAAAAAAAAAAAAAAAA",
    ";x=1",
    "%00",
    "%ff",
  ),
  anyText(12),
  fc.webSegment(),
);
const known = fc.constantFrom("login", "signup", "refresh", "logout", "me", "session", "sessions", "jwks");
const path = fc.oneof(
  { weight: 2, arbitrary: known.map((name) => `/auth/${name}`) },
  { weight: 3, arbitrary: fc.array(segment, { maxLength: 5 }).map((parts) => `/auth/${parts.join("/")}`) },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`) },
  { weight: 1, arbitrary: fc.webPath().map((text) => `/auth${text}`) },
);
const request = fc.record({
  path,
  query: rarely(fc.webQueryParameters()),
  method: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH") },
    {
      weight: 1,
      arbitrary: fc.string({ unit: fc.constantFrom(..."ABCdef_-.!~^'*0"), minLength: 1, maxLength: 12 }),
    },
  ),
  origin: fc.constantFrom(
    ORIGIN,
    "https://evil.example",
    "http://localhost:3000",
    "http://[::1]:80",
    "http://user@app.example.com",
  ),
  headers: fc.dictionary(
    fc.constantFrom(
      "origin",
      "sec-fetch-site",
      "referer",
      "host",
      "upgrade",
      "x-forwarded-host",
      "if-none-match",
      "range",
      "access-control-request-method",
      "user-agent",
    ),
    fc.oneof(latin1, fc.constantFrom("same-origin", "cross-site", ORIGIN, "null")),
    { maxKeys: 4 },
  ),
});

const host = fc.constantFrom(
  "http://localhost",
  "http://localhost:3000",
  "https://localhost",
  "http://a.localhost:1",
  "http://127.0.0.1:8080",
  "http://[::1]",
  "http://0.0.0.0",
  "http://localhost.evil.example",
);

/** Makes the request, or null where the platform itself refuses it. */
function build(url: string, method: string, headers: Readonly<Record<string, string>>): Request | null {
  try {
    return new Request(url, { method, headers });
  } catch {
    return null;
  }
}

it("any path and method from any origin gets one of the listed answers", async () => {
  const target = await openTarget({ trustedOrigins: ["https://spa.example.com"] });
  await holds("path and method", request, async ({ path: where, query, method, origin, headers }) => {
    const { access } = await target.tokens("cookie");
    const url = `${origin}${where}${query === null ? "" : `?${query}`}`;
    const made = build(url, method, { ...headers, cookie: `${ACCESS}=${access}` });
    if (made === null) return;
    await expectAnswer(await target.auth.handle(made));
    expectValidation(await target.auth.validate(made));
    target.expectNoFault();
  });
});

/** Only the host is of interest here: the paths are those of the test above. */
const FEWER = 2_500;

it("any host gets one of the listed answers where baseURL is missing", async () => {
  const auth = createAuth({ store: memory(), rateLimit: false });
  const handlers = Object.values(auth.handlers);
  const url = fc.oneof(
    fc.webUrl(),
    fc.tuple(host, path).map(([from, where]) => from + where),
  );
  const method = fc.constantFrom("GET", "POST", "DELETE", "HEAD");
  const drawn = fc.tuple(url, method, fc.nat(handlers.length - 1));
  await holds(
    "hosts and handlers",
    drawn,
    async ([where, by, index]) => {
      const made = build(where, by, {});
      const handler = handlers[index];
      if (made === null || handler === undefined) return;
      await expectAnswer(await handler(made.clone()));
      await expectAnswer(await auth.handle(made));
      expectValidation(await auth.validate(made));
    },
    FEWER,
  );
});
