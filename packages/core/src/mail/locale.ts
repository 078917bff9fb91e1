/** RFC 5646 4.4.1: an implementation that limits the length of tags takes at least 35 characters. */
const MAX_TAG = 35;
/** A longer header than any browser sends is not read. */
const MAX_HEADER = 1_024;
// RFC 9110 12.4.2 and 12.5.4.
const RANGE =
  /^[ \t]*([a-z]{1,8}(?:-[a-z0-9]{1,8})*)[ \t]*(?:;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/i;

/** Returns the language that a client prefers most, by `Accept-Language`; null if it names none. `*` names none. */
export function preferredLanguage(header: string | null): string | null {
  if (header === null || header.length > MAX_HEADER) return null;
  let preferred: string | null = null;
  let highest = 0;
  for (const range of header.split(",")) {
    const [, tag = "", q = "1"] = RANGE.exec(range) ?? [];
    const weight = Number(q);
    if (tag === "" || tag.length > MAX_TAG || weight <= highest) continue;
    preferred = tag;
    highest = weight;
  }
  return preferred;
}
