import { type Auth, AuthError, type ErrorCode } from "@latchkey/core";
import { session } from "@latchkey/hono";
import { Hono } from "hono";
import { html } from "hono/html";

/** The codes that a form of this page can lead back with. */
const CODES: readonly ErrorCode[] = [
  "invalid_request",
  "invalid_credentials",
  "identifier_taken",
  "weak_password",
  "rate_limited",
  "store_unavailable",
  "internal_error",
];

const SENTENCES: ReadonlyMap<string, string> = new Map(
  CODES.map((code) => [code, new AuthError(code).message]),
);

/** A page without scripts: its forms go to Latchkey's routes, which lead back to it. */
export function plainPage(auth: Auth): Hono {
  const app = new Hono();
  app.get("/plain", session(auth), async (c) => {
    const { session: current } = c.var;
    const user = current === null ? null : await auth.users.get(current.userId);
    const said = SENTENCES.get(c.req.query("error") ?? "");
    return c.html(html`<!doctype html>
      <html lang="en">
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Without scripts</title>
        <h1>${user === null ? "Signed out" : `Signed in as ${user.email}`}</h1>
        ${said === undefined ? "" : html`<p role="alert">${said}</p>`}
        ${user === null ? guestForms : html`<form method="post" action="/auth/logout">${target}<button>Sign out</button></form>`}
      </html>`);
  });
  return app;
}

const target = html`<input type="hidden" name="redirect_to" value="/plain" />`;

const guestForms = html`<form method="post" action="/auth/login">
  ${target}
  <label>E-mail <input name="email" type="email" autocomplete="email" required /></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
  <button>Sign in</button>
  <button formaction="/auth/signup">Sign up</button>
</form>`;
