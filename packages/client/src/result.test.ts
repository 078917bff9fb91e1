import { describe, expect, it } from "vitest";
import { isUnauthenticated, readResult, serverCodes } from "./result.ts";

const json = (body: unknown, status = 200): Response => Response.json(body, { status });

describe("readResult", () => {
  it.each(serverCodes)("reads the error %s", async (error) => {
    const result = await readResult(json({ error, message: "A sentence." }, 401));
    expect(result).toEqual({ ok: false, error: { code: error, message: "A sentence.", status: 401 } });
  });

  it("reads data, and null from an answer without a body", async () => {
    expect(await readResult(json({ a: 1 }))).toEqual({ ok: true, data: { a: 1 } });
    expect(await readResult(new Response(null, { status: 204 }))).toEqual({ ok: true, data: null });
  });

  it.each([
    ["a page", new Response("<p>Sorry", { status: 502 }), 502],
    ["a page with the status 200", new Response("<p>Hello"), 200],
    ["an unknown code", json({ error: "teapot", message: "I am." }, 418), 418],
    ["no message", json({ error: "forbidden" }, 403), 403],
    ["no object", json(null, 401), 401],
    ["a redirect", new Response(null, { status: 304 }), 304],
  ])("takes %s for an invalid response", async (_, response, status) => {
    expect(await readResult(response)).toMatchObject({ error: { code: "invalid_response", status } });
  });
});

describe("isUnauthenticated", () => {
  it.each([
    ["unauthenticated", true],
    ["session_revoked", true],
    ["invalid_response", false],
    ["invalid_credentials", false],
    ["insufficient_user_authentication", false],
  ] as const)("is for a 401 with %s: %s", (code, expected) => {
    expect(isUnauthenticated({ code, message: "A sentence.", status: 401 })).toBe(expected);
  });
});
