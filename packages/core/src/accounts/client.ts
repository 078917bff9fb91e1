import { badAnswer, kindOf } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { warn, withRejectionsIgnored } from "../platform/env.ts";
import { asFault } from "../platform/errors.ts";
import { type MembersOf, nearestName, refuse, refuseUnknown } from "../platform/option-error.ts";
import type { Device } from "../sessions/session.ts";
import { clientNetworks } from "../throttle/address.ts";
import { decideClientAddress, type TrustedProxies } from "../throttle/proxies.ts";

/** What a host knows of a request that is not in the `Request`. */
export interface RequestHost {
  /**
   * The address at the other end of the connection; null if it is not known. Limits count by it, and sessions show it. A
   * header belongs here only if every request comes through a proxy that overwrites it: see `trustedProxies`. Default null.
   */
  readonly clientAddress?: string | null | undefined;
  /** Keeps the runtime running until the work has ended, as `ctx.waitUntil` of Workers does. It is called as a function. Default none. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/** What is known of the client of a request. */
export interface Client {
  readonly device: Device;
  /** Lists the networks that limits count by, the narrowest first. Empty without an address: then none counts. */
  readonly networks: () => readonly string[];
  /** Null if the host has none. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | null;
}

/** The members of a host, and their types. */
export const HOST_MEMBERS: MembersOf<RequestHost> = { clientAddress: null, waitUntil: null };

/**
 * Checks the second argument of the function `of`, and throws a `TypeError` that names the member. Runtimes pass arguments of
 * their own there, as `Deno.serve(auth.handle)` does: other members are ignored, unless one looks like a misspelling.
 */
export function checkHost(of: string, host: RequestHost): void {
  if (!isRecord(host)) return;
  const known = Object.keys(HOST_MEMBERS);
  const misspelt = Object.keys(host).find(
    (name) => !known.includes(name) && nearestName(name, known) !== null,
  );
  if (misspelt !== undefined) refuseUnknown(of, "", { [misspelt]: true }, known);
  checkHostValues(of, host);
}

/** Checks the values of the members of a host. */
export function checkHostValues(of: string, host: RequestHost): void {
  const { clientAddress, waitUntil }: Readonly<Record<string, unknown>> = { ...ownMembers(host) };
  if (clientAddress !== undefined && clientAddress !== null && typeof clientAddress !== "string")
    throw refuse(`${of}: clientAddress`, clientAddress, "it must be a string or null");
  if (waitUntil !== undefined && typeof waitUntil !== "function")
    throw refuse(`${of}: waitUntil`, waitUntil, "it must be a function");
}

// An inherited member is no option: a polluted prototype could hold it (SEC-08).
function ownMembers(host: RequestHost): RequestHost {
  return {
    clientAddress: Object.hasOwn(host, "clientAddress") ? host.clientAddress : undefined,
    waitUntil: Object.hasOwn(host, "waitUntil") ? host.waitUntil : undefined,
  };
}

export interface ClientOptions {
  /** Asked first: the address of the host is used where this returns null. */
  readonly clientAddress: (request: Request) => unknown;
  /** Null believes no header. */
  readonly trustedProxies: TrustedProxies | null;
  /** Whether a missing address is worth a warning: in production, with limits. */
  readonly needsAddress: boolean;
}

const NO_ADDRESS =
  "the client's address is not known, so no limit by client network applies. Pass it from the host: " +
  "auth.handle(request, { clientAddress }). Behind a proxy, set trustedProxies too.";

/** Makes `app.clientOf`. It warns once if limits would count by an address that is not known. */
export function clientReader(options: ClientOptions): (request: Request, host?: RequestHost) => Client {
  let isWarned = false;
  const warnOnce = (): void => {
    if (isWarned || !options.needsAddress) return;
    isWarned = true;
    warn(NO_ADDRESS);
  };
  return (request, host = {}) => {
    const { clientAddress, waitUntil } = isRecord(host) ? ownMembers(host) : {};
    // An adapter passes the connection of any deployment. The option is about this one, so it comes first.
    const given = askAddress(options, request) || (clientAddress ?? null);
    const { address, isConflicting } = resolveAddress(given, request.headers, options.trustedProxies);
    return {
      device: deviceOf(request.headers.get("user-agent"), address),
      networks: () => {
        const networks = isConflicting ? CONFLICTING : clientNetworks(address);
        if (networks.length === 0) warnOnce();
        return networks;
      },
      waitUntil: waitUntil === undefined ? null : guarded(waitUntil),
    };
  };
}

// Next throws in some of its scopes. The work then runs without it, and the request must not fail.
function guarded(waitUntil: (work: Promise<unknown>) => void): (work: Promise<unknown>) => void {
  return (work) => {
    try {
      waitUntil(work);
    } catch {
      // Nothing is left to do.
    }
  };
}

/** Requests whose headers contradict each other count together, so that a forged header does not avoid the limits. */
const CONFLICTING = ["conflicting"] as const;

function askAddress({ clientAddress }: ClientOptions, request: Request): string | null {
  const address = callAddress(clientAddress, request);
  if (typeof address === "string" || address === null) return address;
  throw badAnswer("clientAddress", kindOf(withRejectionsIgnored(address)), "a string or null");
}

function callAddress(clientAddress: ClientOptions["clientAddress"], request: Request): unknown {
  try {
    return clientAddress(request);
  } catch (error) {
    throw asFault("clientAddress", error);
  }
}

interface ResolvedAddress {
  readonly address: string | null;
  readonly isConflicting: boolean;
}

function resolveAddress(
  given: string | null,
  headers: Headers,
  trusted: TrustedProxies | null,
): ResolvedAddress {
  // A dual-stack socket of Node shows an IPv4 client as a mapped address.
  const plain = given?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, "") ?? null;
  if (trusted === null) return { address: plain, isConflicting: false };
  const forwarding = { forwardedFor: headers.get("x-forwarded-for"), forwarded: headers.get("forwarded") };
  const decided = decideClientAddress(given, forwarding, trusted);
  const address = decided.kind === "known" ? decided.address.text : null;
  return { address, isConflicting: decided.kind === "conflicting" };
}

/** The longest stored User-Agent or address, in characters. */
const MAX_DETAIL = 256;

/** Makes the stored device. Values that are not strings, which an application without types may pass, become null. */
export function deviceOf(userAgent: unknown, address: unknown): Device {
  const text = (value: unknown): string | null =>
    typeof value === "string" ? value.slice(0, MAX_DETAIL) : null;
  return { userAgent: text(userAgent), address: text(address) };
}
