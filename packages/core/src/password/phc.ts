import { fromBase64, toBase64 } from "../platform/bytes.ts";

/** A password hash with what is needed to check it, in the PHC string format: `$id$name=1,other=2$salt$key`. */
export interface Phc {
  readonly id: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

const MAX_LENGTH = 256;
const FORM =
  /^\$([a-z0-9-]{1,32})\$([a-z]{1,8}=[0-9]{1,10}(?:,[a-z]{1,8}=[0-9]{1,10}){0,3})\$([^$]+)\$([^$]+)$/;

/** Parses the one canonical form; null for anything else. */
export function parsePhc(text: string): Phc | null {
  const [, id, list, salt, key] = (text.length <= MAX_LENGTH && FORM.exec(text)) || [];
  if (id === undefined || list === undefined || salt === undefined || key === undefined) return null;
  const parameters = Object.fromEntries(
    list.split(",").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, Number(value)];
    }),
  );
  const saltBytes = fromBase64(salt);
  const keyBytes = fromBase64(key);
  if (saltBytes === null || keyBytes === null) return null;
  const phc = { id, parameters, salt: saltBytes, key: keyBytes };
  // Leading zeros, duplicate names and stray bits do not survive the way back.
  return formatPhc(phc) === text ? phc : null;
}

export function formatPhc({ id, parameters, salt, key }: Phc): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `$${id}$${list.join(",")}$${unpadded(salt)}$${unpadded(key)}`;
}

function unpadded(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/=+$/, "");
}
