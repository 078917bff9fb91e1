/** An IP address in its one canonical form. */
export interface Address {
  readonly text: string;
  /** In units of 16 bits: two for IPv4, eight for IPv6. */
  readonly groups: readonly number[];
}

/** The addresses that share a prefix with `address`. */
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

const MAX = 64;

/**
 * Parses an IP address, also with a port, in brackets or with a zone. An IPv4-mapped IPv6 address is the IPv4 address
 * (RFC 4291 2.5.5.2), because a dual-stack socket shows an IPv4 client as one. Returns null for anything else.
 */
export function parseAddress(written: string): Address | null {
  if (written.length > MAX) return null;
  const text = written.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return bare.includes(":") ? parseAddress6(bare.replace(/%.*$/, "")) : parseAddress4(bare);
}

function parseAddress4(text: string): Address | null {
  const parts = text.split(".");
  const isSound =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  if (!isSound) return null;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return { text, groups: [a * 256 + b, c * 256 + d] };
}

function parseAddress6(text: string): Address | null {
  const host = /^[\da-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
  if (host === undefined) return null;
  // RFC 4291 2.2: the URL parser returns the canonical form. This expands the "::".
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return isMapped(groups) ? addressOf4(groups.slice(6)) : { text: host, groups };
}

function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function addressOf4(groups: readonly number[]): Address {
  return { text: groups.flatMap((group) => [group >> 8, group & 0xff]).join("."), groups };
}

/** An address without a port, brackets and a zone. */
const ADDRESS_ALONE = /^(?:[\d.]+|[\da-f]*:[\da-f]*:[\da-f:.]*)$/i;

/** Parses a network such as `10.0.0.0/8` or `2001:db8::/32`. An address alone is a network of one address. */
export function parseNetwork(written: string): Network | null {
  const [text = "", length, ...more] = written.split("/");
  const address = ADDRESS_ALONE.test(text) && more.length === 0 ? parseAddress(text) : null;
  if (address === null) return null;
  const bits = address.groups.length * 16;
  if (length === undefined) return { address, prefix: bits };
  if (!/^\d{1,3}$/.test(length)) return null;
  // The prefix of a mapped IPv4 network counts the 96 bits before the IPv4 address.
  const prefix = Number(length) - (text.includes(":") && bits === 32 ? 96 : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix } : null;
}

/** Whether an address lies in a network. An IPv4 address lies in no IPv6 network. */
export function isInNetwork({ groups }: Address, { address, prefix }: Network): boolean {
  if (groups.length !== address.groups.length) return false;
  return groups.every((group, index) => {
    const mask = maskOf(prefix, index);
    return (group & mask) === ((address.groups[index] ?? 0) & mask);
  });
}

/** The bits of one group that belong to a prefix. */
function maskOf(prefix: number, index: number): number {
  const kept = Math.min(Math.max(prefix - 16 * index, 0), 16);
  return (0xffff << (16 - kept)) & 0xffff;
}

/** The prefix lengths of the counted IPv6 networks: from one subnet to the most that one subscriber gets. */
const PREFIXES = [64, 56, 48] as const;

/**
 * Lists the networks of a client's address for the counters, the narrowest first: the IPv4 address, or the /64, the /56
 * and the /48 of an IPv6 address. One subscriber may have a whole /48. Empty for an invalid address.
 */
export function clientNetworks(address: string | null): readonly string[] {
  const parsed = address === null ? null : parseAddress(address);
  if (parsed === null) return [];
  if (parsed.groups.length === 2) return [parsed.text];
  return PREFIXES.map((prefix) => {
    const kept = parsed.groups
      .slice(0, 4)
      .map((group, index) => (group & maskOf(prefix, index)).toString(16));
    return `${kept.join(":")}::/${prefix}`;
  });
}
