import { serve } from "@hono/node-server";
import { type SessionEnv, session } from "@latchkey/hono";
import { Hono } from "hono";
import { processorTime } from "./rounds.ts";
import { openServers } from "./validation-paths.ts";

// A server with a page that has the session, and one that does not. It tells its processor time when it is asked.
const USERS = 32;
const { auth, issue } = openServers("EdDSA");
const cookies: string[] = [];
while (cookies.length < USERS) cookies.push(await issue());
const app = new Hono<SessionEnv>();
app.get("/without", (c) => c.json({ ok: true }));
app.use("/session", session(auth));
app.get("/session", (c) => c.json({ ok: c.var.session !== null }));
process.on("message", () => process.send?.({ time: processorTime() }));
process.on("disconnect", () => process.exit());
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send?.({ port, cookies }));
