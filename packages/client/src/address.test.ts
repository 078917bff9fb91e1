import { describe, expect, it } from "vitest";
import { openAddress } from "./address.ts";

describe("isTrusted", () => {
  const { isTrusted } = openAddress("https://api.example.com/auth", ["https://files.example.com:8443"], null);

  it.each([
    "https://api.example.com",
    "https://api.example.com/x",
    "https://api.example.com?x",
    "https://api.example.com#x",
    "https://files.example.com:8443/x",
  ])("knows %j", (url) => expect(isTrusted(url)).toBe(true));

  // Not every platform writes a URL anew before it is asked.
  it.each([
    "http://api.example.com/",
    "https://api.example.com:444/",
    "https://api.example.comEVIL.example/",
    "https://api.example.com.evil.example/",
    "https://api.example.com@evil.example/",
    "https://api.example.com\\@evil.example/",
    "https://api.example.com\\.evil.example/",
    "https://api.example.com evil.example/",
    "https://EVIL.example/https://api.example.com/",
    "https://files.example.com/",
    "ftp://api.example.com/",
    "/auth",
    "",
  ])("does not know %j", (url) => expect(isTrusted(url)).toBe(false));

  it.each(["https://EVIL.example/", "/x", ""])("knows nobody where there is no page: %j", (url) => {
    expect(openAddress("/auth", [], null).isTrusted(url)).toBe(false);
  });
});

describe("urlOf", () => {
  const page = { href: () => "https://app.example.com/a?b" } as Parameters<typeof openAddress>[2];

  it.each([
    ["/auth", "https://app.example.com/auth/me"],
    ["/auth/", "https://app.example.com/auth/me"],
    ["/", "https://app.example.com/me"],
    ["https://api.example.com/auth", "https://api.example.com/auth/me"],
    ["http://localhost:3000", "http://localhost:3000/me"],
  ])("of %j is %j", (base, url) => expect(openAddress(base, [], page).urlOf("/me")).toBe(url));

  it("is null without a page for a path", () => {
    expect(openAddress("/auth", [], null).urlOf("/me")).toBeNull();
    expect(openAddress("https://api.example.com", [], null).urlOf("/me")).toBe("https://api.example.com/me");
  });
});
