import { describe, expect, it } from "vitest";
import { clientNetworks, isInNetwork, parseAddress, parseNetwork } from "./address.ts";

describe("clientNetworks", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    [" 203.0.113.7 ", "203.0.113.7"],
    ["203.0.113.7:443", "203.0.113.7"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:8443", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
  ])("%s counts as %s", (address, network) => {
    expect(clientNetworks(address)[0]).toBe(network);
  });

  it.each([
    null,
    "",
    "unknown",
    "_hidden",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4, 5.6.7.8",
    "2001:db8",
    ":::",
    "1::2::3",
    "2001:db8::g",
    "[2001:db8::1",
    "::1]/evil",
    "::1%".padEnd(100, "x"),
  ])("%s is no address", (text) => {
    expect(clientNetworks(text)).toEqual([]);
  });

  it.each([
    ["2001:db8:1:2ff::1", ["2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1:0::/48"]],
    ["2001:db8:ffff:ffff::", ["2001:db8:ffff:ffff::/64", "2001:db8:ffff:ff00::/56", "2001:db8:ffff:0::/48"]],
    ["::1", ["0:0:0:0::/64", "0:0:0:0::/56", "0:0:0:0::/48"]],
    ["203.0.113.7", ["203.0.113.7"]],
    ["::ffff:192.0.2.1", ["192.0.2.1"]],
  ])("%s is in the networks %j", (address, networks) => {
    expect(clientNetworks(address)).toEqual(networks);
  });
});

describe("isInNetwork", () => {
  const isIn = (address: string, network: string): boolean | null => {
    const [parsed, within] = [parseAddress(address), parseNetwork(network)];
    return parsed === null || within === null ? null : isInNetwork(parsed, within);
  };

  it.each([
    ["10.1.2.3", "10.0.0.0/8"],
    ["10.1.2.3", "10.9.9.9/8"],
    ["10.1.2.3", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.2/31"],
    ["::ffff:10.1.2.3", "10.0.0.0/8"],
    ["10.1.2.3", "::ffff:10.0.0.0/104"],
    ["203.0.113.7", "128.0.0.0/1"],
    ["2001:db8::1", "2001:DB8::/32"],
    ["2001:db8:0:1::", "2001:db8::/47"],
    ["2001:db8::1%eth0", "2001:db8::1"],
  ])("%s is in %s", (address, network) => {
    expect(isIn(address, network)).toBe(true);
  });

  it.each([
    ["11.1.2.3", "10.0.0.0/8"],
    ["10.1.2.4", "10.1.2.3"],
    ["10.1.2.4", "10.1.2.2/31"],
    ["10.1.2.3", "::/0"],
    ["::1", "0.0.0.0/0"],
    ["::a01:203", "10.0.0.0/8"],
    ["2001:db9::1", "2001:db8::/32"],
    ["2001:db8:2::", "2001:db8::/47"],
    ["2001:db8::2", "2001:db8::1"],
  ])("%s is not in %s", (address, network) => {
    expect(isIn(address, network)).toBe(false);
  });

  it.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8.0",
    "10.0.0.0/0x8",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "10.0.0.0:80",
    "[2001:db8::1]",
    "2001:db8::1%eth0",
    "2001:db8::/129",
    "::ffff:10.0.0.0/95",
    "proxy.example.com",
    " 10.0.0.1",
  ])("%j is no network", (network) => {
    expect(parseNetwork(network)).toBeNull();
  });
});
