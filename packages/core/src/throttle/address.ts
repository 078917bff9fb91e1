const MAX = 64;

/**
 * Brings a client's address into the one form that attempts are counted under: dotted IPv4, or the /64 of an IPv6
 * address, which is what one subscriber has. Null for what is no address.
 */
export function clientNetwork(address: string | null): string | null {
  if (address === null || address.length > MAX) return null;
  const text = address.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return bare.includes(":") ? networkOf6(bare.replace(/%.*$/, "")) : addressOf4(bare);
}

function addressOf4(text: string): string | null {
  const parts = text.split(".");
  const isSound =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isSound ? text : null;
}

function networkOf6(text: string): string | null {
  const host = /^[\da-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
  if (host === undefined) return null;
  // RFC 4291 2.2: the URL parser has written the address in its one canonical form; this undoes the "::".
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return mappedAddress(groups) ?? `${groups.slice(0, 4).join(":")}::/64`;
}

// RFC 4291 2.5.5.2: an IPv4 client of a dual-stack socket is that IPv4 client.
function mappedAddress(groups: readonly string[]): string | null {
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  const isMapped = groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff";
  if (!isMapped || high === undefined || low === undefined) return null;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
