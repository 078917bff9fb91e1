import { AuthError } from "../errors.ts";
import { isRecord, parseJson } from "../json.ts";
import { type AsymmetricAlgorithm, keyTypes, publicJwk } from "./algorithms.ts";
import type { KeyRecord, KeyRing } from "./keyring.ts";

/** The ring as the store keeps it. */
export function formatRing(ring: KeyRing): string {
  return JSON.stringify(ring);
}

/** Reads a stored ring; a document that is not one fails closed. */
export function parseRing(document: string): KeyRing {
  const parsed = parseJson(document);
  if (!Array.isArray(parsed)) throw new AuthError("internal_error", "the stored key ring is damaged");
  return parsed.map(parseRecord);
}

function parseRecord(value: unknown): KeyRecord {
  if (
    isRecord(value) &&
    typeof value["kid"] === "string" &&
    isAsymmetric(value["algorithm"]) &&
    isRecord(value["publicJwk"]) &&
    typeof value["privateKey"] === "string" &&
    typeof value["activeAt"] === "number"
  ) {
    const { kid, algorithm, privateKey, activeAt, supersededAt } = value;
    const record = {
      kid,
      algorithm,
      publicJwk: publicJwk(value["publicJwk"], kid, algorithm),
      privateKey,
      activeAt,
    };
    return typeof supersededAt === "number" ? { ...record, supersededAt } : record;
  }
  throw new AuthError("internal_error", "the stored key ring is damaged");
}

function isAsymmetric(value: unknown): value is AsymmetricAlgorithm {
  return typeof value === "string" && Object.hasOwn(keyTypes, value);
}
