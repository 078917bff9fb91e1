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
