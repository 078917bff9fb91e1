/** One pair of a Cookie header, as sent. */
export interface CookiePair {
  readonly name: string;
  readonly value: string;
}

/** Beyond this many characters a header is not ours to read (CKP-10). */
const MAX_HEADER = 65_536;

/**
 * Splits a Cookie header into its pairs (RFC 6265bis 5.7.3). Nothing is decoded, quotes stay part of the value, and a
 * piece without a name is passed over.
 */
export function parseCookies(header: string | null): readonly CookiePair[] {
  if (header === null || header.length > MAX_HEADER) return [];
  const pairs: CookiePair[] = [];
  for (const piece of header.split(";")) {
    const equals = piece.indexOf("=");
    if (equals < 0) continue;
    const name = trim(piece.slice(0, equals));
    if (name !== "") pairs.push({ name, value: trim(piece.slice(equals + 1)) });
  }
  return pairs;
}

// Only space and tab: String.trim would let a no-break space stand in for nothing (CKP-04).
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
