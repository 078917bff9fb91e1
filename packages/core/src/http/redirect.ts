/** Sends the browser on, and keeps where it was to itself (OAU-26). */
export function redirect(url: URL, headers: Headers): Response {
  headers.set("location", url.href);
  headers.set("referrer-policy", "no-referrer");
  // 303: whatever method came, a GET goes on (RFC 9700 4.12).
  return new Response(null, { status: 303, headers });
}

/** The target with a code of what went wrong. */
export function withError(target: URL, code: string): URL {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url;
}
