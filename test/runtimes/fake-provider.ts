import type { Clock } from "../rows/clock.ts";

/** GitHub and an OpenID provider, as far as one sign-in needs them, reached through `env.fetch` alone. */
export interface FakeProvider {
  readonly fetch: typeof fetch;
  /** What the provider does with the browser: where it sends it back to. */
  authorize(url: string): string;
  /** What was asked for, in its order. */
  readonly asked: readonly string[];
}

export const ISSUER = "https://id.example.net";
export const CLIENT = { clientId: "latchkey", clientSecret: "secret-of-the-client" };
export const PERSON = { email: "ann@example.com", name: "Ann" };

interface Grant {
  readonly challenge: string;
  readonly nonce: string | null;
}

const RSA = { modulusLength: 2_048, publicExponent: Uint8Array.of(1, 0, 1) };
const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { ...RSA, name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
} as const;

export async function openFakeProvider(
  clock: Clock,
  alg: "ES256" | "RS256" = "ES256",
): Promise<FakeProvider> {
  const keys = await crypto.subtle.generateKey(ALGORITHMS[alg], true, ["sign", "verify"]);
  const publicKey = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const grants = new Map<string, Grant>();
  const asked: string[] = [];

  const idToken = async (nonce: string | null): Promise<string> => {
    const iat = Math.floor(clock.now() / 1_000);
    const claims = { iss: ISSUER, aud: CLIENT.clientId, sub: "ann-1", iat, exp: iat + 60, nonce };
    const parts = [
      { alg, kid: "one" },
      { ...claims, ...PERSON, email_verified: true },
    ];
    const signed = parts.map((part) => base64url(new TextEncoder().encode(JSON.stringify(part)))).join(".");
    const signature = await crypto.subtle.sign(
      ALGORITHMS[alg],
      keys.privateKey,
      new TextEncoder().encode(signed),
    );
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  };
  const exchange = async (request: Request): Promise<Response> => {
    const form = new URLSearchParams(await request.text());
    const grant = grants.get(form.get("code") ?? "");
    grants.delete(form.get("code") ?? "");
    const verifier = new TextEncoder().encode(form.get("code_verifier") ?? "");
    const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", verifier)));
    const basic = `Basic ${btoa(`${CLIENT.clientId}:${CLIENT.clientSecret}`)}`;
    const isOurs = request.headers.get("authorization") === basic || form.has("client_secret");
    if (grant?.challenge !== challenge || !isOurs)
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    const tokens = { access_token: "at", token_type: "bearer", expires_in: 3_600, scope: "openid" };
    return Response.json({
      ...tokens,
      ...(grant.nonce === null ? {} : { id_token: await idToken(grant.nonce) }),
    });
  };
  const answers: Readonly<Record<string, (request: Request) => Response | Promise<Response>>> = {
    "https://github.com/login/oauth/access_token": exchange,
    "https://api.github.com/user": () => Response.json({ id: 1_001, login: "ann", name: PERSON.name }),
    "https://api.github.com/user/emails": () =>
      Response.json([{ email: PERSON.email, primary: true, verified: true }]),
    [`${ISSUER}/.well-known/openid-configuration`]: () =>
      Response.json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        jwks_uri: `${ISSUER}/jwks`,
      }),
    [`${ISSUER}/token`]: exchange,
    [`${ISSUER}/jwks`]: () => Response.json({ keys: [{ ...publicKey, kid: "one", alg, use: "sig" }] }),
  };

  return {
    asked,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      asked.push(request.url);
      return (await answers[request.url]?.(request)) ?? new Response("not here", { status: 404 });
    },
    authorize: (text) => {
      const { searchParams } = new URL(text);
      const code = crypto.randomUUID();
      grants.set(code, {
        challenge: searchParams.get("code_challenge") ?? "",
        nonce: searchParams.get("nonce"),
      });
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("code", code);
      back.searchParams.set("state", searchParams.get("state") ?? "");
      return back.href;
    },
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
