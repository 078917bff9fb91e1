import { deviceName } from "@latchkey/client/device-name";
import { defineAuth, durableObjects, type ObjectNamespace } from "@latchkey/cloudflare";
import { password } from "@latchkey/core/password";
import { authHandler, requireSession, session } from "@latchkey/hono";
import { type D1Database, d1 } from "@latchkey/sql/d1";
import { Hono } from "hono";

export { SessionObject } from "@latchkey/cloudflare";

/** The bindings of `wrangler.jsonc`, and the secret AUTH_SECRET. */
interface Env {
  readonly SESSIONS: ObjectNamespace;
  readonly DB: D1Database;
  readonly ORIGIN: string;
  readonly AUTH_SECRET: string;
}

// Sessions, keys and rate limits are in Durable Objects, near their users. Users are in D1, where SQL can query them.
const getAuth = defineAuth((env: Env) => ({
  store: { ...durableObjects(env.SESSIONS), users: d1(env.DB).users },
  providers: [password()],
  baseURL: env.ORIGIN,
  secret: env.AUTH_SECRET,
}));

const app: Hono<{ Bindings: Env }> = new Hono<{ Bindings: Env }>();
app
  .all("/auth/*", authHandler(getAuth))
  .use("/api/*", session(getAuth))
  .get("/api/visit", requireSession(), (c) =>
    c.json({ userId: c.var.session.userId, signedInAt: c.var.session.createdAt }),
  )
  // `GET /auth/sessions` lists the devices too, without names.
  .get("/api/devices", requireSession(), async (c) => {
    const { id: own, userId } = c.var.session;
    const found = await getAuth(c.env).sessions.list(userId);
    const devices = found.map(({ id, device, createdAt, refreshedAt }) => {
      return { id, name: deviceName(device.userAgent), current: id === own, createdAt, refreshedAt };
    });
    return c.json({ devices: devices.toSorted((a, b) => Number(b.current) - Number(a.current)) });
  });

export default app;
