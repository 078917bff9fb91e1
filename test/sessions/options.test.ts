import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { expect, test } from "vitest";
import { openServer, SECRET } from "../fixtures/server.ts";

test("S8 unsafe combinations of options are refused, and the error names the option", () => {
  const make = (options: object) => () => createAuth({ store: memory(), ...options });
  expect(make({ cookies: { httpOnly: false } })).toThrow(/^cookies\.httpOnly is not an option/);
  expect(make({ cookies: { secure: false } })).toThrow(/^cookies\.secure is not an option/);
  expect(make({ accessToken: { lifetime: 119 } })).toThrow(
    /^accessToken\.lifetime is 119, .*\(120 seconds\): write minutes\(2\) or more$/,
  );
  expect(make({ refreshToken: { lease: 4 } })).toThrow(/^refreshToken\.lease is 4, .*from 5 to 300/);
  expect(make({ refreshToken: { refreshBefore: 481 } })).toThrow(
    /^refreshToken\.refreshBefore is 481, .*480/,
  );
  expect(make({ refreshToken: { lifetime: 719 } })).toThrow(/^refreshToken\.lifetime is 719, .*720/);
  expect(make({ baseURL: "http://app.example.com", secret: SECRET })).toThrow(/^baseURL is .*Secure/);
  expect(make({ trustedOrigins: ["*"] })).toThrow(/^trustedOrigins is "\*"/);
});

test("T11 an error tells the next step", async () => {
  const { store } = openServer();
  const make = (options: object) => () => createAuth({ store, ...options });
  expect(make({ secret: "short" })).toThrow(/openssl rand -base64 32/);
  expect(make({ acessToken: {} })).toThrow(
    /^acessToken is not an option of createAuth: did you mean accessToken\?$/,
  );
  expect(make({ baseURL: "app.example.com", secret: SECRET })).toThrow(/write an origin such as/);
  expect(make({ refreshToken: { lifetime: "14d" } })).toThrow(/whole seconds/);
});
