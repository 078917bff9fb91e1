import fc from "fast-check";
import { expect, it } from "vitest";
import { ORIGIN } from "../fixtures/server.ts";
import { expectAnswer, expectValidation } from "./answers.ts";
import { holds } from "./check.ts";
import { carriable, latin1, mutate, mutation, rarely, route } from "./mutation.ts";
import { openTarget } from "./target.ts";

const scheme = fc.oneof(
  { weight: 5, arbitrary: fc.constant("Bearer ") },
  fc.constantFrom(
    "Bearer ",
    "bearer ",
    "BEARER  ",
    "Bearer",
    "Bearer\t",
    "JWT ",
    "jwt ",
    "Basic ",
    "DPoP ",
    "",
  ),
  latin1,
);
/** The same code reads the configured header. */
const FEWER = 2_500;
const request = fc.record({
  scheme,
  mutation,
  of: fc.constantFrom("access", "refresh"),
  raw: rarely(latin1),
  route,
});

async function run(
  title: string,
  name: string,
  options: Parameters<typeof openTarget>[0],
  cases?: number,
): Promise<void> {
  const target = await openTarget(options);
  await holds(
    title,
    request,
    async ({ scheme: word, mutation: change, of, raw, route: { method, path } }) => {
      const tokens = await target.tokens("bearer");
      const value = raw ?? carriable(word + mutate(tokens[of], change));
      const made = (): Request =>
        new Request(`${ORIGIN}/auth${path}`, { method, headers: { [name]: value } });
      if (expectValidation(await target.auth.validate(made())))
        expect(value.endsWith(tokens.access) || value.trimEnd().endsWith(tokens.access)).toBe(true);
      await expectAnswer(await target.auth.handle(made()));
      target.expectNoFault();
    },
    cases,
  );
}

it("any bytes as Authorization header get one of the listed answers", async () => {
  await run("Authorization header", "authorization", {});
});

it("any bytes in the configured bearer header get one of the listed answers", async () => {
  await run(
    "X-Token header",
    "x-token",
    { bearer: { header: "X-Token", schemes: ["Bearer", "JWT"] } },
    FEWER,
  );
});
