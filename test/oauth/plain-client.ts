import { randomUUID } from "node:crypto";
import type { RegisteredClient } from "./identity-provider.ts";
import { s256 } from "./rig-answers.ts";

/** A sign-in that has begun, as a client without any library would do it. */
export interface Begun {
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export const CALLBACK = "https://app.example.com/auth/oauth/oidc/callback";

/** How a client names itself at the token endpoint. */
export type Credentials = "basic" | "raw basic" | "body";

type Changes = Readonly<Record<string, string | undefined>>;

/** Builds an authorization URL with PKCE, state and nonce. */
export function authorization(
  endpoint: string,
  { clientId }: RegisteredClient,
  changes: Changes = {},
): Begun {
  const [state, nonce, codeVerifier] = [randomUUID(), randomUUID(), randomUUID() + randomUUID()];
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: "openid email profile",
    state,
    nonce,
    code_challenge: s256(codeVerifier),
    code_challenge_method: "S256",
    ...changes,
  };
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, state, nonce, codeVerifier };
}

/** Brings a code to the token endpoint. */
export function redeem(
  endpoint: string,
  client: RegisteredClient,
  code: { readonly code: string | null; readonly codeVerifier: string },
  credentials: Credentials = "basic",
): Promise<Response> {
  const { clientId, clientSecret = "" } = client;
  const body = new URLSearchParams({ grant_type: "authorization_code", redirect_uri: CALLBACK });
  body.set("code", code.code ?? "");
  body.set("code_verifier", code.codeVerifier);
  if (credentials === "body") {
    body.set("client_id", clientId);
    if (clientSecret !== "") body.set("client_secret", clientSecret);
    return fetch(endpoint, { method: "POST", body });
  }
  const [name, secret] =
    credentials === "basic" ? [clientId, clientSecret].map(formEncoded) : [clientId, clientSecret];
  const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
  return fetch(endpoint, { method: "POST", body, headers: { authorization } });
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
