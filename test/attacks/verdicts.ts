import type { Validation } from "@latchkey/core";
import { withAccess } from "./session.ts";
import { requestTo, type Stage } from "./stage.ts";

/** What a token is told everywhere: by hand, in a header, in a cookie. */
export type Verdicts = readonly [byHand: string, inHeader: string, inCookie: string];

/** A token that nobody takes for anything. */
export const REFUSED: Verdicts = ["unauthenticated", "unauthenticated", "unauthenticated"];
/** A good token of a bearer session, which a cookie must not carry. */
export const GOOD: Verdicts = ["ok", "ok", "transport_mismatch"];

/** Presents an access token in every way there is. What no header can carry is judged by hand alone. */
export async function verdictsOf(stage: Stage, token: string): Promise<Verdicts> {
  const byHand = codeOf(await stage.auth.sessions.verify(token));
  if (!canCarry(token)) return [byHand, "unauthenticated", "unauthenticated"];
  const inHeader = await stage.auth.validate(requestTo("/", { headers: withAccess("bearer", token) }));
  const inCookie = await stage.auth.validate(requestTo("/", { headers: withAccess("cookie", token) }));
  return [byHand, codeOf(inHeader), codeOf(inCookie)];
}

export function codeOf(validation: Validation<unknown>): string {
  return validation.ok ? "ok" : validation.code;
}

function canCarry(value: string): boolean {
  try {
    return new Headers({ authorization: value }).get("authorization") === value;
  } catch {
    return false;
  }
}
