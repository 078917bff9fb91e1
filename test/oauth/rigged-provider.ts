import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Arrival } from "./drive.ts";
import {
  type Algorithm,
  atHash,
  forge,
  type Members,
  makeSigningKey,
  type Signer,
  type SigningKey,
} from "./forged-token.ts";
import { openLocalServer } from "./local-server.ts";
import { json } from "./replies.ts";
import { defaultAnswers, type Grant } from "./rig-answers.ts";
import { type Answer, type Endpoint, type Recorded, record } from "./rig-endpoints.ts";

export interface RiggedProviderOptions {
  /** The issuer it claims to be: "https://accounts.google.com", say. Its own origin and `path` when left out. */
  readonly issuer?: string;
  /** What follows its origin in the issuer; "/realms/x" gives the endpoints Keycloak's names. */
  readonly path?: string;
  /** What signs the ID tokens; "RS256" unless said otherwise. */
  readonly algorithm?: Algorithm;
  /** Milliseconds; the clock of the tokens. The machine's when left out. */
  readonly clock?: () => number;
}

/** Changes to the token that `mint` would make. */
export interface Minting {
  /** Laid over right claims; a member that is undefined is left out. */
  readonly claims?: Members;
  readonly header?: Members;
  /** The rig's own key unless said otherwise. */
  readonly key?: Signer;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** An OpenID provider of which a test may replace every part. */
export interface RiggedProvider {
  readonly origin: string;
  readonly issuer: string;
  readonly keys: Readonly<Record<Algorithm, SigningKey>>;
  /** What signs unless `mint` is told otherwise. */
  readonly key: SigningKey;
  /** Each endpoint's answer; a test replaces the one it is about. */
  readonly answers: Record<Endpoint, Answer>;
  /** The answers it began with, to put one back or to wrap it. */
  readonly defaults: Readonly<Record<Endpoint, Answer>>;
  /** The members of its JWKS. */
  jwks: readonly unknown[];
  /** Who signs in: the claims of the ID token and of userinfo. */
  person: Members;
  /** Makes the ID token of the token endpoint out of the right claims. */
  idToken: (claims: Members) => string;
  /** Every request so far, with those that found nothing. */
  readonly requests: readonly Recorded[];
  requestsTo(endpoint: Endpoint): readonly Recorded[];
  /** Makes an ID token for the client "client", without a nonce, that is right but for the changes. */
  mint(changes?: Minting): string;
  /** Agrees to an authorization request without HTTP. `changes` are laid over the parameters that it answers with. */
  authorize(authorizationUrl: string | URL, changes?: Parameters): Arrival;
  close(): Promise<void>;
}

const PERSON: Members = { sub: "rigged-1", email: "ann@example.com", email_verified: true, name: "Ann" };
const LIFETIME = 300;

/** Starts a provider that does everything right until a test says otherwise. */
export async function startRiggedProvider(options: RiggedProviderOptions = {}): Promise<RiggedProvider> {
  const server = await openLocalServer();
  const issuer = options.issuer ?? `${server.origin}${options.path ?? ""}`;
  const rig = makeRig({ ...options, issuer, origin: server.origin, close: server.close });
  server.listen((request, response) => {
    answerTo(rig, request, response).catch((error: unknown) => {
      if (!response.headersSent) json({ error: String(error) }, 500)(response);
    });
  });
  return rig;
}

type Place = Pick<RiggedProvider, "origin" | "issuer" | "close">;

function makeRig(options: RiggedProviderOptions & Place): RiggedProvider & { readonly requests: Recorded[] } {
  const { origin, issuer, close, algorithm = "RS256", clock = () => Date.now() } = options;
  const requests: Recorded[] = [];
  const grants = new Map<string, Grant>();
  const keys = makeKeys();
  const key = keys[algorithm];
  const claimsFor = (aud: string, others: Members): Members => {
    const iat = Math.floor(clock() / 1_000);
    return { iss: issuer, aud, iat, exp: iat + LIFETIME, ...rig.person, ...others };
  };
  const mint = ({ claims = {}, header = {}, key: signer = key }: Minting = {}): string =>
    forge({ claims: claimsFor("client", claims), header, key: signer });
  const authorize = (query: URLSearchParams, changes: Parameters = {}): Arrival => {
    const code = randomUUID();
    grants.set(code, grantOf(query));
    // GitHub and Discord, which do not speak OpenID, name no issuer.
    const isOpenId = query.get("scope")?.split(" ").includes("openid") === true;
    const iss = isOpenId ? issuer : undefined;
    return arrivalOf(query, { code, state: query.get("state") ?? undefined, iss, ...changes });
  };
  const defaults = defaultAnswers({
    issuer,
    grants,
    accessTokens: new Set(),
    authorize,
    jwks: () => rig.jwks,
    person: () => rig.person,
    idToken: ({ clientId, nonce }, accessToken) => {
      const others = { nonce: nonce ?? undefined, at_hash: atHash(accessToken, algorithm) };
      return rig.idToken(claimsFor(clientId, others));
    },
  });
  const rig: RiggedProvider & { readonly requests: Recorded[] } = {
    origin,
    issuer,
    keys,
    key,
    answers: { ...defaults },
    defaults,
    jwks: Object.values(keys).map(({ jwk }) => jwk),
    person: PERSON,
    idToken: (claims) => mint({ claims }),
    requests,
    requestsTo: (endpoint) => requests.filter((request) => request.endpoint === endpoint),
    mint,
    authorize: (url, changes) => authorize(new URL(url).searchParams, changes),
    close,
  };
  return rig;
}

function makeKeys(): RiggedProvider["keys"] {
  return {
    RS256: makeSigningKey("RS256", "rsa-1"),
    ES256: makeSigningKey("ES256", "ec-1"),
    EdDSA: makeSigningKey("EdDSA", "ed-1"),
  };
}

async function answerTo(
  rig: RiggedProvider & { readonly requests: Recorded[] },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const recorded = await record(request);
  rig.requests.push(recorded);
  if (recorded.endpoint === null) return json({ error: "not_found" }, 404)(response);
  const reply = await rig.answers[recorded.endpoint](recorded);
  reply(response);
}

function grantOf(query: URLSearchParams): Grant {
  return {
    clientId: query.get("client_id") ?? "",
    redirectUri: query.get("redirect_uri"),
    nonce: query.get("nonce"),
    challenge: query.get("code_challenge"),
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
