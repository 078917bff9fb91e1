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
  ])("takes %s as it stands", (text) => expect(checkOrigin(text, null)).toBe(text));

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
    expect(() => checkOrigin(text, null)).toThrow(TypeError);
    expect(() => checkOrigin(text, null)).toThrow(`write it as "${instead}"`);
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
      expect(() => checkOrigin(text, null), text).toThrow(TypeError);
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
  ])("refuses %j as the scheme of an app", (text) =>
    expect(() => checkOrigin(text, null)).toThrow(TypeError),
  );

  const secure = new URL("https://app.example.com");

  it.each([
    "http://spa.example.com",
    "http://app.example.com",
    "http://spa.example.com:8080",
    "http://192.168.1.5:5173",
    "http://[2001:db8::1]",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
  ])("refuses %s beside an https baseURL, and says what to write", (text) => {
    expect(() => checkOrigin(text, secure)).toThrow(TypeError);
    expect(() => checkOrigin(text, secure)).toThrow(
      `trustedOrigins is "${text}", but baseURL is https: write "https${text.slice(4)}", or remove it`,
    );
  });

  it.each([
    "http://localhost:5173",
    "http://app.localhost",
    "http://127.0.0.1:3000",
    "http://127.8.9.10",
    "http://[::1]:3000",
    "https://spa.example.com",
    "com.example.app://",
  ])("takes %s beside an https baseURL", (text) => expect(checkOrigin(text, secure)).toBe(text));

  it.each([null, new URL("http://localhost:3000")])("takes an http origin beside %s", (baseURL) =>
    expect(checkOrigin("http://192.168.1.5:5173", baseURL)).toBe("http://192.168.1.5:5173"),
  );
});
