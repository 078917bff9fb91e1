const MAX = 64;

/** The prefix lengths of the counted IPv6 networks: from one subnet to the most that one subscriber gets. */
const PREFIXES = [64, 56, 48] as const;

/**
 * Lists the networks of a client's address for the counters, the narrowest first: the IPv4 address, or the /64, the /56
 * and the /48 of an IPv6 address. One subscriber may have a whole /48. Empty for an invalid address.
 */
export function clientNetworks(address: string | null): readonly string[] {
  if (address === null || address.length > MAX) return [];
  const text = address.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return bare.includes(":") ? networksOf6(bare.replace(/%.*$/, "")) : addressOf4(bare);
}

function addressOf4(text: string): readonly string[] {
  const parts = text.split(".");
  const isSound =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isSound ? [text] : [];
}

function networksOf6(text: string): readonly string[] {
  const host = /^[\da-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
  if (host === undefined) return [];
  // RFC 4291 2.2: the URL parser returns the canonical form. This expands the "::".
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  const mapped = mappedAddress(groups);
  return mapped === null ? PREFIXES.map((bits) => networkOf(groups, bits)) : [mapped];
}

function networkOf(groups: readonly string[], bits: number): string {
  const kept = groups.slice(0, 4).map((group, index) => {
    const most = Math.min(Math.max(bits - 16 * index, 0), 16);
    return (Number.parseInt(group, 16) & (0xffff << (16 - most)) & 0xffff).toString(16);
  });
  return `${kept.join(":")}::/${bits}`;
}

// RFC 4291 2.5.5.2: a dual-stack socket shows an IPv4 client as a mapped IPv6 address.
function mappedAddress(groups: readonly string[]): string | null {
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  const isMapped = groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff";
  if (!isMapped || high === undefined || low === undefined) return null;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
