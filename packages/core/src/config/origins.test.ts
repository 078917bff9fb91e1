import { describe, expect, it } from "vitest";
import { checkOrigin } from "./origins.ts";

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
  ])("takes %s as it stands", (text) => expect(checkOrigin(text)).toBe(text));

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
  ])("refuses %s, and says what to write: %s", (text, instead) => {
    expect(() => checkOrigin(text)).toThrow(TypeError);
    expect(() => checkOrigin(text)).toThrow(`write it as "${instead}"`);
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
  it.each(schemes)("trusts no %s, which a browser runs or opens by itself", (scheme) => {
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
