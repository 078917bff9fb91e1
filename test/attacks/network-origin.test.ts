import { createValidator } from "@latchkey/core/validator";
import { expect, it } from "vitest";
import { ORIGIN, openStage } from "./stage.ts";

// RFC 9700 4.17: any host on the network path can answer as a plain http origin.
it.each(["http://spa.example.com", "http://app.example.com", "http://10.0.0.1:8080"])(
  "gives %s no credentialed CORS: it is refused beside an https baseURL",
  (origin) => {
    const trustedOrigins = ["https://spa.example.com", origin];
    expect(() => openStage({ trustedOrigins })).toThrow(`trustedOrigins is "${origin}"`);
    const jwks = { keys: [{ kty: "OKP" }] };
    const validator = { jwks, issuer: ORIGIN, baseURL: ORIGIN, trustedOrigins };
    expect(() => createValidator(validator)).toThrow(`trustedOrigins is "${origin}"`);
  },
);

it("takes a page on localhost, which no network can answer for", async () => {
  const { send } = openStage({ trustedOrigins: ["http://localhost:5173"] });
  const answer = await send("/auth/session", { headers: { origin: "http://localhost:5173" } });
  expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
});
