/** Whether a value can be a subject: a text, not empty, at most 255 characters, none of them a control. */
export function isSubject(value: unknown): value is string {
  return typeof value === "string" && value.length <= 255 && /^[^\p{C}]+$/u.test(value);
}
