import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator } from "@latchkey/core/validator";
import { describe, expect, it } from "vitest";
import { ORIGIN, SECRET } from "../fixtures/server.ts";

const bases: Readonly<Record<string, object>> = {
  "an https baseURL": { baseURL: ORIGIN, secret: SECRET },
  "no baseURL": {},
  "baseURL on localhost": { baseURL: "http://localhost:3000" },
};

describe.each(Object.entries(bases))("trustedOrigins beside %s", (_, base) => {
  const make = (origin: string): unknown =>
    createAuth({ store: memory(), trustedOrigins: ["https://spa.example.com", origin], ...base });

  it.each(["http://spa.example.com", "http://app.example.com:8080", "http://192.168.1.7:3000"])(
    "refuse %s, because the network can change its pages",
    (origin) => {
      expect(() => make(origin)).toThrow(TypeError);
      expect(() => make(origin)).toThrow(
        `trustedOrigins is "${origin}", but http pages can be changed by the network, except on localhost: write "https:`,
      );
    },
  );

  it.each(["http://localhost:5173", "http://spa.localhost", "http://127.0.0.1:5173", "http://[::1]:5173"])(
    "accept %s",
    (origin) => expect(() => make(origin)).not.toThrow(),
  );
});

it("createValidator refuses the same origins", () => {
  const make = (origin: string): unknown =>
    createValidator({ issuer: ORIGIN, jwksUrl: `${ORIGIN}/auth/jwks`, trustedOrigins: [origin] });
  expect(() => make("http://spa.example.com")).toThrow(/^trustedOrigins is "http:\/\/spa\.example\.com"/);
  expect(() => make("http://localhost:5173")).not.toThrow();
});
