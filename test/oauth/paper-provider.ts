import { randomUUID } from "node:crypto";
import { AuthError } from "@latchkey/core";
import type { OAuthAnswer, OAuthFlow, OAuthProvider, ProviderAccount } from "@latchkey/core/oauth";
import type { Arrival } from "./drive.ts";
import { s256 } from "./rig-answers.ts";

/** Somebody with an account at the provider. */
export interface Person {
  readonly subject: string;
  readonly email?: string | null;
  readonly emailVerified?: boolean;
  readonly name?: string | null;
  /** The domain of an organisation, as Google tells it. */
  readonly hd?: string;
}

export type Parameters = Readonly<Record<string, string | undefined>>;

/** A provider that exists on paper only: it keeps to the protocol, in this process and without HTTP. */
export interface PaperProvider {
  readonly provider: OAuthProvider;
  readonly id: string;
  /** What would have been the token calls. */
  readonly calls: readonly { readonly flow: OAuthFlow; readonly answer: OAuthAnswer }[];
  /** Every token it issued. */
  readonly issued: readonly string[];
  /** What happens before a token call is answered. */
  meanwhile: () => Promise<unknown>;
  /** Agrees to an authorization request. `changes` are laid over what it answers with; undefined leaves one out. */
  agree(authorizationUrl: string, person: Person, changes?: Parameters): Arrival;
}

export interface PaperOptions {
  readonly id?: string;
  readonly responseMode?: OAuthProvider["responseMode"];
  readonly storeTokens?: boolean;
  readonly trustEmail?: OAuthProvider["trustEmail"];
}

export const ANN_THERE: Person = {
  subject: "ann-there",
  email: "ann@example.com",
  emailVerified: true,
  name: "Ann",
};

interface Grant {
  readonly person: Person;
  readonly challenge: string | null;
  readonly redirectUri: string | null;
}

export function paperProvider(options: PaperOptions = {}): PaperProvider {
  const { id = "paper", responseMode = "query", storeTokens = false, trustEmail } = options;
  const grants = new Map<string, Grant>();
  const calls: { flow: OAuthFlow; answer: OAuthAnswer }[] = [];
  const issued: string[] = [];
  const paper: PaperProvider = {
    id,
    calls,
    issued,
    meanwhile: async () => undefined,
    provider: {
      type: "oauth",
      id,
      responseMode,
      storeTokens,
      ...(trustEmail === undefined ? {} : { trustEmail }),
      connect: () => ({
        authorizationUrl: async (flow) => requestOf(flow, responseMode),
        identify: async (flow, answer) => {
          calls.push({ flow, answer });
          await paper.meanwhile();
          const grant = grants.get(answer.code);
          grants.delete(answer.code);
          const isKept =
            grant?.challenge === s256(flow.codeVerifier) && grant.redirectUri === flow.redirectUri;
          if (grant === undefined || !isKept) throw new AuthError("oauth_failed");
          return accountOf(id, grant.person, issued);
        },
      }),
    },
    agree: (authorizationUrl, person, changes = {}) => {
      const query = new URL(authorizationUrl).searchParams;
      const code = `code-${randomUUID()}`;
      grants.set(code, {
        person,
        challenge: query.get("code_challenge"),
        redirectUri: query.get("redirect_uri"),
      });
      return arrivalOf(query, { code, state: query.get("state") ?? undefined, ...changes });
    },
  };
  return paper;
}

function requestOf(flow: OAuthFlow, responseMode: OAuthProvider["responseMode"]): URL {
  const url = new URL("https://id.example.org/authorize");
  url.search = new URLSearchParams({
    state: flow.state,
    nonce: flow.nonce,
    redirect_uri: flow.redirectUri,
    code_challenge: s256(flow.codeVerifier),
    code_challenge_method: "S256",
    response_mode: responseMode,
  }).toString();
  return url;
}

function accountOf(provider: string, person: Person, issued: string[]): ProviderAccount {
  const { subject, email = null, emailVerified = false, name = null } = person;
  const [accessToken, refreshToken, idToken] = ["access", "refresh", "id"].map(
    (kind) => `provider-${kind}-${randomUUID()}`,
  );
  const tokens = { accessToken: accessToken ?? "", refreshToken: refreshToken ?? "", idToken: idToken ?? "" };
  issued.push(...Object.values(tokens));
  return {
    provider,
    subject,
    email,
    emailVerified,
    name,
    claims: { ...person },
    tokens: { ...tokens, expiresIn: 300, scope: "openid" },
  };
}

function arrivalOf(query: URLSearchParams, parameters: Parameters): Arrival {
  const url = new URL(query.get("redirect_uri") ?? "");
  const isPost = query.get("response_mode") === "form_post";
  const into = isPost ? new URLSearchParams() : url.searchParams;
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) into.append(name, value);
  }
  return isPost ? { method: "POST", url: url.href, body: into } : { method: "GET", url: url.href };
}
