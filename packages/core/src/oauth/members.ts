import { own } from "../json.ts";

type Claims = Readonly<Record<string, unknown>>;

/** A member that is a text; null for any other. */
export function textOf(record: Claims, name: string): string | null {
  const value = own(record, name);
  return typeof value === "string" ? value : null;
}

/** A numeric id as the text that a subject is, where it is one to the last digit. */
export function numberOf(record: Claims, name: string): string {
  const value = own(record, name);
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "";
}
