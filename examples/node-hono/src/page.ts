import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { Hono, type MiddlewareHandler } from "hono";

const PUBLIC = new URL("../public/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The headers of every page. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Serves all files of `public`, or those with the given names. They are read once, at the start. */
export function page(names: readonly string[] = readdirSync(PUBLIC)): Hono {
  const app = new Hono();
  for (const name of names) {
    const body = readFileSync(new URL(name, PUBLIC));
    const headers = { "content-type": TYPES[extname(name)] ?? "text/plain", "cache-control": "no-cache" };
    app.get(name === "index.html" ? "/" : `/${name}`, (c) => c.body(body, 200, headers));
  }
  return app;
}

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Refuses requests whose host is not this machine, because another name can belong to another site (DNS rebinding). */
export const localOnly: MiddlewareHandler = async (c, next) => {
  if (!LOCAL.test(new URL(c.req.url).host)) return c.text("The demo is at http://localhost.", 400);
  return next();
};

/** Adds the security headers to each answer, except those that a route has set. */
export const secured: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!c.res.headers.has(name)) c.header(name, value);
  }
};
