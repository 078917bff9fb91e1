import { schema as d1 } from "../drivers/d1.ts";
import { schema as postgres } from "../drivers/postgres.ts";
import { schema as sqlite } from "../drivers/sqlite.ts";

/** What a run of the command line prints, and whether it did what it was asked. */
export interface Run {
  readonly ok: boolean;
  readonly text: string;
}

const schemas: Readonly<Record<string, () => string>> = { postgres, sqlite, d1 };

const USAGE = `Usage:
  latchkey schema <dialect>   prints the tables as SQL; dialects: ${Object.keys(schemas).join(", ")}
  latchkey secret             prints a fresh value for the option \`secret\`
`;

const SECRET_BYTES = 32;

/** Carries out one command; `random` returns that many unpredictable bytes. */
export function run(words: readonly string[], random: (length: number) => Uint8Array): Run {
  const [command, argument, ...rest] = words;
  if (rest.length > 0) return unknown(words);
  if (command === "schema" && argument !== undefined && Object.hasOwn(schemas, argument)) {
    return { ok: true, text: schemas[argument]?.() ?? "" };
  }
  if (command === "secret" && argument === undefined) {
    return { ok: true, text: `${base64url(random(SECRET_BYTES))}\n` };
  }
  if (command === "--help" && argument === undefined) return { ok: true, text: USAGE };
  return unknown(words);
}

function unknown(words: readonly string[]): Run {
  const asked = words.length === 0 ? "" : `latchkey: no such command: ${words.join(" ")}\n\n`;
  return { ok: false, text: `${asked}${USAGE}` };
}

function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
