import { html } from "hono/html";
import { madeUp, type Person } from "./identity-people.ts";

/** A page, with everything from outside escaped. */
export type Page = ReturnType<typeof html>;

/** The policy of the provider's pages: style sheets and an icon, and forms to the provider that redirect to `onward`. */
export function policyOf(onward: readonly string[] = []): string {
  const actions = ["'self'", ...onward.map(sourceOf)].join(" ");
  return `default-src 'none'; style-src 'self'; img-src 'self'; form-action ${actions}; base-uri 'none'; frame-ancestors 'none'`;
}

// A content security policy cannot contain an IPv6 address.
function sourceOf(origin: string): string {
  return origin.includes("[") ? "http:" : origin;
}

interface Step {
  /** The URL that the form is sent to. */
  readonly action: string;
  /** The origin of the application that asks for the sign-in. */
  readonly client: string;
}

export function loginPage({ action, client, isMistyped }: Step & { readonly isMistyped: boolean }): Page {
  return shell(
    "Choose a person",
    html`<p class="hint">The Latchkey demo at <strong>${hostOf(client)}</strong> asks who you are. Choose one of these fictional people.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="login" />
        <ul class="plain people">${madeUp.map(personButton)}</ul>
      </form>
      <form method="post" action="${action}" class="other">
        <input type="hidden" name="step" value="login" />
        <label for="login">Or any other e-mail address</label>
        <div class="pair">
          <input id="login" name="login" type="email" autocomplete="email" maxlength="100" required ${
            isMistyped ? html`aria-invalid="true" aria-describedby="login-error" autofocus` : ""
          } />
          <button type="submit" class="primary">Continue</button>
        </div>
        ${isMistyped ? html`<p id="login-error" class="error" role="alert">That is not an e-mail address.</p>` : ""}
        <p class="hint">Nothing is sent to it. This provider reports every address as verified.</p>
      </form>
      <form method="post" action="${action}">
        <button type="submit" name="abort" value="yes" class="quiet">Cancel</button>
      </form>`,
  );
}

function personButton({ name, email }: Person): Page {
  return html`<li>
    <button type="submit" name="login" value="${email}">
      <span class="face" aria-hidden="true">${initialOf({ name, email })}</span>
      <span><strong>${name}</strong> <small>${email}, verified</small></span>
    </button>
  </li>`;
}

export function consentPage({ action, client, person }: Step & { readonly person: Person }): Page {
  const { name, email } = person;
  return shell(
    "Share this with the demo?",
    html`<p class="hint">The Latchkey demo at <strong>${hostOf(client)}</strong> gets these data, and no others.</p>
      <dl>
        ${name === null ? "" : html`<dt>Name</dt><dd>${name}</dd>`}
        <dt>E-mail</dt>
        <dd>${email}, verified</dd>
      </dl>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="consent" />
        <div class="row">
          <button type="submit" class="primary">Allow</button>
          <button type="submit" name="abort" value="yes">Cancel</button>
          <button type="submit" name="back" value="yes" class="quiet">Choose another person</button>
        </div>
      </form>`,
  );
}

export function faultPage({ home, detail }: { readonly home: string; readonly detail: string }): Page {
  return shell(
    "This sign-in cannot continue",
    html`<p>${detail}</p>
      <p><a href="${home}/">Go to the demo, and start again</a></p>`,
  );
}

export function aboutPage({ home }: { readonly home: string }): Page {
  return shell(
    "No sign-in in progress",
    html`<p>The Latchkey demo sends you here when you choose “Sign in with local OpenID”.</p>
      <p><a href="${home}/">Go to the demo</a></p>`,
  );
}

function shell(title: string, content: Page): Page {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} – Local OpenID</title>
    <link rel="icon" href="/provider.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/style.css" />
    <link rel="stylesheet" href="/provider.css" />
  </head>
  <body>
    <header class="top">
      <img src="/provider.svg" alt="" width="36" height="36" />
      <div>
        <h1>Local OpenID</h1>
        <p>A fake provider for this demo, on this machine. It asks for no password.</p>
      </div>
    </header>
    <main>
      <section class="card" aria-labelledby="title">
        <h2 id="title">${title}</h2>
        ${content}
      </section>
    </main>
  </body>
</html>`;
}

function initialOf({ name, email }: Person): string {
  return (name ?? email).slice(0, 1).toUpperCase();
}

function hostOf(origin: string): string {
  return new URL(origin).host;
}
