import { addVary } from "./response.ts";
import type { Validation } from "./validation.ts";

// RFC 9213: in the caches it is meant for, such as those of a CDN, a targeted field replaces Cache-Control.
const TARGETED_FIELD = /(?:cdn-cache|surrogate)-control$/;

/**
 * Returns a copy of a response with the headers of a validation, ready to send.
 *
 * - `Set-Cookie`: the cookies of the validation are added. If the response sets a cookie of the same name, that one stays
 *   alone: the handler ran later, and may have signed the user out.
 * - `Vary`: the request headers that can hold tokens are added, unless it contains `*`.
 * - `Cache-Control`: `private, no-store` if cookies were added. Otherwise it changes only if the response is neither
 *   `private` nor `no-store`, and not for the code `unauthenticated`: that response is the same for every visitor.
 * - `CDN-Cache-Control`, its variants and `Surrogate-Control`: removed, except for `unauthenticated` without cookies,
 *   because they replace `Cache-Control` in certain caches.
 *
 * The headers of the given response may be immutable; its body moves to the copy. A response with a status below 200,
 * such as 101, is returned as it is.
 *
 * It does not refuse anything: if a session is required, send `validation.response()` for a failed validation. It does
 * not see headers that are set later, so do not set a public `Cache-Control` after it. See RFC 9111 and RFC 9213.
 *
 * @example
 * const validation = await auth.validate(request);
 * return applyValidation(await render(request, validation), validation);
 */
export function applyValidation(response: Response, validation: Validation): Response {
  if (response.status < 200) return response;
  const applied = mutableCopy(response);
  const cookies = cookiesToAdd(applied.headers, validation.headers);
  for (const cookie of cookies) applied.headers.append("set-cookie", cookie);
  addVary(applied.headers, ...(validation.headers.get("vary") ?? "Cookie").split(", "));
  if (cookies.length > 0) {
    forbidCaching(applied.headers);
  } else if (validation.ok || validation.code !== "unauthenticated") {
    forbidSharedCaching(applied.headers);
  }
  return applied;
}

function mutableCopy(response: Response): Response {
  // A body that was read cannot move to a copy.
  return response.bodyUsed ? response : new Response(response.body, response);
}

/** The cookies of a validation, except those whose name the response sets. */
function cookiesToAdd(response: Headers, validation: Headers): readonly string[] {
  const names = new Set(response.getSetCookie().map(cookieName));
  return validation.getSetCookie().filter((cookie) => !names.has(cookieName(cookie)));
}

function cookieName(setCookie: string): string {
  const [name = ""] = setCookie.split("=", 1);
  return name.trim();
}

function forbidCaching(headers: Headers): void {
  headers.set("cache-control", "private, no-store");
  removeTargetedFields(headers);
}

/** Lets the browser keep a response that is marked for it alone. */
function forbidSharedCaching(headers: Headers): void {
  if (isPrivate(headers)) {
    removeTargetedFields(headers);
  } else {
    forbidCaching(headers);
  }
}

function removeTargetedFields(headers: Headers): void {
  for (const name of [...headers.keys()]) {
    if (TARGETED_FIELD.test(name)) headers.delete(name);
  }
}

/** `private="name"` is not enough: it covers the named fields only. */
function isPrivate(headers: Headers): boolean {
  const directives = (headers.get("cache-control") ?? "").split(",");
  return directives.some((directive) => ["private", "no-store"].includes(directive.trim().toLowerCase()));
}
