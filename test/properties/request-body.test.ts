import fc from "fast-check";
import { it } from "vitest";
import { ORIGIN } from "../fixtures/server.ts";
import { expectAnswer } from "./answers.ts";
import { holds } from "./check.ts";
import { anyText, latin1, mutate, mutation, rarely } from "./mutation.ts";
import { openTarget } from "./target.ts";

const text = fc.oneof(
  anyText(40),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.emailAddress(),
  fc.constantFrom("cookie", "bearer", "session", "others", "all", "ann@example.com", "\ud800"),
);
const value = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const mostly = (good: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: value });
const members = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      "email",
      "password",
      "transport",
      "refresh_token",
      "scope",
      "__proto__",
      "constructor",
      "username",
    ),
    fc.string({ maxLength: 8 }),
  ),
  value,
  { maxKeys: 6 },
);
const credentials = fc.record(
  {
    email: mostly(fc.emailAddress()),
    password: mostly(fc.string({ minLength: 8 })),
    transport: mostly(fc.constantFrom("cookie", "bearer")),
  },
  { requiredKeys: ["email", "password"] },
);

const body = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 4, arbitrary: members.map((record) => JSON.stringify(record)) },
  { weight: 4, arbitrary: credentials.map((record) => JSON.stringify(record)) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom("email", "password", "scope", "refresh_token", "%", "a[b]"), text), {
        maxLength: 6,
      })
      .map((pairs) => pairs.map((pair) => pair.join("=")).join("&")),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "null",
      "[]",
      "{",
      `{"email":"${"x".repeat(20_000)}"}`,
      "[".repeat(9_000),
    ),
  },
);
const type = fc.oneof(
  { weight: 6, arbitrary: fc.constant("application/json") },
  { weight: 3, arbitrary: fc.constant("application/x-www-form-urlencoded") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "",
      "text/plain",
      "multipart/form-data; boundary=x",
      "application/json; charset=utf-8",
      "application/json;charset=utf-16",
    ),
  },
  { weight: 1, arbitrary: latin1 },
);
const request = fc.record({
  body: fc.oneof({ weight: 5, arbitrary: body }, { weight: 1, arbitrary: mutation }),
  type,
  path: fc.constantFrom("/signup", "/login", "/refresh", "/logout"),
  encoding: rarely(rarely(latin1)),
});

it("any bytes as a body of any type get one of the listed answers on each route", async () => {
  const target = await openTarget();
  await holds("request body", request, async ({ body: sent, type: contentType, path, encoding }) => {
    const { refresh } = await target.tokens("bearer");
    const isMutation = typeof sent === "object" && "kind" in sent;
    const bytes = isMutation ? JSON.stringify({ refresh_token: mutate(refresh, sent) }) : sent;
    const headers = new Headers({ "content-type": contentType });
    if (encoding !== null) headers.set("content-encoding", encoding);
    const init = { method: "POST", headers, body: typeof bytes === "string" ? bytes : new Uint8Array(bytes) };
    await expectAnswer(await target.auth.handle(new Request(`${ORIGIN}/auth${path}`, init)));
    target.expectNoFault();
  });
});
