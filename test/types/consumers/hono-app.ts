import { authHandler, session } from "@latchkey/hono";
import { Hono } from "hono";
import { auth } from "./auth.js";

export const app = new Hono()
  .all("/auth/*", authHandler(auth))
  .use("*", session(auth))
  .get("/session", (c) => c.json({ ...c.var.session }))
  .get("/claims", (c) => c.json({ claims: c.var.claims }))
  .get("/role", (c) => c.text(c.var.session?.context.role ?? "none"));

export type AppType = typeof app;
