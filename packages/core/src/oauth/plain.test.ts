import { describe, expect, it } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { readTokens, requestTokens, type TokenRequest } from "./request.ts";

const ISSUER = "https://id.example.org";
const flow = {
  state: "s".repeat(43),
  nonce: "n".repeat(43),
  codeVerifier: "v".repeat(43),
  redirectUri: "https://app.example.com/auth/oauth/test/callback",
};

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
}

/** Sends one token request, and returns the requests that were sent. */
async function send(changes: Partial<TokenRequest>, headers: Record<string, string> = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  const fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const form = new URLSearchParams(String(init.body ?? ""));
    sent.push({ url: String(input), headers: new Headers(init.headers), form });
    return Response.json({ access_token: "access" }, { headers });
  };
  await requestTokens({
    channel: { env: { ...platformEnv, fetch }, timeout: 5 },
    provider: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` },
    client: { clientId: "client", clientSecret: "secret" },
    flow,
    answer: { code: "code", iss: null },
    ...changes,
  });
  return sent;
}

const REFUSED = "the callback names another issuer, or none where the provider announces one";

describe("a token request", () => {
  it("sends ids and secrets of unreserved characters by Basic without encoding (RFC 3986 2.3)", async () => {
    const client = { clientId: "1-a_b.apps~x", clientSecret: "GOCSPX-a_b.c~d" };
    const [request] = await send({ client });
    expect(request?.headers.get("authorization")).toBe(`Basic ${btoa("1-a_b.apps~x:GOCSPX-a_b.c~d")}`);
  });

  it("has the accept header, the form type and our user agent", async () => {
    const [request] = await send({});
    expect(request?.url).toBe(`${ISSUER}/token`);
    expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      "user-agent": "latchkey",
    });
  });

  it("reads the scopes of a list, as Twitch answers them, and none of another value", () => {
    const scopeOf = (scope: unknown): unknown => readTokens({ access_token: "access", scope }).scope;
    expect(scopeOf("openid email")).toBe("openid email");
    expect(scopeOf(["openid", "user:read:email"])).toBe("openid user:read:email");
    for (const scope of [undefined, null, 7, ["openid", 7], {}]) expect(scopeOf(scope)).toBeNull();
  });

  it("ignores the headers of the answer", async () => {
    await expect(send({}, { "www-authenticate": "Bearer error" })).resolves.toHaveLength(1);
  });

  it.each(["", `${ISSUER}/`, "https://ID.example.org", "https://evil.example"])(
    "OAU-06 is not sent for a callback of the issuer %j",
    async (iss) => {
      await expect(send({ answer: { code: "code", iss } })).rejects.toThrow(REFUSED);
    },
  );

  it("OAU-06 is not sent for a callback without the issuer that the provider announces", async () => {
    const provider = {
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/token`,
      authorization_response_iss_parameter_supported: true,
    };
    await expect(send({ provider })).rejects.toThrow(REFUSED);
    await expect(send({ provider, answer: { code: "code", iss: ISSUER } })).resolves.toHaveLength(1);
  });

  it("is sent over http only to an issuer on this machine", async () => {
    const local = { issuer: "http://localhost:4000", token_endpoint: "http://localhost:4000/token" };
    await expect(send({ provider: local })).resolves.toHaveLength(1);
    const provider = { issuer: ISSUER, token_endpoint: "http://id.example.org/token" };
    await expect(send({ provider })).rejects.toThrow();
  });
});
