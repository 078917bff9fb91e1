import { DatabaseSync } from "node:sqlite";
import { serve } from "@hono/node-server";
import { createAuth } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { authHandler, requireSession, session } from "@latchkey/hono";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { Hono } from "hono";
import { html } from "hono/html";

const store = sqlite(new DatabaseSync("auth.db"));
await migrate(store);
const auth = createAuth({ store, providers: [password()] });

const messages: Readonly<Record<string, string>> = {
  invalid_credentials: "The address or the password is wrong.",
  identifier_taken: "This address has an account already. Sign in instead.",
  weak_password: "This password is too easy to guess. Choose a longer one.",
};

const page = (content: unknown) => html`<!doctype html>
  <html lang="en">
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>My application</title>
    <main>${content}</main>
  </html>`;

const signInForm = (error: string | undefined) => html`
  <h1>Sign in</h1>
  ${error === undefined ? "" : html`<p role="alert">${messages[error] ?? "This failed. Try again."}</p>`}
  <form method="post" action="/auth/login">
    <p><label>E-mail <input name="email" type="email" autocomplete="username" required /></label></p>
    <p><label>Password <input name="password" type="password" autocomplete="current-password" required /></label></p>
    <button>Sign in</button>
    <button formaction="/auth/signup">Create an account</button>
  </form>`;

const home = (email: string | null) => html`
  <h1>Hello, ${email}</h1>
  <form method="post" action="/auth/logout"><button>Sign out</button></form>`;

const app = new Hono()
  .all("/auth/*", authHandler(auth))
  .use("*", session(auth))
  .get("/", async (c) => {
    const user = c.var.session === null ? null : await auth.users.get(c.var.session.userId);
    return c.html(page(user === null ? signInForm(c.req.query("error")) : home(user.email)));
  })
  .get("/api/mine", requireSession(), (c) => c.json({ userId: c.var.session.userId }));

serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => {
  console.log(`http://localhost:${port}`);
});
