import { microsoft, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import type { Members } from "../fixtures/providers/forged-token.ts";
import { localFetch } from "../fixtures/providers/local-fetch.ts";
import { json } from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  issue,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";
import { ANN } from "../fixtures/server.ts";

const HOST = "https://login.microsoftonline.com";
const STAFF = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/** Of all private accounts. */
const PRIVATE = "9188040d-6c67-4c5b-b112-36a304b66dad";
const OF_ANOTHER = "the ID token is of another issuer";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

function issuerOf(tenant: string): string {
  return `${HOST}/${tenant}/v2.0`;
}

function signIn(tenant?: string): ReturnType<typeof attempt> {
  const provider = microsoft({ ...CLIENT, ...(tenant === undefined ? {} : { tenant }) });
  return attempt(rig, { provider, changes: { iss: undefined } });
}

describe("Microsoft for every tenant", () => {
  it.each<[string | undefined, readonly string[]]>([
    [undefined, [STAFF, PRIVATE]],
    ["common", [STAFF, PRIVATE]],
    ["organizations", [STAFF]],
    ["consumers", [PRIVATE]],
  ])("signs in users of the allowed tenants, as %s", async (tenant, meant) => {
    for (const tid of meant) {
      issue(rig, { claims: { iss: issuerOf(tid), tid } });
      const made = await signIn(tenant);
      await expectSignedIn(made, { name: "Ann" });
      expect(made.net.calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
        `POST ${HOST}/${tenant ?? "common"}/oauth2/v2.0/token`,
        `GET ${HOST}/${tenant ?? "common"}/discovery/v2.0/keys`,
      ]);
      expect(rig.requestsTo("token").at(-1)?.form.get("client_secret")).toBe(CLIENT.clientSecret);
    }
  });

  it.each<[string, Members]>([
    ["another tenant's id beside the issuer", { iss: issuerOf(STAFF), tid: PRIVATE }],
    ["no tenant's id", { iss: issuerOf(STAFF), tid: undefined }],
    ["an empty id", { iss: issuerOf(""), tid: "" }],
    ["a path for an id", { iss: issuerOf("../evil"), tid: "../evil" }],
    ["a URL for an id", { iss: "https://evil.example/v2.0", tid: "https://evil.example" }],
    ["the issuer of no tenant", { iss: issuerOf("common"), tid: "common" }],
    ["the template of the metadata", { iss: issuerOf("{tenantid}"), tid: "{tenantid}" }],
    ["an id in capitals", { iss: issuerOf(STAFF.toUpperCase()), tid: STAFF.toUpperCase() }],
    ["an id with a line end", { iss: issuerOf(`${STAFF}\n`), tid: `${STAFF}\n` }],
    ["an id in a list", { iss: issuerOf(STAFF), tid: [STAFF] }],
    ["another host", { iss: `https://evil.example/${STAFF}/v2.0`, tid: STAFF }],
    ["another host that begins like it", { iss: `${HOST}.evil.example/${STAFF}/v2.0`, tid: STAFF }],
    ["the issuer of version 1", { iss: `https://sts.windows.net/${STAFF}/`, tid: STAFF }],
    ["a trailing slash", { iss: `${issuerOf(STAFF)}/`, tid: STAFF }],
  ])("refuses %s (OAU-11)", async (_, claims) => {
    issue(rig, { claims });
    await expectNothing(await signIn(), OF_ANOTHER);
  });
});

it("Microsoft for organizations only, or for private accounts only, refuses the other kind (OAU-11)", async () => {
  for (const [tenant, tid] of [
    ["organizations", PRIVATE],
    ["consumers", STAFF],
  ] as const) {
    issue(rig, { claims: { iss: issuerOf(tid), tid } });
    await expectNothing(await signIn(tenant), OF_ANOTHER);
  }
});

describe("Microsoft for one tenant", () => {
  it("signs in its members, and refuses members of other tenants", async () => {
    issue(rig, { claims: { iss: issuerOf(STAFF), tid: STAFF } });
    await expectSignedIn(await signIn(STAFF), { name: "Ann" });
    for (const claims of [
      { iss: issuerOf(PRIVATE), tid: PRIVATE },
      { iss: issuerOf(PRIVATE), tid: STAFF },
      { iss: issuerOf("common"), tid: STAFF },
    ]) {
      issue(rig, { claims });
      await expectNothing(await signIn(STAFF), OF_ANOTHER);
    }
  });
});

describe("an address from Microsoft (OAU-16)", () => {
  it.each<[string, Members, boolean]>([
    ["not by email_verified", { email_verified: true }, false],
    ["not without a word", {}, false],
    ["by xms_edov", { xms_edov: true }, true],
    ["by xms_edov as a number", { xms_edov: 1 }, true],
    ["by xms_edov as texts", { xms_edov: "1" }, true],
    ["by xms_edov as a word", { xms_edov: "true" }, true],
    ["not by xms_edov that is false", { xms_edov: false, email_verified: true }, false],
    ["not by xms_edov that is 0", { xms_edov: "0" }, false],
    ["not by xms_edov in a list", { xms_edov: [true] }, false],
  ])("is verified %s", async (_, claims, isVerified) => {
    rig.person = { sub: "rigged-1", email: "ann@example.com" };
    issue(rig, { claims: { iss: issuerOf(STAFF), tid: STAFF, ...claims } });
    const { server } = await signIn();
    const user = await server.store.users.findByAccount({ provider: "microsoft", subject: "rigged-1" });
    const email = isVerified ? "ann@example.com" : null;
    expect(user).toMatchObject({ email, emailVerified: isVerified });
  });

  it("does not sign in the user that has the address here", async () => {
    issue(rig, { claims: { iss: issuerOf(STAFF), tid: STAFF, email_verified: true } });
    const opened = openRiggedServer(rig, [microsoft(CLIENT)]);
    const own = await opened.server.browser().post("/auth/signup", ANN);
    expect(own.status).toBe(201);
    opened.writes.length = 0;
    const arrival = rig.authorize(await begin(opened.browser, "microsoft"), { iss: undefined });
    const response = await comeBack(opened.browser, arrival);
    expect(response.headers.get("location")).toMatch(/\/welcome\?error=account_not_linked$/);
    expect(opened.writes).toEqual([]);
  });
});

describe("Microsoft for one tenant of the application's own", () => {
  /** The address of the user that a sign-in makes; the claims are those of a single tenant, which sends no `xms_edov`. */
  async function addressWith(options: object, claims: Members = {}): Promise<unknown> {
    issue(rig, { claims: { iss: issuerOf(STAFF), tid: STAFF, email_verified: undefined, ...claims } });
    const provider = microsoft({ ...CLIENT, tenant: STAFF, ...options });
    const made = await attempt(rig, { provider, changes: { iss: undefined } });
    await expectSignedIn(made, {});
    return (await (await made.browser.get("/auth/me")).json()).email ?? null;
  }

  it("a person of a single tenant has an address with `trustTenant`, and none without it", async () => {
    expect(await addressWith({})).toBeNull();
    expect(await addressWith({ trustTenant: false })).toBeNull();
    expect(await addressWith({ trustTenant: true })).toBe("ann@example.com");
    expect(await addressWith({ trustTenant: true }, { idp: issuerOf(STAFF), acct: 0 })).toBe(
      "ann@example.com",
    );
  });

  it("a guest, and an address whose domain the tenant has not proved, stay unverified", async () => {
    for (const claims of [
      { idp: "live.com" },
      { idp: issuerOf(PRIVATE) },
      { acct: 1 },
      { acct: "1" },
      { xms_edov: false },
    ]) {
      expect(await addressWith({ trustTenant: true }, claims), JSON.stringify(claims)).toBeNull();
    }
  });

  it("`trustTenant` is refused for tenants of others, and an issuer beside a tenant", () => {
    const issuer = `https://contoso.b2clogin.com/${STAFF}/v2.0/`;
    const shared = [undefined, "common", "organizations", "consumers", PRIVATE];
    for (const tenant of shared) {
      const options = { ...CLIENT, ...(tenant === undefined ? {} : { tenant }), trustTenant: true };
      expect(() => microsoft(options)).toThrow(
        /^microsoft: trustTenant is true, but .* is not one tenant of yours/,
      );
    }
    for (const other of [issuerOf("common"), issuerOf(PRIVATE)]) {
      expect(() => microsoft({ ...CLIENT, issuer: other, trustTenant: true })).toThrow(
        /is not one tenant of yours/,
      );
    }
    expect(() => microsoft({ ...CLIENT, issuer, tenant: STAFF })).toThrow(
      "microsoft: issuer stands in place of tenant",
    );
    expect(() => microsoft({ ...CLIENT, discoveryUrl: issuer })).toThrow(
      "microsoft: discoveryUrl needs issuer",
    );
    for (const discoveryUrl of [
      "http://contoso.example",
      "https://a:b@contoso.example",
      "https://contoso.example/#x",
      "",
    ]) {
      expect(() => microsoft({ ...CLIENT, issuer, discoveryUrl })).toThrow(/^microsoft: discoveryUrl is/);
    }
  });
});

describe("Azure AD B2C and Entra External ID", () => {
  // https://learn.microsoft.com/azure/active-directory-b2c/openid-connect: the metadata are below a policy, the issuer is not.
  const ORIGIN = "https://contoso.b2clogin.com";
  const issuer = `${ORIGIN}/${STAFF}/v2.0/`;
  const discoveryUrl = `${ORIGIN}/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration?p=B2C_1_in`;

  it.each<[string, () => ReturnType<typeof microsoft>, Members]>([
    [
      "microsoft",
      () => microsoft({ ...CLIENT, issuer, discoveryUrl, trustTenant: true }),
      { email: undefined, emails: ["ann@example.com"] },
    ],
    ["oidc", () => oidc({ ...CLIENT, issuer, discoveryUrl }), {}],
  ])(
    "sign in by %s, with the metadata of `discoveryUrl`, which must name the issuer",
    async (_, make, claims) => {
      const document = {
        issuer,
        authorization_endpoint: `${ORIGIN}/authorize?p=B2C_1_in`,
        token_endpoint: `${ORIGIN}/token?p=B2C_1_in`,
        jwks_uri: `${ORIGIN}/jwks?p=B2C_1_in`,
      };
      const provider = make();
      for (const named of [issuer, `${ORIGIN}/${STAFF}/v2.0`]) {
        rig.answers.discovery = () => json({ ...document, issuer: named });
        issue(rig, { claims: { iss: issuer, ...claims } });
        const net = localFetch({ [ORIGIN]: rig.origin });
        const opened = openRiggedServer(rig, [provider], { env: { fetch: net.fetch } });
        const start = await opened.browser.get(`/auth/oauth/${provider.id}?redirect_to=/welcome`);
        expect(net.calls[0]?.url).toBe(discoveryUrl);
        const location = start.headers.get("location") ?? "";
        if (named !== issuer) {
          expect(location).toContain("error=oauth_failed");
          continue;
        }
        const response = await comeBack(opened.browser, rig.authorize(location, { iss: undefined }));
        await expectSignedIn({ ...opened, response }, { email: "ann@example.com" });
      }
    },
  );
});
