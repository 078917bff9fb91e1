/** A target that a client may ask for, and why it is right or wrong. */
export interface Redirect {
  readonly input: string;
  readonly why: string;
}

/** Takes texts apart at white space; the key of a text is the reason of each of its words. */
export function listOf(classes: Readonly<Record<string, string>>): readonly Redirect[] {
  return Object.entries(classes).flatMap(([why, text]) =>
    text
      .trim()
      .split(/\s+/)
      .map((input) => ({ input, why })),
  );
}
