import { requireSession, type SessionEnv, type SignedInEnv, session } from "@latchkey/hono";
import { type Context, Hono } from "hono";
import { auth } from "./auth.js";
import type { sessionOf } from "./session-helpers.js";

type Role = NonNullable<Awaited<ReturnType<typeof sessionOf>>>["context"];

export const signedIn = requireSession();
export const recent = requireSession({ maxAge: 900, amr: ["pwd"], when: (s) => s.userId !== "" });

export const admin = requireSession({ auth, when: (s) => s.context.role === "admin" });

export const loose = requireSession({ when: (s) => s.context.role === "admin" });

export const load = session(auth, { fresh: true });

export const routes = new Hono<SessionEnv<Role>>()
  .use(load)
  .get("/own", signedIn, (c) => c.json({ ...c.var.session }))
  .get("/loose", loose, (c) => c.json({ role: c.var.session.context.role }))
  .get("/inline", requireSession({ when: (s) => s.context.role === "admin" }), (c) => {
    return c.json({ ...c.var.session });
  })
  .get("/admin", admin, (c) => c.json({ role: c.var.session.context.role }));

export const show = (c: Context<SignedInEnv<Role>>) => c.var.session;
