import { keycloak, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { json } from "../fixtures/providers/replies.ts";
import {
  basicCredentials,
  discoveryDocument,
  type Recorded,
} from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { attempt, expectSignedIn, restore } from "../fixtures/rigged-sign-in.ts";

/** What breaks a client that forgets a form encoding (RFC 6749 2.3.1 and appendix B), or encodes twice. */
const STRANGE: readonly string[] = [
  "plain-secret_1.2~3",
  "50%",
  "%41",
  "a:b",
  ":",
  "a+b",
  "a b",
  "ä",
  "中文",
  "😀",
  "a&client_id=evil",
  "a=b",
  "!*'()",
  '"\\',
  "/?#[]@$,;",
  "%%3A+:& =",
  "x".repeat(500),
];

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

async function tokenRequest(clientId: string, clientSecret: string | null): Promise<Recorded> {
  const secret = clientSecret === null ? {} : { clientSecret };
  const made = await attempt(rig, { provider: oidc({ issuer: rig.issuer, clientId, ...secret }) });
  await expectSignedIn(made, { email: "ann@example.com" });
  const request = rig.requestsTo("token").at(-1);
  if (request === undefined) throw new Error("nothing came");
  return request;
}

function namesIn({ form }: Recorded): readonly string[] {
  return [...form.keys()].sort();
}

const FIELDS = ["code", "code_verifier", "grant_type", "redirect_uri"];

describe("OAU-15 a client secret with unusual characters", () => {
  it.each(STRANGE)("is sent to the token endpoint by Basic, in form encoding: %j", async (secret) => {
    for (const [clientId, clientSecret] of [
      ["client", secret],
      [secret, "secret"],
    ] as const) {
      const request = await tokenRequest(clientId, clientSecret);
      const credentials = basicCredentials(request);
      expect(credentials).toMatchObject({ clientId, clientSecret });
      // Both halves are ASCII without a colon of their own, or a server could not tell them apart.
      expect(credentials?.raw).toMatch(/^[\x21-\x39\x3b-\x7e]+:[\x21-\x39\x3b-\x7e]+$/);
      expect(namesIn(request)).toEqual(FIELDS);
      expect(request.body).not.toContain("client_secret");
    }
  });

  it.each(STRANGE)("is sent to the token endpoint in the body, once: %j", async (clientSecret) => {
    const methods = { token_endpoint_auth_methods_supported: ["client_secret_post"] };
    rig.answers.discovery = () => json({ ...discoveryDocument(rig.issuer), ...methods });
    const request = await tokenRequest(clientSecret, clientSecret);
    expect(request.headers.authorization).toBeUndefined();
    expect(namesIn(request)).toEqual(["client_id", "client_secret", ...FIELDS].sort());
    expect(request.form.getAll("client_secret")).toEqual([clientSecret]);
    expect(request.form.getAll("client_id")).toEqual([clientSecret]);
  });

  it.each(STRANGE)("is not sent by a public client, whose id is sent unchanged: %j", async (clientId) => {
    const request = await tokenRequest(clientId, null);
    expect(request.headers.authorization).toBeUndefined();
    expect(namesIn(request)).toEqual(["client_id", ...FIELDS].sort());
    expect(request.form.get("client_id")).toBe(clientId);
  });

  it("appears in no URL, and neither does the verifier", async () => {
    const request = await tokenRequest("client", "a secret:50%");
    const verifier = request.form.get("code_verifier") ?? "";
    expect(verifier).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const { path, query } of rig.requests) {
      const url = `${path}?${query}`;
      for (const secret of ["a secret:50%", encodeURIComponent("a secret:50%"), verifier]) {
        expect(url).not.toContain(secret);
      }
    }
  });
});

it("OAU-15 the token endpoint gets a form and a user agent", async () => {
  const { method, headers, form } = await tokenRequest("client", "secret");
  expect(method).toBe("POST");
  expect(headers).toMatchObject({
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
    "user-agent": "latchkey",
  });
  expect(form.get("grant_type")).toBe("authorization_code");
  expect(form.get("redirect_uri")).toBe("http://localhost:3000/auth/oauth/oidc/callback");
});

it("OAU-15 Keycloak gets a confidential and a public client, and is not asked for its discovery document", async () => {
  const realm = await startRiggedProvider({ path: "/realms/staff" });
  const base = "/realms/staff/protocol/openid-connect";
  for (const secret of [{ clientSecret: "50%:+ ä" }, {}]) {
    const provider = keycloak({ issuer: realm.issuer, clientId: "client", ...secret });
    const made = await attempt(realm, { provider });
    await expectSignedIn(made, { email: "ann@example.com" });
    expect(made.net.calls.map(({ url }) => new URL(url).pathname)).toEqual([
      `${base}/token`,
      `${base}/certs`,
      `${base}/userinfo`,
    ]);
    const request = realm.requestsTo("token").at(-1);
    expect(request && basicCredentials(request)?.clientSecret).toBe(secret.clientSecret);
    expect(request?.form.get("client_id")).toBe(secret.clientSecret === undefined ? "client" : null);
  }
  await realm.close();
});
