import { Hono } from "hono";
import { html } from "hono/html";
import { type Field, type Form, type FormPage, formPages } from "./forms.ts";
import type { Inbox } from "./inbox.ts";
import type { Letter } from "./letter.ts";

/** A page, with everything from outside escaped. */
type Page = ReturnType<typeof html>;

/** The pages of forms, and the inbox. */
export function mailPages(inbox: Inbox | null): Hono {
  const app = new Hono();
  for (const page of formPages) {
    // The address of the page can have a token, which must not reach other sites.
    const headers = { "referrer-policy": "no-referrer", "cache-control": "no-store" };
    app.get(page.path, (c) => c.html(formPage(page, inbox !== null), 200, headers));
  }
  if (inbox === null) return app;
  return app.get("/inbox", (c) => c.html(inboxPage(inbox.read()), 200, { "cache-control": "no-store" }));
}

function formPage({ title, lead, needsToken = false, forms }: FormPage, hasInbox: boolean): Page {
  return shell(
    title,
    html`<p>${lead}</p>
      ${needsToken ? html`<p id="no-token" class="banner bad" hidden>This link is not complete. Open it from the message once more.</p>` : ""}
      <div id="forms" data-token="${String(needsToken)}">${forms.map((form, index) => formOf(form, index))}</div>
      ${hasInbox ? html`<p><a href="/inbox" class="button">Open the inbox</a></p>` : ""}
      ${stepUpDialog()}`,
    true,
  );
}

function formOf(form: Form, index: number): Page {
  const id = `form-${index}`;
  const look = form.isDangerous === true ? "danger" : "primary";
  return html`<form class="card" method="post" action="${form.action}" data-method="${form.method ?? "POST"}" data-done="${form.done ?? ""}" data-next="${form.next ?? ""}" data-ends="${String(form.endsSessions === true)}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${form.title}</h2>
    ${form.fields.map((field) => fieldOf(field, id))}
    <div class="row"><button type="submit" class="${look}">${form.submit}</button></div>
    <div class="outcome">
      <p id="${id}-error" class="error" role="alert"></p>
      <p class="said" role="status" tabindex="-1"></p>
    </div>
  </form>`;
}

function fieldOf({ name, label, type, autocomplete, hint, isOptional = false }: Field, form: string): Page {
  const id = `${form}-${name}`;
  return html`<div>
    <label for="${id}">${label}</label>
    <input id="${id}" name="${name}" type="${type}" autocomplete="${autocomplete}" ${isOptional ? "" : "required"}
      ${name === "code" ? html`inputmode="numeric"` : ""} aria-describedby="${id}-hint ${form}-error" />
    <p id="${id}-hint" class="hint">${hint ?? ""}</p>
  </div>`;
}

function stepUpDialog(): Page {
  return html`<dialog id="step-up" aria-labelledby="step-up-title">
    <form class="card" method="post" action="/auth/reauthenticate" aria-labelledby="step-up-title">
      <h2 id="step-up-title">Enter your password</h2>
      <div>
        <label for="step-up-password">Password</label>
        <input id="step-up-password" name="password" type="password" autocomplete="current-password" required aria-describedby="step-up-error" />
      </div>
      <p id="step-up-error" class="error" role="alert"></p>
      <div class="row">
        <button type="submit" class="primary">Continue</button>
        <button type="button" id="step-up-cancel">Cancel</button>
      </div>
    </form>
  </dialog>`;
}

function inboxPage(letters: readonly Letter[]): Page {
  return shell(
    "Inbox",
    html`<p>The demo sends every message to this page. The newest is first.</p>
      ${letters.length === 0 ? html`<p class="card">There is no message yet.</p>` : ""}
      <ol class="plain letters">${letters.map(letterOf)}</ol>`,
    false,
  );
}

const LINK = /(https?:\/\/\S+)/;

function partOf(part: string): Page | string {
  return LINK.test(part) ? html`<a href="${part}" rel="noreferrer">Open the link</a>` : part;
}

function letterOf({ to, subject, text }: Letter): Page {
  return html`<li class="card">
    <h2>${subject}</h2>
    <p class="hint">To ${to}</p>
    ${text.split(/\n\n+/).map((paragraph) => html`<p>${paragraph.split(LINK).map(partOf)}</p>`)}
  </li>`;
}

function shell(title: string, content: Page, hasScript: boolean): Page {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Latchkey</title>
    <link rel="icon" href="/key.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/style.css" />
    <link rel="stylesheet" href="/forms.css" />
    ${hasScript ? html`<script type="module" src="/forms.js"></script>` : ""}
  </head>
  <body>
    <header class="top">
      <img src="/key.svg" alt="" width="40" height="40" />
      <p><a href="/">Latchkey</a></p>
    </header>
    <main>
      <h1>${title}</h1>
      ${content}
    </main>
  </body>
</html>`;
}
