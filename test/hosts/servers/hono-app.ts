import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password, scryptHasher } from "@latchkey/core/password";
import { authHandler, requestHost, requireSession, type SessionEnv, session } from "@latchkey/hono";
import { Hono } from "hono";

const auth = createAuth({
  store: memory(),
  providers: [password({ hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) })],
});

const inner = new Hono<SessionEnv>().use("*", session(auth)).get("/device", requireSession(), async (c) => {
  const found = await auth.sessions.get(c.var.session.id);
  return c.json({ address: found?.device.address });
});

/** An app that tells which address arrives at the routes, at `validate`, and at a handler that asks by hand. */
export const app: Hono<SessionEnv> = new Hono<SessionEnv>()
  .all("/auth/*", authHandler(auth))
  // A session of no device, which gets the device of its first refresh.
  .get("/start", async (c) => {
    const { id } = await auth.users.create({ email: `${crypto.randomUUID()}@example.com` });
    const { headers } = await auth.sessions.create(id);
    return c.body(null, 204, { "set-cookie": headers.getSetCookie() });
  })
  .get("/host", (c) => {
    const { clientAddress = null, waitUntil } = requestHost(c);
    waitUntil?.(Promise.resolve());
    return c.json({ address: clientAddress, waits: waitUntil !== undefined });
  })
  .route("/", inner)
  .mount("/mounted", new Hono().get("/host", (c) => c.json(requestHost(c))).fetch);
