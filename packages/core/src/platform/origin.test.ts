import { describe, expect, it } from "vitest";
import { checkOrigin, isLoopback, isPrivateHost } from "../platform/origin.ts";

describe("checkOrigin", () => {
  it.each([
    "https://spa.example.com",
    "https://spa.example.com:8443",
    "http://localhost:5173",
    "https://xn--bcher-kva.example",
    "https://[2001:db8::1]",
    "com.example.app://",
    "com.example.app://callback",
    "org.example.my-app+x://",
    "capacitor://localhost",
  ])("returns %s unchanged", (text) => expect(checkOrigin(text)).toBe(text));

  it.each([
    ["https://spa.example.com/", "https://spa.example.com"],
    ["https://SPA.example.com", "https://spa.example.com"],
    ["https://spa.example.com:443", "https://spa.example.com"],
    ["https://spa.example.com/x?y#z", "https://spa.example.com"],
    ["https://user:pw@spa.example.com", "https://spa.example.com"],
    ["https://b\u00FCcher.example", "https://xn--bcher-kva.example"],
    [" https://spa.example.com", "https://spa.example.com"],
    ["https://*.example.com", "https://spa.example.com"],
    ["*", "https://spa.example.com"],
    ["null", "https://spa.example.com"],
    ["spa.example.com", "https://spa.example.com"],
    ["", "https://spa.example.com"],
  ])("refuses %s, and advises: %s", (text, instead) => {
    expect(() => checkOrigin(text)).toThrow(TypeError);
    expect(() => checkOrigin(text)).toThrow(`write it as "${instead}"`);
  });

  it.each([
    "http://localhost",
    "http://localhost:5173",
    "http://app.localhost:3000",
    "http://127.0.0.1:8080",
    "http://127.9.8.7",
    "http://[::1]:3000",
  ])("accepts %s, whose pages come from this machine", (text) => expect(checkOrigin(text)).toBe(text));

  it.each([
    "http://spa.example.com",
    "http://app.example.com:8080",
    "http://192.168.1.7:3000",
    "http://10.0.0.1",
    "http://[2001:db8::1]",
    "http://[::ffff:7f00:1]",
    "http://0.0.0.0:3000",
    "http://localhost.example.com",
    "http://notlocalhost",
    "http://localhost.",
    "http://128.0.0.1",
  ])("refuses %s, whose pages can come from the network", (text) => {
    expect(() => checkOrigin(text)).toThrow(TypeError);
    expect(() => checkOrigin(text)).toThrow(`trustedOrigins is "${text}", but`);
    expect(() => checkOrigin(text)).toThrow(`write "https:${text.slice(5)}"`);
  });

  const schemes = [
    "javascript",
    "data",
    "vbscript",
    "blob",
    "file",
    "about",
    "view-source",
    "intent",
    "content",
    "chrome",
    "filesystem",
    "ws",
  ];
  it.each(schemes)("refuses the scheme of %s, which a browser runs or opens by itself", (scheme) => {
    for (const text of [
      `${scheme}:`,
      `${scheme}:x`,
      `${scheme}://`,
      `${scheme}://x`,
      `${scheme.toUpperCase()}://x`,
    ]) {
      expect(() => checkOrigin(text), text).toThrow(TypeError);
    }
  });

  it.each([
    "com.example.app:",
    "com.example.app:/",
    "com.example.app:///",
    "com.example.app://x/y",
    "com.example.app://x?y",
    "com.example.app://user@x",
    "com.example.app://x:80",
    "com.example.app://*",
    "Com.Example.App://",
    "com.example.app://\n",
    " com.example.app://",
    "1com.example.app://",
    "https://",
    "http://",
  ])("refuses %j as the scheme of an app", (text) => expect(() => checkOrigin(text)).toThrow(TypeError));
});

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
