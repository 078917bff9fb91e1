import { ANN, ORIGIN, openSecureServer } from "../../fixtures/server.ts";
import { answered, refused } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { posting } from "../requests.ts";

const SPA = "https://spa.example.com";
const forged: readonly Readonly<Record<string, string>>[] = [
  { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
  { "sec-fetch-site": "same-site", origin: "https://evil.example.com" },
  { "sec-fetch-site": "cross-site", origin: "null" },
];

/** What a request is refused with, for what it holds. */
const bad: readonly (readonly [what: string, request: () => Request, status: number, code: string])[] = [
  ["no JSON", () => posting("/auth/login", "{"), 400, "invalid_request"],
  [
    "bytes that are no UTF-8",
    () => posting("/auth/login", new Uint8Array([0xff, 0xfe])),
    400,
    "invalid_request",
  ],
  [
    "members of other types",
    () => posting("/auth/login", '{"email":[],"password":{}}'),
    400,
    "invalid_request",
  ],
  [
    "members of the prototype",
    () => posting("/auth/login", '{"__proto__":{"email":"a@b.example","password":"x"}}'),
    400,
    "invalid_request",
  ],
  [
    "another type",
    () => posting("/auth/login", "x", { "content-type": "text/plain" }),
    415,
    "unsupported_media_type",
  ],
  [
    "17 KiB",
    () => posting("/auth/login", JSON.stringify({ ...ANN, padding: "x".repeat(17_408) })),
    413,
    "payload_too_large",
  ],
  ["17 KiB by the way", () => streaming("/auth/login", 17), 413, "payload_too_large"],
  ["another method", () => new Request(`${ORIGIN}/auth/login`), 405, "method_not_allowed"],
  ["another path", () => new Request(`${ORIGIN}/auth/nowhere`), 404, "not_found"],
  ["a doubled slash", () => new Request(`${ORIGIN}/auth//me`), 404, "not_found"],
  [
    "a weak password",
    () => posting("/auth/signup", JSON.stringify({ ...ANN, password: "short" })),
    422,
    "weak_password",
  ],
  [
    "no address",
    () => posting("/auth/signup", JSON.stringify({ ...ANN, email: "ann" })),
    400,
    "invalid_request",
  ],
  [
    "a token that is none",
    () => posting("/auth/refresh", '{"refresh_token":"lkr_x"}'),
    401,
    "refresh_token_invalid",
  ],
  [
    "a cookie that is no token",
    () => new Request(`${ORIGIN}/auth/me`, { headers: { cookie: "__Host-Http-latchkey.access=a.b.c" } }),
    401,
    "unauthenticated",
  ],
  [
    "a header that is no token",
    () => new Request(`${ORIGIN}/auth/me`, { headers: { authorization: "Bearer \u00e9" } }),
    401,
    "unauthenticated",
  ],
];

function streaming(path: string, kibibytes: number): Request {
  let left = kibibytes;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      left-- > 0 ? controller.enqueue(new Uint8Array(1_024).fill(32)) : controller.close(),
  });
  const init: RequestInit & { readonly duplex: "half" } = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    duplex: "half",
  };
  return new Request(ORIGIN + path, init);
}

export const defences: readonly Case[] = [
  {
    name: "a cross-site POST with cookies is refused, and changes nothing",
    run: async () => {
      const server = openSecureServer();
      const browser = await server.signedIn();
      for (const headers of forged) {
        for (const path of ["/auth/logout", "/auth/refresh"]) {
          const response = await browser.post(path, undefined, headers);
          same(response.headers.getSetCookie(), []);
          await refused(response, 403, "csrf_rejected");
        }
        const found = await server.auth.validate(browser.request("/pay", { method: "POST", headers }));
        same([found.ok, !found.ok && found.code], [false, "csrf_rejected"]);
      }
      await answered(await browser.get("/auth/me"), 200);
    },
  },
  {
    name: "a trusted origin may, and gets its CORS headers",
    run: async () => {
      const server = openSecureServer({ trustedOrigins: [SPA] });
      const browser = await server.signedIn();
      const headers = { "sec-fetch-site": "cross-site", origin: SPA };
      const response = await browser.post("/auth/refresh", undefined, headers);
      same(response.headers.get("access-control-allow-origin"), SPA);
      same(response.headers.get("access-control-allow-credentials"), "true");
      await answered(response, 200);
      const preflight = await browser.send("/auth/refresh", {
        method: "OPTIONS",
        headers: { ...headers, "access-control-request-method": "POST" },
      });
      same([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, SPA]);
    },
  },
  {
    name: "HEAD is GET without the content",
    run: async () => {
      const browser = await openSecureServer().signedIn();
      const response = await browser.send("/auth/me", { method: "HEAD" });
      same([response.status, await response.text()], [200, ""]);
    },
  },
  {
    name: "no answer about a session is kept",
    run: async () => {
      const browser = await openSecureServer().signedIn();
      for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
        const { headers } = await browser.get(path);
        holds(headers.get("cache-control")?.includes("no-store") === true, `${path} is not stored`);
        holds(headers.get("vary")?.includes("Cookie") === true, `${path} varies`);
      }
    },
  },
  ...bad.map(([what, request, status, code]) => ({
    name: `${what}: ${status} ${code}`,
    run: async () => refused(await openSecureServer().auth.handle(request()), status, code),
  })),
];
