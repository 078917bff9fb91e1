import { type Auth, type AuthOptions, createAuth, type JsonObject, type User } from "@latchkey/core";
import { ANN, ORIGIN, SECRET, type TestServer } from "../fixtures/server.ts";
import { answered, textOf } from "./answers.ts";

/** The lease and a second. */
export const LEASE = 61;

/** The tokens of a client that keeps them itself. */
export interface Bearer {
  readonly access: string;
  readonly refresh: string;
}

export async function bearerOf(server: TestServer, path: "/auth/signup" | "/auth/login"): Promise<Bearer> {
  const response = await server.browser().post(path, { ...ANN, transport: "bearer" });
  const body = await answered(response, path === "/auth/signup" ? 201 : 200);
  return { access: textOf(body, "access_token"), refresh: textOf(body, "refresh_token") };
}

/** A request with an access token in its header, and no cookies. */
export function bearing(token: string, path = "/page", init: RequestInit = {}): Request {
  return new Request(ORIGIN + path, { ...init, headers: { authorization: `Bearer ${token}` } });
}

/** A POST as a script sends it, without a browser around it. */
export function posting(path: string, body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request(ORIGIN + path, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** An auth on the runtime's own clock and randomness. */
export function plainAuth(options: Pick<AuthOptions, "store" | "providers">): Auth<JsonObject, User> {
  return createAuth({ ...options, baseURL: ORIGIN, secret: SECRET });
}
