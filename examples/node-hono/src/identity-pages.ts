import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { InteractionResults, Provider } from "oidc-provider";
import type { People } from "./identity-people.ts";
import { aboutPage, consentPage, faultPage, loginPage, type Page, policyOf } from "./identity-views.ts";
import { page, secured } from "./page.ts";

type PageContext = Context<{ Bindings: HttpBindings }>;
type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

export interface IdentityPagesOptions {
  readonly provider: Provider;
  readonly people: People;
  /** The origin of the demo. */
  readonly home: string;
  /** Further origins that the demo redirects to. */
  readonly trustedOrigins: readonly string[];
}

const FILES = ["style.css", "provider.css", "provider.svg"];

/** Whether a URL is one of these pages, and not an endpoint of the protocol. */
export function isPage(url: string): boolean {
  const [path = ""] = url.split("?");
  return path === "/" || path.startsWith("/interaction/") || FILES.includes(path.slice(1));
}

/** The login page, the consent page, and their files. */
export function identityPages(options: IdentityPagesOptions): Hono<{ Bindings: HttpBindings }> {
  const { provider, people, home } = options;
  const find = (c: PageContext): Promise<Interaction | null> =>
    provider.interactionDetails(c.env.incoming, c.env.outgoing).catch(() => null);
  const over = (c: PageContext): Promise<Response> =>
    show(c, 400, faultPage({ home, detail: "This sign-in has ended, or it started in another browser." }));
  const answer = (c: PageContext, result: InteractionResults): Promise<string> =>
    provider.interactionResult(c.env.incoming, c.env.outgoing, result, { mergeWithLastSubmission: false });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(secured);
  app.route("/", page(FILES));
  app.get("/", (c) => show(c, 200, aboutPage({ home })));
  app.get("/interaction/:uid", async (c) => {
    const interaction = await find(c);
    return interaction === null ? over(c) : ask(c, interaction, options);
  });
  app.post("/interaction/:uid", bodyLimit({ maxSize: 4_096 }), async (c) => {
    const interaction = await find(c);
    if (interaction === null) return over(c);
    const form = await c.req.parseBody();
    if ("abort" in form) return c.redirect(await answer(c, REFUSED), 303);
    const accountId = interaction.result?.login?.accountId;
    // The form may be of an earlier step that is done already: show the page of the current step.
    if (form["step"] !== stepOf(interaction)) return c.redirect(c.req.path, 303);
    if (accountId === undefined) {
      const subject = people.enter(String(form["login"] ?? ""));
      if (subject === null) return ask(c, interaction, options, true);
      await answer(c, { login: { accountId: subject, remember: false } });
      return c.redirect(c.req.path, 303);
    }
    if ("back" in form) {
      await answer(c, {});
      return c.redirect(c.req.path, 303);
    }
    return c.redirect(await answer(c, await consentOf(provider, interaction, accountId)), 303);
  });
  app.notFound((c) => show(c, 404, faultPage({ home, detail: "There is nothing at this address." })));
  return app;
}

const REFUSED: InteractionResults = { error: "access_denied", error_description: "The user cancelled." };

function stepOf({ result }: Interaction): "login" | "consent" {
  return result?.login === undefined ? "login" : "consent";
}

/** Shows the page of the current step. */
function ask(
  c: PageContext,
  interaction: Interaction,
  { people, trustedOrigins }: IdentityPagesOptions,
  isMistyped = false,
): Promise<Response> {
  const { redirect_uri: redirectUri } = interaction.params;
  const client = new URL(String(redirectUri)).origin;
  const person = people.find(interaction.result?.login?.accountId ?? "");
  const action = c.req.path;
  const body =
    person === null ? loginPage({ action, client, isMistyped }) : consentPage({ action, client, person });
  return show(c, isMistyped ? 422 : 200, body, [client, ...trustedOrigins]);
}

async function consentOf(
  provider: Provider,
  { result, params: { client_id: clientId, scope } }: Interaction,
  accountId: string,
): Promise<InteractionResults> {
  const grant = new provider.Grant({ accountId, clientId: String(clientId) });
  grant.addOIDCScope(String(scope));
  return { ...result, consent: { grantId: await grant.save() } };
}

async function show(
  c: PageContext,
  status: 200 | 400 | 404 | 422,
  body: Page,
  onward: readonly string[] = [],
): Promise<Response> {
  c.header("content-security-policy", policyOf(onward));
  c.header("cache-control", "no-store");
  return c.html(body, status);
}
