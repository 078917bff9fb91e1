import { unlinkProvider } from "../../app/unlink.ts";
import { now } from "../../env.ts";
import { AuthError } from "../../errors.ts";
import { minutes, type Seconds } from "../../time.ts";
import { readBody, stringMember } from "../body.ts";
import { beginFlow, providerOf, targetOf } from "../flow.ts";
import { limitClient } from "../limit.ts";
import { redirect } from "../redirect.ts";
import { answer, headersOf, type Route, segment } from "../route.ts";
import { whenSignedIn } from "../signed-in.ts";

/** A way in is added or taken away only shortly after signing in: who found a browser open adds none (ASVS 5.0 7.5.1). */
const RECENT: Seconds = minutes(15);

/** `POST /oauth/:provider/link`: begins to link an account; a form is sent on, a script gets the `url` to go to. */
export const linkAccount: Route = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    const provider = providerOf(app, segment(call, 2));
    requireRecent(valid.session.authTime, now(app.config.env));
    if (valid.transport !== "cookie") throw new AuthError("transport_mismatch");
    const body = await readBody(call.request, true);
    const target = body === null ? undefined : stringMember(body, "redirect_to");
    const redirectTo = targetOf(app, call, target === undefined ? [] : [target], false);
    await limitClient(app, "signIn", call.request);
    const intent = { kind: "link", userId: valid.userId, sessionId: valid.session.id } as const;
    const begun = await beginFlow(app, call, { provider, redirectTo, intent });
    const all = [...changes, ...begun.changes];
    const isForm = call.request.headers.get("content-type")?.startsWith("application/x-www-form") ?? false;
    return isForm ? redirect(begun.url, headersOf(app, all)) : answer(app, { url: begun.url.href }, 200, all);
  });

/** `DELETE /oauth/:provider/link`: undoes the link, unless it is the last way in. */
export const unlinkAccount: Route = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    requireRecent(valid.session.authTime, now(app.config.env));
    const asker = { userId: valid.userId, sessionId: valid.session.id };
    await unlinkProvider(app, asker, segment(call, 2));
    return new Response(null, { status: 204, headers: headersOf(app, changes) });
  });

function requireRecent(authTime: number, at: number): void {
  if (at - authTime <= RECENT) return;
  throw new AuthError("forbidden", "Sign in again first: this needs a sign-in of the last 15 minutes.");
}
