import { gitlab, keycloak, oidc } from "@latchkey/core/oauth";
import { describe, expect, it } from "vitest";

/** As JavaScript hands it in. */
type Make = (issuer: unknown) => unknown;

const CLIENT = { clientId: "id", clientSecret: "secret" };
const FACTORIES: readonly (readonly [string, Make])[] = [
  ["oidc", (issuer) => oidc({ ...CLIENT, issuer: issuer as never })],
  ["keycloak", (issuer) => keycloak({ ...CLIENT, issuer: issuer as never })],
  ["gitlab", (issuer) => gitlab({ ...CLIENT, issuer: issuer as never })],
];

function expectRefused(name: string, make: Make, issuer: unknown): void {
  expect(() => make(issuer), String(issuer)).toThrow(TypeError);
  expect(() => make(issuer)).toThrow(new RegExp(`^${name}: issuer is .*it must be an https URL`, "s"));
}

describe.each(FACTORIES)("OAU-23 the issuer of %s", (name, make) => {
  it("must be an https URL, or on this machine", () => {
    const bad = [
      "",
      "id.example.com",
      "http://id.example.com",
      "http://10.0.0.1",
      "http://localhost.evil.example",
      "http://127.0.0.1.evil.example",
      "ftp://id.example.com",
      "javascript:alert(1)",
      "file:///etc/passwd",
      "https://",
      "https://user@id.example.com",
      "https://user:password@id.example.com",
      "https://id.example.com?x=y",
      "https://id.example.com/?x=y",
      "https://id.example.com#x",
      "https://id.example.com?",
      "https://id.example.com#",
      " https://id.example.com",
      "https://id.example.com ",
      "https://id.example.com\n",
      "https://id.exam\nple.com",
      "https://id.example.com/a b",
      "\thttps://id.example.com",
    ];
    for (const issuer of bad) expectRefused(name, make, issuer);
    const good = [
      "https://id.example.com",
      "https://id.example.com/realms/a",
      "http://localhost:8080",
      "http://127.0.0.1",
      "http://[::1]:9000/a",
    ];
    for (const issuer of good) expect(() => make(issuer)).not.toThrow();
  });

  it("must be a text", () => {
    for (const issuer of [7, {}, ["https://id.example.com"], new URL("https://id.example.com")]) {
      expectRefused(name, make, issuer);
    }
  });
});

it.each(FACTORIES.slice(0, 2))("OAU-23 the issuer of %s is required", (name, make) => {
  for (const issuer of [undefined, null]) expectRefused(name, make, issuer);
});
