import type { Validation } from "@latchkey/core";
import { createValidator } from "@latchkey/core/validator";
import { requestTo } from "../fixtures/requests.ts";
import { ORIGIN, type TestServer } from "../fixtures/server.ts";
import { withAccess } from "./session.ts";

/** The codes that a token gets everywhere: by hand, in a header, in a cookie. */
export interface Verdicts {
  readonly byHand: string;
  readonly inHeader: string;
  readonly inCookie: string;
}

/** The verdicts on a token that is refused everywhere. */
export const REFUSED: Verdicts = {
  byHand: "unauthenticated",
  inHeader: "unauthenticated",
  inCookie: "unauthenticated",
};
/** A good token of a bearer session, which a cookie must not carry. */
export const GOOD: Verdicts = { byHand: "ok", inHeader: "ok", inCookie: "transport_mismatch" };

/** Presents an access token in every way there is. What no header can carry is judged by hand alone. */
export async function verdictsOf(server: TestServer, token: string): Promise<Verdicts> {
  const byHand = codeOf(await server.auth.sessions.verify(token));
  if (!canCarry(token)) return { ...REFUSED, byHand };
  const requests = (["bearer", "cookie"] as const).map((mode) =>
    requestTo("/", { headers: withAccess(mode, token) }),
  );
  const [inHeader = "", inCookie = ""] = await Promise.all(
    requests.map(async (request) => codeOf(await server.auth.validate(request))),
  );
  await requireAgreement(server, requests, [inHeader, inCookie]);
  return { byHand, inHeader, inCookie };
}

/** A validator without a store must say the same of every token. */
async function requireAgreement(
  server: TestServer,
  requests: readonly Request[],
  verdicts: readonly string[],
): Promise<void> {
  const jwks = await server.auth.keys.jwks();
  const edge = createValidator({ jwks, issuer: ORIGIN, env: { clock: server.clock.now } });
  const told = await Promise.all(requests.map(async (request) => codeOf(await edge.validate(request))));
  if (told.join() !== verdicts.join()) throw new Error(`the edge says ${told}, the server ${verdicts}`);
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
