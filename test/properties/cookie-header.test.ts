import fc from "fast-check";
import { expect, it } from "vitest";
import { ACCESS, ORIGIN, REFRESH } from "../fixtures/server.ts";
import { expectAnswer, expectValidation } from "./answers.ts";
import { holds } from "./check.ts";
import { carriable, latin1, mutate, mutation, route } from "./mutation.ts";
import { openTarget, type Tokens } from "./target.ts";

const names = fc.oneof(
  fc.constantFrom(
    ACCESS,
    REFRESH,
    ACCESS.toLowerCase(),
    "latchkey.access",
    "__Secure-latchkey.refresh",
    "__proto__",
    "",
  ),
  latin1,
);
const pair = fc.record({
  name: names,
  of: fc.constantFrom("access", "refresh"),
  mutation,
  glue: fc.constantFrom("; ", ";", ", ", ";;", " ; ", "\t;"),
});
const header = fc.oneof(
  { weight: 1, arbitrary: latin1 },
  { weight: 4, arbitrary: fc.array(pair, { maxLength: 6 }) },
);
const request = fc.record({
  header,
  route,
  refresh: fc.constantFrom("auto", "never"),
});

type Header = typeof header extends fc.Arbitrary<infer T> ? T : never;

function written(parts: Header, tokens: Tokens): string {
  if (typeof parts === "string") return parts;
  return carriable(
    parts
      .map(({ name, of, mutation: change, glue }) => `${name}=${mutate(tokens[of], change)}${glue}`)
      .join(""),
  );
}

it("any bytes as Cookie header get one of the listed answers, and no session of another token", async () => {
  const target = await openTarget();
  await holds("Cookie header", request, async ({ header: parts, route: { method, path }, refresh }) => {
    const tokens = await target.tokens("cookie");
    const cookie = written(parts, tokens);
    const made = (): Request => new Request(`${ORIGIN}/auth${path}`, { method, headers: { cookie } });
    const found = expectValidation(await target.auth.validate(made(), { refresh }));
    if (found) expect(cookie.includes(tokens.access) || cookie.includes(tokens.refresh)).toBe(true);
    await expectAnswer(await target.auth.handle(made()));
    target.expectNoFault();
  });
});
