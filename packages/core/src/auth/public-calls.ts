import { kindOf } from "../platform/callback-answer.ts";
import { isRecord, withoutPrototype } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import type { Report } from "../platform/faults.ts";
import type { KeysApi, SessionsApi } from "./auth.ts";
import type { UsersApi } from "./users-api.ts";

type Call = (...given: unknown[]) => Promise<unknown>;

/** What is wrong with an argument: where, and what it must be. */
interface Fault {
  readonly path: string;
  readonly value: unknown;
  readonly expected: string;
}

/** Checks the type of an argument, or of a member of one. Null for the right type. */
type Check = (path: string, value: unknown) => Fault | null;

const text: Check = (path, value) =>
  typeof value === "string" ? null : { path, value, expected: "a string" };

const optionalText: Check = (path, value) => (value === undefined ? null : text(path, value));

const nullableText: Check = (path, value) => {
  if (value === undefined || value === null || typeof value === "string") return null;
  return { path, value, expected: "a string or null" };
};

const list: Check = (path, value) => (Array.isArray(value) ? null : { path, value, expected: "a list" });

/** Checks the members of options. `checkMembers` refuses what is no object. */
const members =
  (checks: Readonly<Record<string, Check>>): Check =>
  (path, value) => {
    if (!isRecord(value)) return null;
    const faults = Object.entries(checks).map(([name, check]) => check(`${path}.${name}`, value[name]));
    return faults.find((fault) => fault !== null) ?? null;
  };

const identifier: Check = (path, value) => {
  if (isRecord(value) && "email" in value) return text(`${path}.email`, value["email"]);
  if (isRecord(value) && "username" in value) return text(`${path}.username`, value["username"]);
  return { path, value, expected: "{ email } or { username }" };
};

/** The checked arguments of each function, in their order. A function that is not listed is a type error. */
type Arguments<Api> = { readonly [Name in keyof Api]: Readonly<Record<string, Check>> };

/** A token comes from a client: whatever it is, it is not valid, and no error. */
const SESSIONS: Arguments<SessionsApi> = {
  create: { userId: text },
  refresh: {},
  verify: {},
  get: { id: text },
  list: { userId: text },
  update: { id: text },
  revoke: { id: text },
  revokeAll: { userId: text, options: members({ except: optionalText }) },
  prune: { options: members({ userId: optionalText }) },
};
const USERS: Arguments<UsersApi> = {
  create: {
    user: members({
      email: optionalText,
      username: optionalText,
      name: nullableText,
      picture: nullableText,
      password: optionalText,
    }),
  },
  get: { id: text },
  find: { identifier },
  update: {
    id: text,
    change: members({ name: nullableText, picture: nullableText, email: optionalText }),
  },
  list: { options: members({ after: optionalText, query: optionalText }) },
  import: { rows: list },
  setPassword: { id: text, password: text },
  forgotPassword: { email: text },
  resetPassword: { token: text, newPassword: text },
  changePassword: { id: text, change: members({ currentPassword: text, newPassword: text }) },
  requestEmailVerification: { email: text },
  verifyEmail: { token: text, options: members({ password: optionalText }) },
  invite: { email: text },
  confirmEmail: { id: text },
  disable: { id: text },
  enable: { id: text },
  delete: { id: text },
  changeEmail: { id: text, email: text },
  confirmEmailChange: { token: text },
  undoEmailChange: { token: text },
  sendLink: { email: text },
  redeemLink: { token: text },
  sendCode: { email: text },
  redeemCode: { email: text, code: text },
  accounts: { id: text },
  unlink: { id: text, provider: text },
  endSessionURL: {
    id: text,
    provider: text,
    options: members({ redirectTo: optionalText, state: optionalText }),
  },
  providerTokens: { id: text, provider: text },
};
const KEYS: Arguments<KeysApi> = { jwks: {}, rotate: {}, revoke: { kid: text } };

const ARGUMENTS = { sessions: SESSIONS, users: USERS, keys: KEYS };

/** The names of the functions that the application calls. */
export const CALL_NAMES: Readonly<Record<"sessions" | "users" | "keys", readonly string[]>> = {
  sessions: Object.keys(SESSIONS),
  users: Object.keys(USERS),
  keys: Object.keys(KEYS),
};

/** Makes the functions that the application calls check their arguments and report their faults. */
export function publicCalls(of: "sessions" | "users" | "keys", calls: object, report: Report): object {
  const checks = new Map<string, Readonly<Record<string, Check>>>(Object.entries(ARGUMENTS[of]));
  const entries: [string, Call][] = Object.entries(calls);
  const made = entries.map(([name, call]) => [
    name,
    publicCall(`${of}.${name}`, { call, checks: Object.entries(checks.get(name) ?? {}), report }),
  ]);
  return Object.freeze(Object.fromEntries(made));
}

interface PublicCall {
  readonly call: Call;
  readonly checks: readonly (readonly [argument: string, check: Check])[];
  readonly report: Report;
}

function publicCall(operation: string, { call, checks, report }: PublicCall): Call {
  return async (...passed) => {
    // A polluted prototype must not say that an address is verified.
    const given = passed.map(withoutPrototype);
    try {
      for (const [index, [argument, check]] of checks.entries()) {
        const fault = check(argument, given[index]);
        if (fault !== null) throw argumentError(operation, fault);
      }
      return await call(...given);
    } catch (error) {
      // A `TypeError` says that the call itself is wrong.
      if (!(error instanceof TypeError)) report(error, operation);
      throw error;
    }
  };
}

function argumentError(operation: string, { path, value, expected }: Fault): AuthError {
  const message = `${operation}: ${path} is ${kindOf(value)}, but it must be ${expected}`;
  return new AuthError("invalid_request", message, null, { operation });
}
