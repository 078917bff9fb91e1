import { serve } from "@hono/node-server";
import { createAuth } from "@latchkey/core";
import { password, scryptHasher } from "@latchkey/core/password";
import { openStore } from "./backend.ts";

// One of several servers over one store. It is killed without a word, so it keeps nothing that matters.
const [backend = "", url = "", namespace = ""] = process.argv.slice(2);
const auth = createAuth({
  store: await openStore({ backend, url, namespace }),
  providers: [password({ hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) })],
  baseURL: "http://localhost:3000",
  secret: "a-secret-of-the-soak-5f0c2b7e91d84a36",
  accessToken: { lifetime: 12 },
  refreshToken: { lease: 5, refreshBefore: 2 },
  rateLimit: false,
  onEvent: (event) => process.send?.(event),
});

async function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== "/rotate-keys") return auth.handle(request);
  await auth.keys.rotate();
  return new Response(null, { status: 204 });
}

serve({ fetch: answer, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send?.({ port }));
process.on("disconnect", () => process.exit());
