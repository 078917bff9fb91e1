import { expect } from "vitest";

/** A JSON body, read member by member. */
export type Body = Readonly<Record<string, unknown>>;

/** Reads a JSON body that is an object. */
export async function bodyOf(response: Response): Promise<Body> {
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Error("no object came");
  return { ...body };
}

/** Reads a member that must be an object. */
export function memberOf(body: Body, name: string): Body {
  const member = body[name];
  if (typeof member !== "object" || member === null || Array.isArray(member)) {
    throw new Error(`${name} is no object`);
  }
  return { ...member };
}

/** Reads a member that must be text. */
export function textOf(body: Body, name: string): string {
  const member = body[name];
  if (typeof member !== "string") throw new Error(`${name} is no text`);
  return member;
}

/** Asserts an error answer: its status, its code, and the one shape that all have. */
export async function expectError(response: Response, status: number, code: string): Promise<void> {
  const body = await bodyOf(response);
  expect([response.status, body["error"]]).toEqual([status, code]);
  expect(Object.keys(body).sort()).toEqual(["error", "message"]);
  expect(body["message"]).toMatch(/^[A-Z].*\.$|^\w.* .*$/);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  expect(response.headers.get("cache-control")).toContain("no-store");
}

/** The Set-Cookie lines that delete. */
export function clearedIn(headers: Headers): readonly string[] {
  return headers.getSetCookie().filter((line) => line.includes("Max-Age=0"));
}
