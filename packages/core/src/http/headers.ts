/** Adds names to Vary and keeps the existing ones. `*` stays as it is. */
export function addVary(headers: Headers, ...names: readonly string[]): void {
  const present = (headers.get("vary") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (present.includes("*")) return;
  const known = new Set(present.map((name) => name.toLowerCase()));
  headers.set("vary", [...present, ...names.filter((name) => !known.has(name.toLowerCase()))].join(", "));
}

/** Makes the headers of a response that depends on a session, so that no cache stores it (RFC 9111). */
export function sessionHeaders(bearerHeader: string): Headers {
  const headers = new Headers({ "cache-control": "private, no-store" });
  addVary(headers, "Cookie", titleCase(bearerHeader));
  return headers;
}

/** Writes a header name or a scheme in its usual case. */
export function titleCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
