import { arcticProvider, github, google, oidc } from "@latchkey/core/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bodyOf } from "../fixtures/answers.ts";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { type IdentityProvider, startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { openVisitor } from "../fixtures/providers/visitor.ts";
import { CLIENT, expectSignedIn, type OAuthProvider, openRiggedServer } from "../fixtures/rigged-sign-in.ts";

/** A client as arctic makes one. */
const arcticClient = {
  createAuthorizationURL: (state: string): URL => new URL(`https://id.example.com/authorize?state=${state}`),
  validateAuthorizationCode: (): never => {
    throw new Error("no code is exchanged");
  },
};

let rig: RiggedProvider;
let certified: IdentityProvider;

beforeAll(async () => {
  rig = await startRiggedProvider({ issuer: "https://accounts.google.com" });
  certified = await startIdentityProvider({
    redirectUris: [`${HOME}/auth/oauth/oidc/callback`],
    accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" } },
  });
});
afterAll(() => Promise.all([rig.close(), certified.close()]));

/** The parameters of the authorization request that a start route makes; its status where it makes none. */
async function asked(
  provider: OAuthProvider,
  query = "",
): Promise<Readonly<Record<string, string>> | number> {
  const { browser } = openRiggedServer(rig, [provider]);
  const response = await browser.get(`/auth/oauth/${provider.id}?redirect_to=/welcome${query}`);
  const location = response.headers.get("location");
  return location === null ? response.status : Object.fromEntries(new URL(location).searchParams);
}

describe("a refresh token of Google", () => {
  // https://developers.google.com/identity/protocols/oauth2/web-server#offline: with `access_type=offline`, at a consent.
  it("is kept where the application asks for offline access and consent", async () => {
    const offline = { access_type: "offline", prompt: "consent" };
    for (const authorizationParams of [{}, offline]) {
      const provider = google({ ...CLIENT, storeTokens: true, authorizationParams });
      const opened = openRiggedServer(rig, [provider]);
      const start = await begin(opened.browser, "google");
      const { searchParams } = new URL(start);
      const isOffline =
        searchParams.get("access_type") === "offline" && searchParams.get("prompt") === "consent";
      rig.answers.token = async (request) => (response) => {
        void Promise.resolve(rig.defaults.token(request)).then((reply) => {
          const end = response.end.bind(response);
          response.end = ((body: string) => {
            const { refresh_token, ...others } = JSON.parse(body);
            return end(JSON.stringify(isOffline ? { ...others, refresh_token } : others));
          }) as typeof response.end;
          reply(response);
        });
      };
      const response = await comeBack(opened.browser, rig.authorize(start, { iss: undefined }));
      const made = { ...opened, response };
      await expectSignedIn(made, { email: "ann@example.com" });
      const { id } = await bodyOf(await opened.browser.get("/auth/me"));
      const kept = await opened.server.auth.users.providerTokens(String(id), "google");
      expect(kept?.refreshToken ?? null).toEqual(
        isOffline ? expect.stringMatching(/^provider-refresh-/) : null,
      );
    }
  });
});

describe("the parameters of an authorization request", () => {
  const params = { prompt: "consent", hd: "example.com" };
  const Factories: Readonly<
    Record<string, (authorizationParams: Readonly<Record<string, string>>) => OAuthProvider>
  > = {
    google: (authorizationParams) => google({ ...CLIENT, authorizationParams }),
    github: (authorizationParams) => github({ ...CLIENT, authorizationParams }),
    twitch: (authorizationParams) =>
      arcticProvider(arcticClient, {
        id: "twitch",
        scopes: [],
        profile: () => ({ subject: "1" }),
        authorizationParams,
      }),
  };

  it.each(Object.entries(Factories))(
    "are those of the configuration, then hints of the request: %s",
    async (_, make) => {
      const query =
        "&login_hint=ann%40example.com&ui_locales=de&prompt=none&state=mine&redirect_uri=https://evil.example";
      const given = await asked(make(params), `${query}&scope=all&nonce=mine&code_challenge=mine`);
      expect(given).toMatchObject({ ...params, login_hint: "ann@example.com", ui_locales: "de" });
      expect(JSON.stringify(given)).not.toMatch(/mine|evil|"all"/);
      expect(await asked(make({}), "&prompt=select_account")).toHaveProperty("prompt", "select_account");
      expect(await asked(make({}))).not.toHaveProperty("prompt");
    },
  );

  it("are refused where one comes twice or with control characters, and no flow starts", async () => {
    for (const query of ["&prompt=a&prompt=b", "&login_hint=a%0Ab", `&ui_locales=${"x".repeat(257)}`]) {
      expect(await asked(google(CLIENT), query)).toBe(400);
    }
  });

  it("come from the body where a user links an account", async () => {
    const { browser } = openRiggedServer(rig, [google(CLIENT)]);
    await browser.post("/auth/signup", { email: "ann@example.org", password: "a long passphrase of Ann" });
    const hints = { login_hint: "ann@example.com", prompt: "select_account" };
    const { url } = await bodyOf(await browser.post("/auth/oauth/google/link", { ...hints, state: "mine" }));
    const { searchParams } = new URL(String(url));
    expect(Object.fromEntries(searchParams)).toMatchObject(hints);
    expect(searchParams.get("state")).not.toBe("mine");
    for (const prompt of [7, ["login"], "a\nb"]) {
      expect((await browser.post("/auth/oauth/google/link", { prompt })).status).toBe(400);
    }
  });
});

it("a person whom the certified provider remembers is asked again with prompt=login", async () => {
  const provider = oidc({ issuer: certified.issuer, ...certified.clients.basic });
  const visitor = openVisitor();
  const counts: number[] = [];
  for (const query of ["", "", "&prompt=login"]) {
    const before = certified.requests.filter((request) => request.startsWith("GET /interaction/")).length;
    const opened = openRiggedServer({ origin: certified.issuer }, [provider]);
    const start = await opened.browser.get(`/auth/oauth/oidc?redirect_to=/welcome${query}`);
    const arrival = await visitor.signIn(start.headers.get("location") ?? "", "ann");
    await expectSignedIn({ ...opened, response: await comeBack(opened.browser, arrival) }, { name: "Ann" });
    counts.push(
      certified.requests.filter((request) => request.startsWith("GET /interaction/")).length - before,
    );
  }
  expect(counts).toEqual([2, 0, 1]);
});
