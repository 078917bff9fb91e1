import type { IncomingMessage, ServerResponse } from "node:http";
import type { InteractionResults, Provider } from "oidc-provider";
import type { Account } from "./identity-provider.ts";

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

/** The login page and the consent page. A form field `abort` says no. */
export async function showPage(
  provider: Provider,
  accounts: ReadonlyMap<string, Account>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  if (request.method !== "POST") return page(response, 200, interaction);
  const form = new URLSearchParams(await bodyOf(request));
  const result = await resultOf(provider, accounts, interaction, form);
  if (result === null) return page(response, 401, interaction);
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** What the form comes to, or null where nobody has this login. */
async function resultOf(
  provider: Provider,
  accounts: ReadonlyMap<string, Account>,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<InteractionResults | null> {
  if (form.has("abort")) return { error: "access_denied", error_description: "the user said no" };
  if (interaction.prompt.name === "login") {
    const account = accounts.get(form.get("login") ?? "");
    return account === undefined ? null : { login: { accountId: account.sub } };
  }
  const accountId = interaction.session?.accountId;
  const { client_id: clientId, scope } = interaction.params;
  if (accountId === undefined || typeof clientId !== "string") return null;
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(String(scope));
  return { consent: { grantId: await grant.save() } };
}

function page(response: ServerResponse, status: number, { uid, prompt }: Interaction): void {
  const field = prompt.name === "login" ? '<input name="login"><input type="password" name="password">' : "";
  response.writeHead(status, { "content-type": "text/html", "cache-control": "no-store" });
  response.end(
    `<h1>${prompt.name}</h1><form method="post" action="/interaction/${uid}">
<input type="hidden" name="prompt" value="${prompt.name}">${field}<button>Continue</button></form>`,
  );
}

/** Reads the whole body of a request as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString("utf8");
}
