import type { AuthOptions } from "@latchkey/core";
import { newStore } from "../fixtures/environment-store.ts";
import { ANN, openSecureServer, type TestServer } from "../fixtures/server.ts";

export const PASSWORD: string = ANN.password;
/** The defaults that the attacks count on. */
export const LEASE = 60;
export const LIFETIME = 600;

export type Options = Partial<AuthOptions>;

/** Opens a server on https, on the store that the environment names, with the defaults of the library but for `changes`. */
export function openAttackedServer(changes: Options = {}): TestServer {
  return openSecureServer({ ...changes, store: changes.store ?? newStore() });
}
