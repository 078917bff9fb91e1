import { describe, expect, it } from "vitest";
import { isLoopback, isPrivateHost } from "../platform/origin.ts";

it.each<[string, boolean]>([
  ["localhost", true],
  ["LOCALHOST", true],
  ["app.localhost", true],
  ["127.0.0.1", true],
  ["127.255.255.254", true],
  ["[::1]", true],
  ["127.example.com", false],
  ["127.0.0.1.example.com", false],
  ["1270.0.0.1", false],
  ["evil-localhost", false],
  ["localhost.example.com", false],
  ["[::2]", false],
  ["0.0.0.0", false],
  ["", false],
])("Whether %s means this machine: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

describe("isPrivateHost", () => {
  const hostOf = (host: string): string => new URL(`http://${host}/`).hostname;

  it.each([
    ...["keycloak", "auth", "my_service", "xn--bcher-kva", "KEYCLOAK", "auth.", "localhost", "a.localhost"],
    ...[
      "auth.internal",
      "metadata.google.internal",
      "host.docker.internal",
      "printer.local",
      "auth.default.svc",
    ],
    ...["auth.default.svc.cluster.local", "auth.default.svc.cluster.local."],
    ...[
      "10.0.0.1",
      "10.255.255.255",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.0.1",
      "127.0.0.1",
      "127.9.8.7",
    ],
    ...["0x0a.1", "167772161", "[fc00::1]", "[fd12:3456:789a::1]", "[FDFF::1]", "[::1]"],
  ])("%s is private", (host) => expect(isPrivateHost(hostOf(host))).toBe(true));

  it.each([
    ...["example.com", "auth.example.com", "keycloak.dev", "internal.example.com", "a.internal.example.com"],
    ...[
      "auth.default",
      "auth.default.svc.example.com",
      "local.com",
      "xlocal.com",
      "auth.localdomain",
      "a.lan",
    ],
    ...["10.example.com", "10.0.0.1.example.com", "192.168.0.1.nip.io", "localhost.example.com"],
    ...["9.255.255.255", "11.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "192.169.1.1", "8.8.8.8"],
    ...["169.254.169.254", "100.64.0.1", "0.0.0.0", "1", "134744072", "[::]", "[fe80::1]", "[2001:db8::1]"],
    ...["[::ffff:10.0.0.1]", "[fb00::1]", "[fe00::1]", "[fc::1]", "[fd::1]", "[f:c00::1]"],
  ])("%s is not", (host) => expect(isPrivateHost(hostOf(host))).toBe(false));

  it("an empty name and one with an empty label are not", () => {
    for (const host of ["", ".", "..", "a..", ".internal..", "a.internal.."])
      expect(isPrivateHost(host)).toBe(false);
  });
});
