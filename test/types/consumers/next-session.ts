import { getSession, requireSession } from "@latchkey/next";
import { auth } from "./auth.js";

declare function redirect(path: string): never;

export const current = () => getSession(auth);

export async function currentSession() {
  return (await getSession(auth, { fresh: true }))?.session;
}

export const onlyAdmin = () =>
  requireSession(auth, {
    when: (s) => s.context.role === "admin",
    otherwise: (code) => redirect(`/login?error=${code}`),
  });

export const recent = () => requireSession(auth, { maxAge: 900, amr: ["pwd"] });

export async function tenantOf() {
  const { session, claims } = await onlyAdmin();
  return { tenant: session.context.tenant, claims };
}
