import {
  type Auth,
  type AuthEvent,
  type AuthOptions,
  createAuth,
  type JsonObject,
  type Store,
  type User,
} from "@latchkey/core";
import { type PasswordHasher, password, scryptHasher } from "@latchkey/core/password";
import { newStore } from "./store.ts";

export const ORIGIN = "https://app.example.com";
export const ACCESS = "__Host-Http-latchkey.access";
export const REFRESH = "__Host-Http-latchkey.refresh";
export const SECRET = "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9";
export const PASSWORD = "correct horse battery";
/** The defaults that the attacks count on. */
export const LEASE = 60;
export const LIFETIME = 600;

const START = 1_900_000_000_000;

/** Cheap, so that the tests measure the rules and not the hash. */
export const cheapHasher: PasswordHasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });

export type Options = Partial<AuthOptions>;

/** A server under attack, and the levers of the test: its clock, its store, what it tells. */
export interface Stage {
  readonly auth: Auth<JsonObject, User>;
  readonly store: Store;
  readonly events: readonly AuthEvent[];
  /** Milliseconds. */
  readonly time: () => number;
  readonly pass: (seconds: number) => void;
  /** Sends one request to `auth.handle`. */
  readonly send: (path: string, call?: Call) => Promise<Response>;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string, bytes or a stream as they are. */
  readonly body?: unknown;
}

/** Opens a server on https with the defaults of the library, but for `changes`. */
export function openStage(changes: Options = {}): Stage {
  let time = START;
  const events: AuthEvent[] = [];
  const store = changes.store ?? newStore();
  const auth = createAuth({
    providers: [password({ hasher: cheapHasher })],
    baseURL: ORIGIN,
    secret: SECRET,
    // The attacks repeat themselves more than anybody may; test/attacks/guessing.test.ts is about the limits.
    rateLimit: false,
    onEvent: (event) => events.push(event),
    ...changes,
    store,
    env: { clock: () => time, ...changes.env },
  });
  return {
    auth,
    store,
    events,
    time: () => time,
    pass: (seconds) => {
      time += seconds * 1_000;
    },
    send: (path, call) => auth.handle(requestTo(path, call)),
  };
}

/** Makes a request as no browser would: nothing says where it comes from, unless the headers do. */
export function requestTo(path: string, { method = "GET", headers = {}, body }: Call = {}): Request {
  const sent = new Headers(headers);
  if (body === undefined) return new Request(ORIGIN + path, { method, headers: sent });
  const asIs = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  if (!asIs && !sent.has("content-type")) sent.set("content-type", "application/json");
  const content = asIs ? body : JSON.stringify(body);
  // A streamed body needs duplex, which the types of the platform do not know yet.
  const init = { method, headers: sent, body: content as BodyInit, duplex: "half" };
  return new Request(ORIGIN + path, init);
}
