import { gitlab, keycloak, oidc } from "@latchkey/core/oauth";
import { createValidator } from "@latchkey/core/validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { type IdentityProvider, startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { type LocalFetch, localFetch } from "../fixtures/providers/local-fetch.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { openVisitor } from "../fixtures/providers/visitor.ts";
import { CLIENT, expectSignedIn, type OAuthProvider, openRiggedServer } from "../fixtures/rigged-sign-in.ts";
import { openSecureServer } from "../fixtures/server.ts";

const PUBLIC = "https://id.example.com/realms/staff";

let certified: IdentityProvider;
let rig: RiggedProvider;

beforeAll(async () => {
  certified = await startIdentityProvider({
    redirectUris: [`${HOME}/auth/oauth/oidc/callback`],
    accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" } },
  });
  rig = await startRiggedProvider({ issuer: PUBLIC });
});
afterAll(() => Promise.all([certified.close(), rig.close()]));

function originsOf({ calls }: LocalFetch): readonly string[] {
  return [...new Set(calls.map(({ url }) => new URL(url).origin))];
}

it("a certified provider that browsers and our server reach under different names signs in", async () => {
  // oidc-provider names its endpoints by the host of the request, as Keycloak does with `hostname-backchannel-dynamic`.
  const inside = certified.issuer.replace("localhost", "127.0.0.1");
  const provider = oidc({ issuer: certified.issuer, ...certified.clients.basic, internalURL: inside });
  const opened = openRiggedServer({ origin: certified.issuer }, [provider]);
  const start = await begin(opened.browser, "oidc");
  expect(new URL(start).origin).toBe(certified.issuer);
  const response = await comeBack(opened.browser, await openVisitor().signIn(start, "ann"));
  await expectSignedIn({ ...opened, response }, { email: "ann@example.com", name: "Ann" });
  expect(originsOf(opened.net)).toEqual([inside]);
});

describe("a provider in a private network", () => {
  const options = { ...CLIENT, issuer: PUBLIC };
  const CASES: readonly (readonly [string, OAuthProvider, string])[] = [
    ["an origin", keycloak({ ...options, internalURL: "http://keycloak:8080" }), "http://keycloak:8080"],
    [
      "a realm",
      keycloak({ ...options, internalURL: "http://kc.default.svc/realms/staff/" }),
      "http://kc.default.svc",
    ],
    ["metadata", oidc({ ...options, internalURL: "http://10.1.2.3:8080" }), "http://10.1.2.3:8080"],
    ["a GitLab", gitlab({ ...options, internalURL: "http://gitlab.internal" }), "http://gitlab.internal"],
  ];

  it.each(CASES)("is asked by its internal name alone: %s", async (_, provider, inside) => {
    const net = localFetch({ [inside]: rig.origin });
    const opened = openRiggedServer(rig, [provider], { env: { fetch: net.fetch } });
    const start = await begin(opened.browser, provider.id);
    expect(new URL(start).origin).toBe("https://id.example.com");
    const response = await comeBack(opened.browser, rig.authorize(start));
    await expectSignedIn({ ...opened, response }, { email: "ann@example.com" });
    expect(originsOf(net)).toEqual([inside]);
    expect(net.calls.length).toBeGreaterThan(2);
  });
});

it("a service in Docker reads keys and ended sessions of `http://auth:3000`, with allowInsecure alone", async () => {
  const server = openSecureServer({ revocation: { pollEvery: 10 } });
  const url = "http://auth:3000";
  const asked: string[] = [];
  const { issuer } = { issuer: server.browser().request("/").url.replace(/\/$/, "") };
  const fetch = async (input: RequestInfo | URL): Promise<Response> => {
    asked.push(String(input));
    return server.auth.handle(new Request(String(input).replace(url, issuer)));
  };
  const options = { jwksUrl: `${url}/auth/jwks`, endedUrl: `${url}/auth/ended`, issuer };
  expect(() => createValidator(options)).toThrow(TypeError);
  const { id } = await server.auth.users.create({ email: "ann@example.com" });
  const { accessToken } = await server.auth.sessions.create(id, { transport: "bearer" });
  const validator = createValidator({
    ...options,
    allowInsecure: true,
    env: { clock: server.clock.now, fetch },
  });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect(await validator.validate(new Request(`${issuer}/`, { headers }))).toMatchObject({
    ok: true,
    userId: id,
  });
  expect(new Set(asked.map((one) => new URL(one).pathname))).toEqual(new Set(["/auth/jwks", "/auth/ended"]));
});
