import { describe, expect, it } from "vitest";
import { checkPages, linkTo } from "./pages.ts";

const trusted = new Set(["com.example.app://", "other://host"]);

function faultOf(page: string): string | null {
  try {
    checkPages({ reset: page }, trusted);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return error instanceof Error ? error.message : "";
  }
}

describe("checkPages", () => {
  it.each([
    "/",
    "/reset",
    "/reset?lang=de#form",
    "https://app.example.com/reset",
    "https://spa.example.com",
    "http://localhost:5173/reset",
    "http://127.0.0.1/reset",
    "com.example.app://reset",
    "com.example.app://any/host",
    "other://host/reset",
  ])("accepts %s", (page) => expect(faultOf(page)).toBeNull());

  it.each([
    ["reset", "it must be a page of the application"],
    ["//evil.example/reset", "it must be a page of the application"],
    ["/\\evil.example", "it must be a page of the application"],
    ["\\\\evil.example", "it must be a page of the application"],
    ["/re\nset", "it must be a page of the application"],
    ["/re set", "it must be a page of the application"],
    [" /reset", "it must be a page of the application"],
    ["http://app.example.com/reset", "http is for localhost only"],
    ["https://ann:hidden@app.example.com/reset", "it must be without credentials"],
    ["https:///", "it must be a page of the application"],
    ["javascript:alert(1)", "the scheme of an app must be one of trustedOrigins"],
    ["other://elsewhere/reset", "the scheme of an app must be one of trustedOrigins"],
    ["app://reset", 'add "app://" there'],
    ["/reset?token=1", "its query must have no token"],
    ["https://app.example.com/?a=1&token", "its query must have no token"],
  ])("refuses %j", (page, why) => {
    const message = faultOf(page);
    expect(message).toMatch(/^mail\.pages\.reset is /);
    expect(message).toContain(why);
    expect(message).not.toContain("hidden");
  });

  it("ignores a page that is undefined", () => {
    expect(() => checkPages({ reset: undefined } as never, trusted)).not.toThrow();
  });
});

describe("linkTo", () => {
  it.each([
    ["/reset", "https://app.example.com/reset?token=a-_b"],
    ["/reset?lang=de#form", "https://app.example.com/reset?lang=de&token=a-_b#form"],
    ["https://spa.example.com/x?y=1", "https://spa.example.com/x?y=1&token=a-_b"],
    ["com.example.app://reset", "com.example.app://reset?token=a-_b"],
  ])("adds the token to %s, and keeps its query", (page, link) => {
    expect(linkTo(page, "https://app.example.com", "a-_b")).toBe(link);
  });
});
