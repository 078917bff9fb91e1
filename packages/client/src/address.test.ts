import { describe, expect, it } from "vitest";
import { createAddress } from "./address.ts";

describe("isTrusted", () => {
  const { isTrusted } = createAddress(
    "https://api.example.com/auth",
    ["https://files.example.com:8443"],
    null,
  );

  it.each([
    "https://api.example.com",
    "https://api.example.com/x",
    "https://api.example.com?x",
    "https://api.example.com#x",
    "https://files.example.com:8443/x",
  ])("is true for %j", (url) => expect(isTrusted(url)).toBe(true));

  // Not every platform normalizes a URL before the client sees it.
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
  ])("is false for %j", (url) => expect(isTrusted(url)).toBe(false));

  it.each(["https://EVIL.example/", "/x", ""])("is false for %j if there is no page", (url) => {
    expect(createAddress("/auth", [], null).isTrusted(url)).toBe(false);
  });
});

describe("urlOf", () => {
  const page = { href: () => "https://app.example.com/a?b" } as Parameters<typeof createAddress>[2];

  it.each([
    ["/auth", "https://app.example.com/auth/me"],
    ["/auth/", "https://app.example.com/auth/me"],
    ["/", "https://app.example.com/me"],
    ["https://api.example.com/auth", "https://api.example.com/auth/me"],
    ["http://localhost:3000", "http://localhost:3000/me"],
  ])("resolves a route of %j to %j", (base, url) =>
    expect(createAddress(base, [], page).urlOf("/me")).toBe(url),
  );

  it("is null for a path without a page", () => {
    expect(createAddress("/auth", [], null).urlOf("/me")).toBeNull();
    expect(createAddress("https://api.example.com", [], null).urlOf("/me")).toBe(
      "https://api.example.com/me",
    );
  });
});
