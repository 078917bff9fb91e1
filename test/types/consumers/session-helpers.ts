import { auth } from "./auth.js";

export async function sessionOf(r: Request) {
  const v = await auth.validate(r);
  return v.ok ? v.session : null;
}

export async function claimsOf(r: Request) {
  const v = await auth.validate(r);
  if (!v.ok) throw v.response();
  return { claims: v.claims, transport: v.transport, cookies: v.cookies, sub: v.claims.sub };
}

export async function contextOf(r: Request) {
  return (await sessionOf(r))?.context;
}

export const expiryOf = async (r: Request) => (await sessionOf(r))?.expiresAt ?? null;
