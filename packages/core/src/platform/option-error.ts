/** Makes the error for an option: its name, its value, the reason, and what to write instead. */
export function refuse(option: string, value: unknown, why: string): TypeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new TypeError(`${option} is ${shown}, but ${why}`);
}
