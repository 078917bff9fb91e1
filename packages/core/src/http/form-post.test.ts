import { describe, expect, it } from "vitest";
import { decideFormEnd, type FormEnd } from "./form-post.ts";

describe("decideFormEnd", () => {
  it.each<[string, number, object | null, FormEnd]>([
    ["a sign-in", 200, { user: {} }, { kind: "target" }],
    ["a sign-up that waits for its proof", 202, {}, { kind: "target" }],
    ["tokens of a bearer client", 200, { access_token: "a" }, { kind: "answer" }],
    ["a redirect of the route", 303, null, { kind: "answer" }],
    ["a page of the route", 400, null, { kind: "answer" }],
    ["an error", 401, { error: "invalid_credentials" }, { kind: "back", error: "invalid_credentials" }],
    ["a fault", 500, { error: "internal_error" }, { kind: "back", error: "internal_error" }],
    ["an error without a code", 400, {}, { kind: "answer" }],
    ["a code that is no text", 400, { error: 5 }, { kind: "answer" }],
  ])("leads %s", (_, status, body, end) => {
    expect(decideFormEnd({ status, body: body as Record<string, unknown> | null })).toEqual(end);
  });
});
