import { describe, expect, it } from "vitest";
import { checkOrigin } from "./trusted-origin.ts";

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
