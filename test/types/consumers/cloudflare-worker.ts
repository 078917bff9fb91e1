import { defineAuth, durableObjects, type ObjectNamespace, SessionObject } from "@latchkey/cloudflare";
import { password } from "@latchkey/core/password";
import { authHandler, session } from "@latchkey/hono";
import { Hono } from "hono";

export interface Bindings {
  readonly SESSIONS: ObjectNamespace<unknown>;
  readonly SECRET: string;
}

export const getAuth = defineAuth((env: Bindings) => ({
  store: durableObjects(env.SESSIONS),
  providers: [password()],
  secret: env.SECRET,
}));

export class Sessions extends SessionObject {}

export const app = new Hono<{ Bindings: Bindings }>()
  .all("/auth/*", authHandler(getAuth))
  .use("*", session(getAuth))
  .get("/", (c) => c.json({ ...c.var.session }));

export const worker = { fetch: (request: Request, env: Bindings) => getAuth(env).handle(request) };
