import { type Address, isInNetwork, type Network, parseAddress, parseNetwork } from "./address.ts";

/** The proxies in front of the application: how many there are, or their networks. */
export type TrustedProxies =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "networks"; readonly networks: readonly Network[] };

/** Reads the option, whose networks are sound. */
export function parseProxies(written: number | readonly string[]): TrustedProxies {
  if (typeof written === "number") return { kind: "count", count: written };
  return { kind: "networks", networks: written.map(parseNetwork).filter((network) => network !== null) };
}

/** The headers in which proxies write the address that they saw. */
export interface ForwardingHeaders {
  /** `X-Forwarded-For`. */
  readonly forwardedFor: string | null;
  /** `Forwarded`, RFC 7239. */
  readonly forwarded: string | null;
}

/** The address of a client, as far as it is known. */
export type ClientAddress =
  | { readonly kind: "known"; readonly address: Address }
  /** Nothing names the client, or a trusted proxy hides it. */
  | { readonly kind: "unknown" }
  /** The headers name two different clients, or none that can be read. One of them may be forged. */
  | { readonly kind: "conflicting" };

const UNKNOWN: ClientAddress = { kind: "unknown" };
const CONFLICTING: ClientAddress = { kind: "conflicting" };

/**
 * Decides the address of a client from the address of the connection and the headers of the trusted proxies. The entries
 * of a header are read from the right, because a client can only write those on the left.
 *
 * If both headers have entries, they must name the same client. Most proxies write one of them and pass on the other as
 * the client sent it.
 */
export function decideClientAddress(
  peer: string | null,
  headers: ForwardingHeaders,
  trusted: TrustedProxies,
): ClientAddress {
  const connected = peer === null ? null : parseAddress(peer);
  const own: ClientAddress = connected === null ? UNKNOWN : { kind: "known", address: connected };
  if (trusted.kind === "networks" && !isTrusted(own, trusted.networks)) return own;
  const named = [
    clientIn(entriesFromRight(headers.forwardedFor, false), trusted, readAddress),
    clientIn(entriesFromRight(headers.forwarded, true), trusted, readElement),
  ].filter((client) => client !== null);
  const [first, second = first] = named;
  if (first === undefined || second === undefined) return own;
  return isSame(first, second) ? first : CONFLICTING;
}

/** The client that one header names; null if it has no entries. */
function clientIn(
  entries: Iterable<string | null>,
  trusted: TrustedProxies,
  read: (entry: string) => ClientAddress,
): ClientAddress | null {
  let client: ClientAddress | null = null;
  let passed = 0;
  for (const entry of entries) {
    // Null is a part of the header that is too far to the left to be read.
    client = entry === null ? CONFLICTING : read(entry);
    passed += 1;
    const isLast = trusted.kind === "count" ? passed >= trusted.count : !isTrusted(client, trusted.networks);
    if (isLast) return client;
  }
  return client;
}

function isTrusted(client: ClientAddress, networks: readonly Network[]): boolean {
  return client.kind === "known" && networks.some((network) => isInNetwork(client.address, network));
}

function isSame(one: ClientAddress, other: ClientAddress): boolean {
  if (one.kind === "known" && other.kind === "known") return one.address.text === other.address.text;
  return one.kind === other.kind;
}

/** No chain of proxies writes more than this, in characters. */
const MAX_READ = 4_096;

/**
 * Lists the entries of a header from the right, without empty ones. A comma in a quoted string divides no entries. The
 * quotes are paired from the right: an open quote in what a client sent cannot hide the entry that a proxy added.
 */
function* entriesFromRight(header: string | null, isQuoted: boolean): Generator<string | null> {
  const text = header ?? "";
  const first = Math.max(0, text.length - MAX_READ);
  let inQuotes = false;
  let end = text.length;
  for (let at = text.length - 1; at >= first; at--) {
    const character = text[at];
    if (isQuoted && character === '"') inQuotes = !inQuotes;
    if (character !== "," || inQuotes) continue;
    const entry = text.slice(at + 1, end).trim();
    if (entry !== "") yield entry;
    end = at;
  }
  const rest = text.slice(first, end).trim();
  if (first > 0 || inQuotes) yield null;
  else if (rest !== "") yield rest;
}

/** RFC 7239 6: a node is an address, `unknown`, or a name that a proxy made up to hide the address. */
function readAddress(node: string): ClientAddress {
  if (/^(unknown|_[\w.-]+)(:(\d{1,5}|_[\w.-]+))?$/i.test(node)) return UNKNOWN;
  const address = parseAddress(node.replace(/:_[\w.-]+$/, ""));
  return address === null ? CONFLICTING : { kind: "known", address };
}

/** Reads the `for` of an element of `Forwarded`. A proxy may leave it out (RFC 7239 4). */
function readElement(element: string): ClientAddress {
  // A semicolon in a quoted string divides no pairs.
  const pairs = element.match(/(?:[^;"]|"[^"]*")+/g) ?? [];
  const nodes = pairs.map((pair) => pair.trim()).filter((pair) => /^for=/i.test(pair));
  const [node, ...more] = nodes.map((pair) => pair.slice("for=".length).replace(/^"([^"\\]*)"$/, "$1"));
  if (node === undefined) return UNKNOWN;
  return more.length > 0 ? CONFLICTING : readAddress(node);
}
