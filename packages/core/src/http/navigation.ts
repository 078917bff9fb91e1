import { AuthError } from "../errors.ts";
import type { Call } from "./route.ts";

/** A page may be opened; what a page loads, or a browser fetches ahead, begins nothing and ends nothing (OAU-21). */
export function requireNavigation({ request: { headers, method } }: Call): void {
  const mode = headers.get("sec-fetch-mode") ?? "navigate";
  const destination = headers.get("sec-fetch-dest") ?? "document";
  const ahead = /prefetch|prerender/i.test(`${headers.get("sec-purpose")} ${headers.get("purpose")}`);
  if (method !== "HEAD" && mode === "navigate" && destination === "document" && !ahead) return;
  throw new AuthError("csrf_rejected", "A sign-in with a provider is a page to open, not one to load.");
}
