import { createHash } from "node:crypto";
import type { PresentedToken, Rotation, SessionRow } from "@latchkey/core/store";

export const LEASE = 60;
export const START = 1_900_000_000;

/** A digest in the form of the real ones, one for each name. */
export function digestOf(name: string): string {
  return createHash("sha256").update(name).digest("base64url");
}

export function sessionIdOf(name: string): string {
  return createHash("sha256").update(name).digest().subarray(0, 16).toString("base64url");
}

/** A fresh session of ann's; the token of generation n has the digest of `${name} ${n}`. */
export function session(name: string, changes: Partial<SessionRow> = {}): SessionRow {
  return {
    id: sessionIdOf(name),
    userId: "ann",
    familyHash: digestOf(name),
    rootHash: digestOf(`${name} 0`),
    rootGeneration: 0,
    childHash: null,
    childIssuedAt: null,
    replacedAt: null,
    generation: 0,
    context: {},
    device: { userAgent: null, address: null },
    transport: "cookie",
    amr: ["pwd"],
    createdAt: START,
    authTime: START,
    refreshedAt: START,
    accessLifetime: 600,
    idleLifetime: 86_400,
    expiresAt: START + 86_400,
    absoluteExpiresAt: null,
    endedAt: null,
    endReason: null,
    ...changes,
  };
}

export function tokenOf(name: string, generation: number): PresentedToken {
  return { familyHash: digestOf(name), secretHash: digestOf(`${name} ${generation}`), generation };
}

/** The token of `generation` presented at `now`; the digest of its successor is that of `${name} ${generation + 1}`. */
export function rotationOf(name: string, generation: number, now: number, next?: string): Rotation {
  return {
    id: sessionIdOf(name),
    token: tokenOf(name, generation),
    policy: { lease: LEASE, transport: null },
    next: next ?? digestOf(`${name} ${generation + 1}`),
    now,
  };
}
