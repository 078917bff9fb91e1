import { type Auth, type AuthOptions, createAuth, type JsonObject, type User } from "@latchkey/core";
import { ANN, makeWorld, SECRET, type World, type WorldOptions } from "../fixtures/server.ts";
import { answered, textOf } from "./answers.ts";

export { ANN, BOB } from "../fixtures/server.ts";

export const ORIGIN = "https://app.example.com";
export const ACCESS = "__Host-Http-latchkey.access";
export const REFRESH = "__Host-Http-latchkey.refresh";
/** The lease and a second. */
export const LEASE = 61;

/** An auth in production's clothes: its origin, a secret, `__Host-` cookies. */
export function openWorld(options: WorldOptions<JsonObject, User> = {}): World {
  return makeWorld({ baseURL: ORIGIN, secret: SECRET, ...options });
}

/** The tokens of a client that keeps them itself. */
export interface Bearer {
  readonly access: string;
  readonly refresh: string;
}

export async function bearerOf(world: World, path: "/auth/signup" | "/auth/login"): Promise<Bearer> {
  const response = await world.browser().post(path, { ...ANN, transport: "bearer" });
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
