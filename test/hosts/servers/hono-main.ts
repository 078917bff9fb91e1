import { app } from "./hono-app.ts";

interface Runtimes {
  readonly Bun?: { serve(options: { fetch: unknown; port: number; hostname: string }): { port: number } };
  readonly Deno?: { serve(options: object, handler: unknown): unknown };
}

/** Serves the app by the server of the runtime, and prints its port. */
const { Bun, Deno } = globalThis as Runtimes;
const hostname = "127.0.0.1";
const listening = (port: number): void => console.log(`port ${port}`);
if (Bun !== undefined) {
  listening(Bun.serve({ fetch: app.fetch, port: 0, hostname }).port);
} else if (Deno !== undefined) {
  const onListen = ({ port }: { readonly port: number }): void => listening(port);
  Deno.serve({ port: 0, hostname, onListen }, app.fetch);
} else {
  const { serve } = await import("@hono/node-server");
  serve({ fetch: app.fetch, port: 0, hostname }, ({ port }) => listening(port));
}
