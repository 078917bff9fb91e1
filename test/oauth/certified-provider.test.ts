import { oidc } from "@latchkey/core/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { begin, callbackOf, comeBack } from "../fixtures/oauth-flow.ts";
import { parametersOf } from "../fixtures/providers/arrival.ts";
import {
  type ClientKind,
  type IdentityProvider,
  startIdentityProvider,
} from "../fixtures/providers/certified-provider.ts";
import { openVisitor, type Visitor } from "../fixtures/providers/visitor.ts";
import {
  type Attempt,
  expectNothing,
  expectSignedIn,
  type OAuthProvider,
  openRiggedServer,
} from "../fixtures/rigged-sign-in.ts";

const ANN = { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" };
const BOB = { sub: "bob-1", email: "bob@example.com", email_verified: false, name: "Bob" };
const OPTIONS = { redirectUris: [callbackOf("oidc")], accounts: { ann: ANN, bob: BOB } };
const KINDS: readonly ClientKind[] = ["basic", "post", "public"];

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await startIdentityProvider(OPTIONS);
});
afterAll(() => provider.close());

/** The client of a kind; who takes the answer by form post asks for it. */
function clientOf(kind: ClientKind, at: IdentityProvider = provider): OAuthProvider {
  const inner = oidc({ issuer: at.issuer, ...at.clients[kind] });
  if (kind !== "formPost") return inner;
  return {
    ...inner,
    responseMode: "form_post",
    connect(env) {
      const connection = inner.connect(env);
      return {
        identify: connection.identify,
        async authorizationUrl(flow) {
          const url = await connection.authorizationUrl(flow);
          url.searchParams.set("response_mode", "form_post");
          return url;
        },
      };
    },
  };
}

interface Server {
  signIn(login: string, visitor?: Visitor): Promise<Attempt>;
  deny(login?: string): Promise<Attempt>;
}

/** One server; every sign-in has a browser of its own. */
function open(kind: ClientKind, at: IdentityProvider = provider): Server {
  const opened = openRiggedServer({ origin: at.issuer }, [clientOf(kind, at)]);
  const go = async (walk: (url: string) => ReturnType<Visitor["signIn"]>): Promise<Attempt> => {
    const browser = opened.server.browser();
    const arrival = await walk(await begin(browser, "oidc"));
    expect(arrival.method).toBe(kind === "formPost" ? "POST" : "GET");
    expect(parametersOf(arrival).get("iss")).toBe(at.issuer);
    return { ...opened, browser, response: await comeBack(browser, arrival) };
  };
  return {
    signIn: (login, visitor = openVisitor()) => go((url) => visitor.signIn(url, login)),
    deny: (login) => go((url) => openVisitor().deny(url, login)),
  };
}

async function userId({ browser }: Attempt): Promise<string> {
  return (await (await browser.get("/auth/me")).json()).id;
}

describe.each<ClientKind>([...KINDS, "formPost"])("a certified provider, for a %s client", (kind) => {
  it("signs a user in, and finds the same user at the next sign-in (OAU-15)", async () => {
    const server = open(kind);
    const visitor = openVisitor();
    const first = await server.signIn("ann", visitor);
    await expectSignedIn(first, { email: "ann@example.com", name: "Ann" });
    const second = await server.signIn("ann", visitor);
    const third = await server.signIn("ann");
    const ids = new Set(await Promise.all([first, second, third].map(userId)));
    expect(ids.size).toBe(1);
    const [id = ""] = ids;
    expect(await first.server.auth.users.accounts(id)).toEqual([{ provider: "oidc", subject: "ann-1" }]);
    const bob = await server.signIn("bob");
    await expectSignedIn(bob, { name: "Bob" });
    expect(ids.has(await userId(bob))).toBe(false);
    expect(await bob.server.auth.users.find({ email: BOB.email })).toBeNull();
  });

  it("lets its user cancel, at the login page and at the consent page", async () => {
    for (const login of [undefined, "ann"]) {
      const before = provider.requests.filter((request) => request === "POST /token").length;
      const denied = await open(kind).deny(login);
      await expectNothing(denied, "The sign-in was cancelled at the provider.", "oauth_denied");
      expect(provider.requests.filter((request) => request === "POST /token").length).toBe(before);
    }
  });
});

describe("a certified provider", () => {
  it.each(["RS256", "ES256", "EdDSA"] as const)(
    "signs with %s, and sends the user's claims in the ID token or by userinfo",
    async (idTokenAlgorithm) => {
      for (const claimsInIdToken of [false, true]) {
        const other = await startIdentityProvider({ ...OPTIONS, idTokenAlgorithm, claimsInIdToken });
        await expectSignedIn(await open("basic", other).signIn("ann"), { email: ANN.email, name: "Ann" });
        await other.close();
      }
    },
  );

  it("refuses a client with a wrong secret, and no session starts", async () => {
    const { clientId } = provider.clients.basic;
    const wrong = oidc({ issuer: provider.issuer, clientId, clientSecret: "wrong" });
    const opened = openRiggedServer({ origin: provider.issuer }, [wrong]);
    const arrival = await openVisitor().signIn(await begin(opened.browser, "oidc"), "ann");
    const response = await comeBack(opened.browser, arrival);
    await expectNothing({ ...opened, response }, "the provider refuses the code");
  });

  it("accepts a code once: the second of two servers gets no tokens for it (OAU-07)", async () => {
    const opened = openRiggedServer({ origin: provider.issuer }, [clientOf("basic")]);
    const arrival = await openVisitor().signIn(await begin(opened.browser, "oidc"), "ann");
    const code = parametersOf(arrival).get("code") ?? "";
    await expectSignedIn({ ...opened, response: await comeBack(opened.browser, arrival) }, { name: "Ann" });
    const other = openRiggedServer({ origin: provider.issuer }, [clientOf("basic")]);
    const state = new URL(await begin(other.browser, "oidc")).searchParams.get("state") ?? "";
    const query = new URLSearchParams({ state, code, iss: provider.issuer });
    const response = await comeBack(other.browser, { method: "GET", url: `${callbackOf("oidc")}?${query}` });
    await expectNothing({ ...other, response }, "the provider refuses the code");
  });

  it("starts no session for a code of another flow, because PKCE binds the code (OAU-08)", async () => {
    const opened = openRiggedServer({ origin: provider.issuer }, [clientOf("public")]);
    const arrival = await openVisitor().signIn(await begin(opened.browser, "oidc"), "ann");
    const victim = openRiggedServer({ origin: provider.issuer }, [clientOf("public")]);
    const state = new URL(await begin(victim.browser, "oidc")).searchParams.get("state") ?? "";
    const url = new URL(arrival.url);
    url.searchParams.set("state", state);
    const response = await comeBack(victim.browser, { method: "GET", url: url.href });
    await expectNothing({ ...victim, response }, "the provider refuses the code");
  });

  it("gets one request for its keys, and one more after it rotates just before signing (KEY-12)", async () => {
    const rotating = await startIdentityProvider(OPTIONS);
    const keyCalls = (): number => rotating.requests.filter((request) => request === "GET /jwks").length;
    const server = open("basic", rotating);
    await expectSignedIn(await server.signIn("ann"), { name: "Ann" });
    await expectSignedIn(await server.signIn("ann"), { name: "Ann" });
    expect(keyCalls()).toBe(1);
    rotating.rotateKeys();
    await expectSignedIn(await server.signIn("ann"), { name: "Ann" });
    expect(keyCalls()).toBe(2);
    await expectSignedIn(await server.signIn("ann"), { name: "Ann" });
    expect(keyCalls()).toBe(2);
    expect(rotating.requests.filter((request) => request.includes("well-known"))).toHaveLength(1);
    await rotating.close();
  });

  it("changes an address, and the user here stays the same (OAU-16)", async () => {
    const other = await startIdentityProvider(OPTIONS);
    const server = open("basic", other);
    const before = await userId(await server.signIn("ann"));
    other.accounts.set("ann", { ...ANN, email: "new@example.com" });
    const made = await server.signIn("ann");
    expect(await userId(made)).toBe(before);
    expect(await made.server.auth.users.find({ email: "new@example.com" })).toBeNull();
    // Another account that takes the old address over takes no user over.
    other.accounts.set("eve", { sub: "eve-1", email: ANN.email, email_verified: false });
    const eve = await server.signIn("eve");
    expect(eve.response.headers.get("location")).toMatch(/error=account_not_linked$/);
    await other.close();
  });
});
