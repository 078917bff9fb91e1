import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { RequestListener, Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Configuration, type JWK, Provider } from "oidc-provider";
import { identityMemory } from "./identity-memory.ts";
import { identityPages, isPage } from "./identity-pages.ts";
import { openPeople, type People } from "./identity-people.ts";
import { faultPage, policyOf } from "./identity-views.ts";
import { close, listen } from "./local-server.ts";
import { SECURITY_HEADERS } from "./page.ts";

/** The settings of the demo for its provider. */
export interface OpenId {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A fake OpenID provider that lets the user be any person. */
export interface IdentityProvider extends OpenId {
  readonly close: () => Promise<void>;
}

export interface IdentityProviderOptions {
  /** The demo's port. The provider takes the next free one. */
  readonly port: number;
  /** The path of the demo's callback. */
  readonly callback: string;
  /** Further origins that the demo redirects to. */
  readonly trustedOrigins?: readonly string[];
}

// Another host than localhost, so that the demo and the provider do not get each other's cookies.
const HOST = "127.0.0.1";
const TRIES = 10;
const MINUTE = 60;

/** Starts the certified oidc-provider, for this machine only and with everything in memory. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  let answer: RequestListener = (_, response) => response.writeHead(503).end();
  const server = await listenNear(options.port, (request, response) => answer(request, response));
  const issuer = new URL(`http://${HOST}:${portOf(server)}`).origin;
  const home = new URL(`http://localhost:${options.port}`).origin;
  const client = { clientId: randomText(), clientSecret: randomText() };
  const people = openPeople();
  const configuration = configure({ ...options, ...client, people, home });
  const provider = new Provider(issuer, configuration);
  provider.silent = true;

  const protocol = provider.callback();
  const pages = getRequestListener(
    identityPages({ provider, people, home, trustedOrigins: options.trustedOrigins ?? [] }).fetch,
  );
  answer = (request, response) => {
    // A request with another host name belongs to another site.
    if (`http://${request.headers.host}` !== issuer) response.writeHead(421).end(`This is ${issuer}.`);
    else if (isPage(request.url ?? "")) void pages(request, response);
    else void protocol(request, response);
  };
  return { issuer, ...client, close: () => close(server) };
}

async function listenNear(port: number, listener: RequestListener): Promise<Server> {
  for (let next = port + 1; next <= Math.min(port + TRIES, 65_535); next++) {
    const server = await listen(listener, next, HOST).catch(() => null);
    if (server !== null) return server;
  }
  return listen(listener, 0, HOST);
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("The provider has no port.");
}

function randomText(): string {
  return randomBytes(24).toString("base64url");
}

interface Setup extends IdentityProviderOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly people: People;
  readonly home: string;
}

function configure({ port, callback, clientId, clientSecret, people, home }: Setup): Configuration {
  const redirectUris = ["localhost", HOST, "[::1]"].map(
    (host) => new URL(callback, `http://${host}:${port}`).href,
  );
  return {
    adapter: identityMemory(),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: redirectUris,
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [makeKey()] },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    responseTypes: ["code"],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    cookies: { keys: [randomText()] },
    clientBasedCORS: () => false,
    expiresWithSession: () => false,
    findAccount: (_, accountId) => {
      const person = people.find(accountId);
      if (person === null) return undefined;
      const { email, name } = person;
      const claims = { sub: accountId, email, email_verified: true, ...(name === null ? {} : { name }) };
      return { accountId, claims: () => claims };
    },
    renderError: async (ctx, { error, error_description: detail }) => {
      ctx.type = "text/html";
      ctx.set({ ...SECURITY_HEADERS, "content-security-policy": policyOf() });
      ctx.body = String(await faultPage({ home, detail: detail ?? error }));
    },
    // The provider logs a warning for each lifetime that is missing here.
    ttl: {
      AccessToken: 10 * MINUTE,
      AuthorizationCode: MINUTE,
      Grant: 60 * MINUTE,
      IdToken: 10 * MINUTE,
      Interaction: 60 * MINUTE,
      Session: 60 * MINUTE,
    },
  };
}

function makeKey(): JWK {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y, d } = privateKey.export({ format: "jwk" });
  return { kty: kty ?? "EC", crv, x, y, d, alg: "ES256", use: "sig" } as JWK;
}
