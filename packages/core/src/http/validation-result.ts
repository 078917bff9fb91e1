import { type CookieChange, jarAfter, parseCookies, sessionHeaders } from "../cookies/cookie.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { AccessClaims } from "../sessions/access-claims.ts";
import type { Session, Transport } from "../sessions/session.ts";
import type { UserId } from "../users/user.ts";
import type { InvalidSession, ValidSession } from "./validation.ts";

/** The parts of a valid session. */
export interface SessionParts {
  readonly session: Session;
  readonly claims: AccessClaims;
  readonly transport: Transport;
  readonly refreshed: boolean;
  /** The headers, if they are made already; otherwise null, and they are those of a response that depends on its request. */
  readonly headers: Headers | null;
  /** The name of the header of bearer tokens. */
  readonly bearerHeader: string;
  /** The Cookie header of the request, and the cookies that the headers change. */
  readonly sentCookies: string | null;
  readonly changes: readonly CookieChange[];
}

/** Makes the result of a validation that succeeded. Its headers and cookies are made when they are first read. */
export function validSession(parts: SessionParts): ValidSession {
  return new Valid(parts);
}

/** Reads the session from the claims of an access token. */
export function sessionOfClaims(claims: AccessClaims): Session {
  return {
    id: claims.sid,
    userId: claims.sub,
    context: claims.context,
    createdAt: claims.session_created,
    expiresAt: claims.session_expires,
    authTime: claims.auth_time,
    amr: claims.amr,
  };
}

/** The parts of a failed validation. */
export interface RefusalParts extends Pick<InvalidSession, "code" | "status"> {
  readonly message: string;
  readonly makeHeaders: () => Headers;
  readonly respond: (code: ErrorCode, headers: Headers, message: string) => Response;
}

/** Makes the result of a validation that failed. Its headers are made when they are first read. */
export function invalidSession(parts: RefusalParts): InvalidSession {
  return new Invalid(parts);
}

// These are classes because an object with getters of its own takes 25 times as long to make, and 5 times the memory.
class Valid implements ValidSession {
  readonly ok = true;
  readonly session: Session;
  readonly userId: UserId;
  readonly claims: AccessClaims;
  readonly transport: Transport;
  readonly refreshed: boolean;
  readonly #bearerHeader: string;
  readonly #sentCookies: string | null;
  readonly #changes: readonly CookieChange[];
  #headers: Headers | null;
  #cookies: ValidSession["cookies"] | null = null;

  constructor(parts: SessionParts) {
    this.session = parts.session;
    this.userId = parts.session.userId;
    this.claims = parts.claims;
    this.transport = parts.transport;
    this.refreshed = parts.refreshed;
    this.#headers = parts.headers;
    this.#bearerHeader = parts.bearerHeader;
    this.#sentCookies = parts.sentCookies;
    this.#changes = parts.changes;
  }

  get headers(): Headers {
    this.#headers ??= sessionHeaders(this.#bearerHeader);
    return this.#headers;
  }

  get cookies(): ValidSession["cookies"] {
    this.#cookies ??= jarAfter(parseCookies(this.#sentCookies), this.#changes);
    return this.#cookies;
  }
}

class Invalid implements InvalidSession {
  readonly ok = false;
  readonly code: ErrorCode;
  readonly status: InvalidSession["status"];
  /** An own function, so that it also works without its object. */
  readonly response: () => Response;
  readonly #makeHeaders: () => Headers;
  #headers: Headers | null = null;

  constructor({ code, status, message, makeHeaders, respond }: RefusalParts) {
    this.code = code;
    this.status = status;
    this.#makeHeaders = makeHeaders;
    this.response = () => respond(code, new Headers(this.headers), message);
  }

  get headers(): Headers {
    this.#headers ??= this.#makeHeaders();
    return this.#headers;
  }
}
