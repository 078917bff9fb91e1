import { describe, expect, it } from "vitest";
import { decideClientAddress, parseProxies } from "./proxies.ts";

interface Headers {
  readonly xff?: string;
  readonly forwarded?: string;
}

function decide(peer: string | null, { xff, forwarded }: Headers, trusted: number | readonly string[]) {
  const headers = { forwardedFor: xff ?? null, forwarded: forwarded ?? null };
  const client = decideClientAddress(peer, headers, parseProxies(trusted));
  return client.kind === "known" ? client.address.text : client.kind;
}

const PEER = "10.0.0.1";
const NETWORKS = ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.9"];

describe("a count of proxies", () => {
  it.each<[count: number, Headers, client: string]>([
    [1, {}, PEER],
    [1, { xff: "" }, PEER],
    [1, { xff: " , ," }, PEER],
    [1, { forwarded: "" }, PEER],
    [1, { xff: "203.0.113.7" }, "203.0.113.7"],
    [1, { xff: "1.2.3.4, 203.0.113.7" }, "203.0.113.7"],
    [1, { xff: "1.2.3.4,203.0.113.7,," }, "203.0.113.7"],
    [2, { xff: "1.2.3.4, 203.0.113.7, 10.0.0.2" }, "203.0.113.7"],
    [3, { xff: "1.2.3.4, 203.0.113.7, 10.0.0.2" }, "1.2.3.4"],
    [4, { xff: "1.2.3.4, 203.0.113.7, 10.0.0.2" }, "1.2.3.4"],
    [1_000_000, { xff: "203.0.113.7" }, "203.0.113.7"],
    [1, { xff: "evil, \u0000, 203.0.113.7" }, "203.0.113.7"],
    [1, { xff: "203.0.113.7:8080" }, "203.0.113.7"],
    [1, { xff: "::ffff:203.0.113.7" }, "203.0.113.7"],
    [1, { xff: "[2001:0DB8::0:1]:8080" }, "2001:db8::1"],
    [1, { xff: "2001:db8:0::1" }, "2001:db8::1"],
    [1, { xff: "fe80::1%eth0" }, "fe80::1"],
    [1, { xff: "unknown" }, "unknown"],
    [1, { xff: "1.2.3.4, unknown" }, "unknown"],
    [1, { xff: "_hidden" }, "unknown"],
    [1, { xff: "evil" }, "conflicting"],
    [1, { xff: "203.0.113.7 1.2.3.4" }, "conflicting"],
    [1, { xff: '"203.0.113.7"' }, "conflicting"],
    [1, { xff: '"1.2.3.4, 203.0.113.7' }, "203.0.113.7"],
  ])("%i, with %j, gives %s", (count, headers, client) => {
    expect(decide(PEER, headers, count)).toBe(client);
  });

  it.each<[forwarded: string, client: string]>([
    ["for=203.0.113.7", "203.0.113.7"],
    ["For=203.0.113.7", "203.0.113.7"],
    ['for="203.0.113.7:47011"', "203.0.113.7"],
    ["for=203.0.113.7:47011", "203.0.113.7"],
    ['for="203.0.113.7:_port"', "203.0.113.7"],
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ['For="[2001:DB8:CAFE::17]"', "2001:db8:cafe::17"],
    ["proto=https;for=203.0.113.7;by=10.0.0.2", "203.0.113.7"],
    ["proto=https; for=203.0.113.7 ; by=10.0.0.2", "203.0.113.7"],
    ["for=1.2.3.4, for=203.0.113.7", "203.0.113.7"],
    ["for=1.2.3.4,for=203.0.113.7", "203.0.113.7"],
    ['for="1.2.3.4, for=203.0.113.7', "203.0.113.7"],
    ['for=", for="[2001:db8::1]:47"', "2001:db8::1"],
    ['for=1.2.3.4\\", for="203.0.113.7"', "203.0.113.7"],
    ['host="a;for=1.2.3.4";for=203.0.113.7', "203.0.113.7"],
    ['host="a,for=1.2.3.4";for=203.0.113.7', "203.0.113.7"],
    ["for=unknown", "unknown"],
    ["for=UNKNOWN", "unknown"],
    ['for="unknown:80"', "unknown"],
    ["for=_gazonk", "unknown"],
    ['for="_SEVKISEK:_a1"', "unknown"],
    ["by=10.0.0.2;proto=https", "unknown"],
    ["xfor=1.2.3.4", "unknown"],
    ["for=", "conflicting"],
    ["for", "unknown"],
    ["for=evil", "conflicting"],
    ["for=1.2.3.4;for=203.0.113.7", "conflicting"],
    ['for="203.0.113.7\\"', "conflicting"],
    ['x="y;for=203.0.113.7', "conflicting"],
    ["203.0.113.7", "unknown"],
  ])("reads %s as %s", (forwarded, client) => {
    expect(decide(PEER, { forwarded }, 1)).toBe(client);
  });

  it("gives no address where nothing names the client", () => {
    expect(decide(null, {}, 1)).toBe("unknown");
    expect(decide("evil", {}, 1)).toBe("unknown");
    expect(decide(null, { xff: "203.0.113.7" }, 1)).toBe("203.0.113.7");
  });
});

describe("networks of proxies", () => {
  it.each<[peer: string | null, Headers, client: string]>([
    ["203.0.113.7", {}, "203.0.113.7"],
    ["203.0.113.7", { xff: "1.2.3.4" }, "203.0.113.7"],
    ["203.0.113.7", { xff: "evil", forwarded: "for=1.2.3.4" }, "203.0.113.7"],
    [null, { xff: "1.2.3.4" }, "unknown"],
    ["evil", { xff: "1.2.3.4" }, "unknown"],
    ["2001:db8::1", { xff: "1.2.3.4" }, "2001:db8::1"],
    ["11.0.0.1", { xff: "1.2.3.4" }, "11.0.0.1"],
    ["192.0.2.8", { xff: "1.2.3.4" }, "192.0.2.8"],
    [PEER, {}, PEER],
    [PEER, { xff: "203.0.113.7" }, "203.0.113.7"],
    [PEER, { xff: "1.2.3.4, 203.0.113.7" }, "203.0.113.7"],
    [PEER, { xff: "1.2.3.4, 203.0.113.7, 10.255.0.1" }, "203.0.113.7"],
    [PEER, { xff: "1.2.3.4, 203.0.113.7, 192.0.2.9, 2001:db8:ffff:1::2" }, "203.0.113.7"],
    [PEER, { xff: "10.0.0.3, 10.0.0.2" }, "10.0.0.3"],
    [PEER, { xff: "1.2.3.4, unknown, 10.0.0.2" }, "unknown"],
    [PEER, { xff: "1.2.3.4, evil, 10.0.0.2" }, "conflicting"],
    [PEER, { forwarded: "for=1.2.3.4, for=203.0.113.7, for=10.0.0.2" }, "203.0.113.7"],
    [PEER, { forwarded: 'for=1.2.3.4, for="[2001:db8:ffff::1]:80"' }, "1.2.3.4"],
    ["::ffff:10.0.0.1", { xff: "203.0.113.7" }, "203.0.113.7"],
    ["::ffff:a00:1", { xff: "203.0.113.7, ::ffff:10.0.0.2" }, "203.0.113.7"],
    ["2001:db8:ffff:2::1", { xff: "203.0.113.7" }, "203.0.113.7"],
    ["192.0.2.9", { xff: "203.0.113.7" }, "203.0.113.7"],
  ])("with a connection from %s and %j give %s", (peer, headers, client) => {
    expect(decide(peer, headers, NETWORKS)).toBe(client);
  });
});

describe("two headers", () => {
  it.each<[Headers, client: string]>([
    [{ xff: "203.0.113.7", forwarded: "for=203.0.113.7" }, "203.0.113.7"],
    [{ xff: "2001:db8::1", forwarded: 'for="[2001:0db8:0::1]:80"' }, "2001:db8::1"],
    [{ xff: "203.0.113.7", forwarded: "" }, "203.0.113.7"],
    [{ xff: " ", forwarded: "for=203.0.113.7" }, "203.0.113.7"],
    [{ xff: "unknown", forwarded: "for=_x" }, "unknown"],
    [{ xff: "203.0.113.7", forwarded: "for=1.2.3.4" }, "conflicting"],
    [{ xff: "203.0.113.7", forwarded: "for=unknown" }, "conflicting"],
    [{ xff: "203.0.113.7", forwarded: "proto=https" }, "conflicting"],
    [{ xff: "_x", forwarded: "for=203.0.113.7" }, "conflicting"],
    [{ xff: "203.0.113.7", forwarded: "evil" }, "conflicting"],
    [{ xff: "evil", forwarded: "for=evil" }, "conflicting"],
  ])("%j give %s", (headers, client) => {
    expect(decide(PEER, headers, 1)).toBe(client);
    expect(decide(PEER, headers, NETWORKS)).toBe(client);
  });
});

describe("HDR-06 a header of 1 MB", () => {
  const padding = "1.2.3.4, ".repeat(110_000);
  it("is read from the right, up to a bound", () => {
    expect(decide(PEER, { xff: `${padding}203.0.113.7` }, 1)).toBe("203.0.113.7");
    expect(decide(PEER, { xff: `${padding}203.0.113.7, 10.0.0.2` }, NETWORKS)).toBe("203.0.113.7");
    expect(decide(PEER, { xff: `${padding}203.0.113.7` }, 100_000)).toBe("conflicting");
    expect(decide(PEER, { xff: "10.0.0.2,".repeat(110_000) }, NETWORKS)).toBe("conflicting");
    expect(decide(PEER, { forwarded: `for="${padding}", for=203.0.113.7` }, 1)).toBe("203.0.113.7");
    expect(decide(PEER, { forwarded: `for="${padding}"` }, 1)).toBe("conflicting");
    expect(decide(PEER, { xff: "x".repeat(1_000_000) }, 1)).toBe("conflicting");
  });
});
