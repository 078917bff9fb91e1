import { inspect } from "node:util";
import type { Store } from "@latchkey/core/store";
import { type Between, wrapped } from "../rows/wrapped-store.ts";

/** Every secret that came up, each in every form that somebody might print. */
export interface Secrets {
  add(...secrets: readonly string[]): void;
  /** A refresh token, and its secret parts. */
  addRefreshToken(token: string): void;
  /** A JWT, and its signature. */
  addAccessToken(token: string): void;
  addBytes(bytes: Uint8Array): void;
  /** The tokens of an answer, in cookies or in the body. */
  addAnswer(response: Response): Promise<void>;
  readonly size: () => number;
  /** Those that occur in a text, shortened. */
  foundIn(text: string): readonly string[];
  /** How many of those that are bytes occur as such. */
  rawIn(bytes: Buffer): number;
}

export function collectSecrets(): Secrets {
  const all = new Set<string>();
  const raw: Buffer[] = [];
  const add = (...secrets: readonly string[]): void => {
    for (const secret of secrets) {
      if (secret.length < 8) throw new Error("too short to be told from other text");
      all.add(secret);
      all.add(Buffer.from(secret).toString("base64"));
      all.add(encodeURIComponent(secret));
    }
  };
  const addBytes = (bytes: Uint8Array): void => {
    const buffer = Buffer.from(bytes);
    raw.push(buffer);
    for (const form of ["base64url", "base64", "hex"] as const) all.add(buffer.toString(form));
    all.add([...buffer].join(", "));
  };
  const addRefreshToken = (token: string): void => {
    const bytes = Buffer.from(token.slice(4), "base64url");
    add(token);
    addBytes(bytes.subarray(21, 37));
    addBytes(bytes.subarray(37));
  };
  const addAccessToken = (token: string): void => {
    const signature = token.split(".")[2] ?? "";
    add(token, signature);
    addBytes(Buffer.from(signature, "base64url"));
  };
  return {
    add,
    addBytes,
    addRefreshToken,
    addAccessToken,
    addAnswer: async (response) => {
      const body = await response.clone().text();
      const text = [...response.headers.getSetCookie(), body].join("\n");
      for (const [token] of text.matchAll(/lkr_[\w-]{92}/g)) addRefreshToken(token);
      for (const [token] of text.matchAll(/ey[\w-]+\.[\w-]+\.[\w-]+/g)) addAccessToken(token);
    },
    size: () => all.size,
    rawIn: (bytes) => raw.filter((secret) => bytes.includes(secret)).length,
    foundIn: (text) =>
      [...all].filter((secret) => text.includes(secret)).map((secret) => secret.slice(0, 12)),
  };
}

/** A store that hands over what it keeps of secrets: password hashes, token hashes, private keys. */
export function listening(store: Store, secrets: Secrets): Store {
  const between: Between = async (_, call) => {
    const result = await call();
    for (const text of JSON.stringify(result ?? null).matchAll(/"(\w*[hH]ash)":"([^"]+)"/g)) {
      const [, , hash = ""] = text;
      secrets.add(hash);
      for (const part of hash.split("$").filter((piece) => piece.length > 20)) secrets.add(part);
    }
    return result;
  };
  return wrapped(store, between);
}

/** A driver of the chatty kind: it fails, and its error says everything it was given. */
export function chatty(store: Store, isFailing: () => boolean): Store {
  const loud = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (isFailing()) throw new Error(`${String(name)} ${JSON.stringify(args)}`, { cause: args });
          return Reflect.apply(member, target, args);
        };
      },
    });
  return {
    sessions: loud(store.sessions),
    users: loud(store.users),
    keys: loud(store.keys),
    tokens: loud(store.tokens),
    throttle: loud(store.throttle),
  };
}

/** Everything that could be printed of a value: an error with its stack and causes, an object in all its depth. */
export function printed(value: unknown): string {
  const seen = inspect(value, { depth: null, showHidden: true, getters: true, maxStringLength: null });
  return `${seen}\n${safely(() => JSON.stringify(value))}\n${value instanceof Error ? value.stack : ""}`;
}

function safely(write: () => string): string {
  try {
    return write();
  } catch {
    return "";
  }
}
