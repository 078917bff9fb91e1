import { holds, same } from "./case.ts";

export type Body = Readonly<Record<string, unknown>>;

/** Reads the members of a JSON body. */
export async function bodyOf(response: Response): Promise<Body> {
  const body: unknown = await response.json();
  return typeof body === "object" && body !== null ? { ...body } : {};
}

/** Reads a JSON answer of this status. */
export async function answered(response: Response, status: number): Promise<Body> {
  const body = await bodyOf(response);
  same([response.status, body["error"]], [status, undefined], `the answer ${JSON.stringify(body)}`);
  return body;
}

/** Asserts an error answer of this status and code. */
export async function refused(response: Response, status: number, code: string): Promise<void> {
  const body = await bodyOf(response);
  same([response.status, body["error"]], [status, code]);
  holds(typeof body["message"] === "string", "an error has a sentence");
  holds(response.headers.get("cache-control")?.includes("no-store") === true, "an error is not cached");
}

/** A member that must be text. */
export function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
}

/** The member of a member, as `user.id`. */
export function within(body: Body, outer: string, name: string): unknown {
  return Object(body[outer])[name];
}

/** The names of the cookies that an answer sets, and those that it deletes. */
export function cookiesOf({ headers }: Response): { readonly set: string[]; readonly gone: string[] } {
  const lines = headers.getSetCookie();
  const named = (found: readonly string[]): string[] => found.map((line) => line.split("=", 1)[0] ?? "");
  return {
    set: named(lines.filter((line) => !line.includes("Max-Age=0"))),
    gone: named(lines.filter((line) => line.includes("Max-Age=0"))),
  };
}
