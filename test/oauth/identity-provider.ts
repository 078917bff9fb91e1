import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientMetadata, type Configuration, type JWKS, Provider } from "oidc-provider";
import { makeSigningKey } from "./forged-token.ts";
import { openLocalServer } from "./local-server.ts";
import { providerMemory } from "./provider-memory.ts";
import { showPage } from "./provider-pages.ts";

/** Somebody who has an account at the provider. */
export interface Account {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

/** A client that the provider knows, as the other side has to configure it. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret?: string;
}

/** Named for how the client authenticates; `formPost` authenticates by Basic and takes its answer by POST. */
export type ClientKind = "basic" | "post" | "public" | "formPost";

export interface IdentityProviderOptions {
  /** The callbacks that every client may name. */
  readonly redirectUris: readonly string[];
  /** By the login to type. */
  readonly accounts: Readonly<Record<string, Account>>;
  /** "RS256" unless said otherwise. */
  readonly idTokenAlgorithm?: "RS256" | "ES256" | "EdDSA";
  /** Puts e-mail and name into the ID token too. Without it they come from userinfo only, as OIDC Core 5.4 has it. */
  readonly claimsInIdToken?: boolean;
}

/** A running oidc-provider. Its clock is the machine's. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly clients: Readonly<Record<ClientKind, RegisteredClient>>;
  /** By login; a test changes an e-mail here. */
  readonly accounts: Map<string, Account>;
  /** Every request so far, as "GET /jwks". */
  readonly requests: readonly string[];
  /** Signs with new keys from now on, and forgets the old ones. Sessions, codes and tokens stay. */
  rotateKeys(): void;
  close(): Promise<void>;
}

// Both parts of Basic need their form encoding here: RFC 6749 2.3.1. More than ASCII the provider does not register.
const CLIENTS: Readonly<Record<ClientKind, RegisteredClient>> = {
  basic: { clientId: "basic client:1", clientSecret: "50% of+a:secret %2F/?&=\"~'-of-the-basic-client" },
  post: { clientId: "post-client", clientSecret: "100%+ of a:secret & more=so of the post client" },
  public: { clientId: "public-client" },
  formPost: { clientId: "form-post-client", clientSecret: "the-plain-secret-of-the-form-post-client" },
};

const METHODS: Readonly<Record<ClientKind, "client_secret_basic" | "client_secret_post" | "none">> = {
  basic: "client_secret_basic",
  post: "client_secret_post",
  public: "none",
  formPost: "client_secret_basic",
};

/** Starts the certified oidc-provider on a free port: PKCE required, nonce and the `iss` of RFC 9207 supported. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const accounts = new Map(Object.entries(options.accounts));
  const requests: string[] = [];
  const adapter = providerMemory();
  const server = await openLocalServer();
  const make = (generation: number): Provider => {
    const configuration = { ...configure(options, accounts), adapter, jwks: makeKeys(generation) };
    const provider = new Provider(server.origin, configuration);
    provider.silent = true;
    return provider;
  };
  let generation = 1;
  let current = make(generation);
  server.listen((request, response) => {
    requests.push(`${request.method} ${request.url?.split("?")[0]}`);
    answer(current, accounts, request, response);
  });
  return {
    issuer: server.origin,
    clients: CLIENTS,
    accounts,
    requests,
    rotateKeys: () => {
      generation++;
      current = make(generation);
    },
    close: server.close,
  };
}

function answer(
  provider: Provider,
  accounts: ReadonlyMap<string, Account>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.url?.startsWith("/interaction/") !== true) {
    void provider.callback()(request, response);
    return;
  }
  showPage(provider, accounts, request, response).catch((error: unknown) => {
    response.writeHead(500, { "content-type": "text/plain" });
    response.end(String(error));
  });
}

function configure(options: IdentityProviderOptions, accounts: ReadonlyMap<string, Account>): Configuration {
  const hour = 3_600;
  return {
    clients: Object.keys(CLIENTS).map((kind) => register(kind as ClientKind, options)),
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: options.claimsInIdToken !== true,
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) => {
      const account = [...accounts.values()].find((candidate) => candidate.sub === sub);
      return account && { accountId: sub, claims: () => ({ ...account }) };
    },
    renderError: (ctx, out) => {
      ctx.type = "text/plain";
      ctx.body = `${out.error}: ${out.error_description ?? ""}`;
    },
    // The library says on the console which of its defaults it took.
    ttl: {
      AccessToken: hour,
      Grant: hour,
      IdToken: hour,
      Interaction: hour,
      RefreshToken: hour,
      Session: hour,
    },
  };
}

function register(kind: ClientKind, options: IdentityProviderOptions): ClientMetadata {
  const { clientId, clientSecret } = CLIENTS[kind];
  return {
    client_id: clientId,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    token_endpoint_auth_method: METHODS[kind],
    redirect_uris: [...options.redirectUris],
    grant_types: ["authorization_code", "refresh_token"],
    ...(kind === "formPost" ? { response_modes: ["form_post"] } : {}),
    id_token_signed_response_alg: options.idTokenAlgorithm ?? "RS256",
  };
}

function makeKeys(generation: number): JWKS {
  const algorithms = ["RS256", "ES256", "EdDSA"] as const;
  const keys = algorithms.map((alg) => {
    const { kid, privateKey } = makeSigningKey(alg, `${alg}-${generation}`);
    return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  });
  return { keys } as JWKS;
}
