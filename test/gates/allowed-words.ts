/** How many forbidden words an area may still hold. A number only falls; an area that is not named holds none. */
export const ALLOWED_WORDS: Readonly<Record<string, number>> = {
  tests: 18,
};
