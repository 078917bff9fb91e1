import type { RequestHost, Store } from "@latchkey/core";
import { requestHost, requireSession, type SignedInEnv } from "@latchkey/hono";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Copies } from "./copies.ts";
import { familyOf } from "./family.ts";
import type { Actor, Journal } from "./journal.ts";
import { generationIn } from "./refresh-cookie.ts";

export interface StageOptions {
  readonly store: Store;
  readonly copies: Copies;
  readonly journal: Journal;
  /** Handles the requests of the thief, and those with an answer that gets lost. */
  readonly handle: (request: Request, host: RequestHost) => Promise<Response>;
}

/** The routes that show a family, replay stolen tokens and lose answers. No answer contains a token. */
export function stage({ store, copies, journal, handle }: StageOptions): Hono<SignedInEnv> {
  const play = async (c: Context, by: Actor, request: Request): Promise<object> => {
    const cookies = request.headers.get("cookie") ?? "";
    return outcomeOf(await journal.during({ by, cookies }, () => handle(request, requestHost(c))));
  };

  const app = new Hono<SignedInEnv>();
  app.use(requireSession());
  app.get("/events", async (c) => {
    const { id, userId } = c.var.session;
    const after = Number(c.req.query("after") ?? 0) || 0;
    const events = journal.read(userId, after);
    return c.json({
      now: Date.now() / 1_000,
      sessionId: id,
      events,
      family: await familyOf(store, id),
      held: generationIn(c.req.header("cookie") ?? "", id),
      copies: copies.generations(id),
    });
  });
  app.post("/replay", bodyLimit({ maxSize: 1_024 }), async (c) => {
    const back = backOf(await c.req.json().catch(() => null));
    if (back === null) return c.json(error("invalid_request", 'which must be "previous" or "two-ago".'), 400);
    const cookie = copies.find(c.var.session.id, back);
    if (cookie === null)
      return c.json(error("not_found", "There is no copy of an older token yet. Refresh first."), 404);
    return c.json(await play(c, "thief", refreshOf(c.req.url, { cookie, "user-agent": "Thief/1.0" })));
  });
  app.post("/lose", async (c) => {
    const cookie = c.req.header("cookie") ?? "";
    const agent = c.req.header("user-agent") ?? "";
    return c.json(await play(c, "lost", refreshOf(c.req.url, { cookie, "user-agent": agent })));
  });
  return app;
}

export function error(code: string, message: string): { readonly error: string; readonly message: string } {
  return { error: code, message };
}

function backOf(body: unknown): number | null {
  const which = typeof body === "object" && body !== null && "which" in body ? body.which : null;
  return which === "previous" ? 1 : which === "two-ago" ? 2 : null;
}

function refreshOf(url: string, headers: Readonly<Record<string, string>>): Request {
  return new Request(new URL("/auth/refresh", url), { method: "POST", headers });
}

/** Describes an answer, without its tokens. */
async function outcomeOf(response: Response): Promise<object> {
  const { status } = response;
  const lines = response.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"));
  if (lines.some((line) => line.includes(".refresh"))) return { status, outcome: "refresh_token" };
  if (lines.length > 0) return { status, outcome: "access_token_only" };
  const body: unknown = await response.json();
  const code = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  return { status, outcome: "refused", error: code };
}
