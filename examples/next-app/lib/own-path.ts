const HERE = "http://here.invalid";

/** The path of this application that a text names, or the dashboard. */
export function ownPath(text: unknown): string {
  const url = typeof text === "string" && text.startsWith("/") ? URL.parse(text, HERE) : null;
  return url?.origin === HERE ? url.pathname + url.search : "/dashboard";
}
