/** In UTF-16 code units. A provider's name has the same bound. */
const MAX_NAME = 320;
const MAX_PICTURE = 2_048;

/**
 * Parses the name that a user is shown by: trimmed, 1 to 320 characters of well-formed text without control characters. Returns
 * null for any other text.
 *
 * It does not check what the text says, so it is no proof of who the user is. Escape it in HTML.
 */
export function parseName(input: string): string | null {
  if (input.length > MAX_NAME || !input.isWellFormed()) return null;
  const name = input.trim();
  return name !== "" && !/\p{Cc}/u.test(name) ? name : null;
}

/**
 * Parses the address of a picture: an absolute URL with `https` or `http`, at most 2,048 characters, without control characters and
 * spaces. Returns null for any other text, so a page that shows it runs no script of `javascript:` or `data:`.
 *
 * It does not load the picture, and does not check the host: a browser that shows it tells that host its network address.
 */
export function parsePicture(input: string): string | null {
  if (input.length > MAX_PICTURE || !input.isWellFormed()) return null;
  return /^https?:\/\/[^\p{C}\p{Z}]+$/iu.test(input) && URL.canParse(input) ? input : null;
}
