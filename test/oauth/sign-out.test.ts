import { google, keycloak, microsoft, oidc } from "@latchkey/core/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { type LocalServer, openLocalServer } from "../fixtures/local-server.ts";
import { begin, callbackOf, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { type IdentityProvider, startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { bodyOf as textOf } from "../fixtures/providers/certified-provider-pages.ts";
import { openVisitor, type Visitor } from "../fixtures/providers/visitor.ts";
import { type Attempt, openRiggedServer } from "../fixtures/rigged-sign-in.ts";
import { SECRET } from "../fixtures/server.ts";

const ANN = { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" };
const BOB = { sub: "bob-1", email: "bob@example.com", email_verified: true, name: "Bob" };
const SITE = { baseURL: HOME, secret: SECRET };
const GOODBYE = `${HOME}/goodbye`;

type Opened = Omit<Attempt, "response">;

interface Place {
  /** Where the provider tells of its logouts, and the server that gets them. */
  readonly local: LocalServer;
  readonly provider: IdentityProvider;
  /** The statuses of the answers to the provider. */
  readonly answers: number[];
  open(options?: Partial<Parameters<typeof oidc>[0]>): Opened;
}

/** A provider, and a port of this machine at which it reaches the server that was opened last. */
async function arrange(withSid: boolean): Promise<Place> {
  const local = await openLocalServer();
  const provider = await startIdentityProvider({
    redirectUris: [callbackOf("oidc")],
    accounts: { ann: ANN, bob: BOB },
    logout: {
      redirectUris: [GOODBYE],
      backchannelUri: `${local.origin}/auth/oauth/oidc/backchannel-logout`,
      withSid,
    },
  });
  const answers: number[] = [];
  let opened: Opened | null = null;
  local.listen(async (request, response) => {
    const body = await textOf(request);
    const headers = new Headers(request.headers as Record<string, string>);
    const url = `${local.origin}${request.url ?? ""}`;
    const sent = new Request(url, { method: request.method ?? "GET", headers, body });
    const answer = await opened?.server.auth.handle(sent);
    answers.push(answer?.status ?? 500);
    response.writeHead(answer?.status ?? 500, Object.fromEntries(answer?.headers ?? []));
    response.end(await answer?.text());
  });
  const open: Place["open"] = (options = {}) => {
    const base = { issuer: provider.issuer, ...provider.clients.basic, storeTokens: true };
    const configured = oidc({ ...base, backchannelLogout: true, ...options });
    opened = openRiggedServer({ origin: provider.issuer }, [configured], SITE);
    return opened;
  };
  return { local, provider, answers, open };
}

let named: Place;
let unnamed: Place;

beforeAll(async () => {
  named = await arrange(true);
  unnamed = await arrange(false);
});
afterAll(async () => {
  for (const { local, provider } of [named, unnamed]) {
    await provider.close();
    await local.close();
  }
});

/** A browser of the application that signed in, and its browser at the provider. */
interface Person {
  readonly browser: Browser;
  readonly visitor: Visitor;
  readonly id: string;
}

async function signIn({ server }: Opened, login: string, visitor = openVisitor()): Promise<Person> {
  const browser = server.browser();
  const back = await comeBack(browser, await visitor.signIn(await begin(browser, "oidc"), login));
  expect(back.headers.get("location")).toBe(`${HOME}/welcome`);
  const { id } = await (await browser.get("/auth/me")).json();
  return { browser, visitor, id };
}

async function isLive({ server }: Opened, { id }: Person): Promise<number> {
  return (await server.auth.sessions.list(id)).length;
}

async function leave({ server }: Opened, { id, visitor }: Person): Promise<void> {
  const url = await server.auth.users.endSessionURL(id, "oidc", { redirectTo: "/goodbye", state: "x y" });
  const arrival = await visitor.signOut(url ?? "");
  const { origin, pathname, searchParams } = new URL(arrival.url);
  expect({ page: origin + pathname, state: searchParams.get("state") }).toEqual({
    page: GOODBYE,
    state: "x y",
  });
}

describe("a person who signs out at a certified provider", () => {
  it("comes back to the page of the application, and has to sign in again", async () => {
    const opened = named.open();
    const ann = await signIn(opened, "ann");
    const again = new URL(await begin(ann.browser, "oidc"));
    await leave(opened, ann);
    // The session at the provider has ended: it asks for the login again.
    const asked = await ann.visitor.deny(again.href);
    expect(new URL(asked.url).searchParams.get("error")).toBe("access_denied");
  });

  it("is signed out here too, and on no other device of theirs, where tokens name the session", async () => {
    const opened = named.open();
    const [laptop, phone, bob] = [
      await signIn(opened, "ann"),
      await signIn(opened, "ann"),
      await signIn(opened, "bob"),
    ];
    expect(await isLive(opened, laptop)).toBe(2);
    named.answers.length = 0;
    await leave(opened, laptop);
    expect(named.answers).toEqual([200]);
    expect((await laptop.browser.post("/auth/refresh")).status).toBe(401);
    expect((await phone.browser.post("/auth/refresh")).status).toBe(200);
    expect(await isLive(opened, bob)).toBe(1);
    const ended = opened.server.events.filter(({ type }) => type === "session.ended");
    expect(ended).toMatchObject([{ userId: laptop.id, reason: "logout" }]);
    expect(opened.server.events.filter(({ type }) => type === "oauth.failed")).toEqual([]);
  });

  it("is signed out on every device, where tokens name the user alone; a session by password stays", async () => {
    const opened = unnamed.open();
    const laptop = await signIn(opened, "ann");
    await signIn(opened, "ann");
    const bob = await signIn(opened, "bob");
    await opened.server.auth.sessions.create(laptop.id, { amr: ["pwd"] });
    unnamed.answers.length = 0;
    await leave(opened, laptop);
    expect(unnamed.answers).toEqual([200]);
    expect(await opened.server.auth.sessions.list(laptop.id)).toMatchObject([{ amr: ["pwd"] }]);
    expect(await isLive(opened, bob)).toBe(1);
  });

  it("stays signed in here where the option is off, which is the default: the provider gets 404", async () => {
    const opened = named.open({ backchannelLogout: false });
    const ann = await signIn(opened, "ann");
    named.answers.length = 0;
    await leave(opened, ann);
    expect(named.answers).toEqual([404]);
    expect(await isLive(opened, ann)).toBe(1);
    const byDefault = oidc({ issuer: named.provider.issuer, ...named.provider.clients.basic });
    expect(byDefault.backchannelLogout).toBe(false);
  });
});

describe("auth.users.endSessionURL", () => {
  it("has the ID token of the last sign-in as a hint where tokens are stored, and none otherwise", async () => {
    for (const storeTokens of [true, false]) {
      const opened = named.open({ storeTokens });
      const { id } = await signIn(opened, "ann");
      const url = new URL((await opened.server.auth.users.endSessionURL(id, "oidc")) ?? "");
      const kept = await opened.server.auth.users.providerTokens(id, "oidc");
      expect(kept !== null).toBe(storeTokens);
      expect(Object.fromEntries(url.searchParams)).toEqual({
        client_id: named.provider.clients.basic.clientId,
        ...(storeTokens ? { id_token_hint: kept?.idToken } : {}),
      });
      expect(JSON.stringify(opened.server.events)).not.toMatch(/eyJ/);
    }
  });

  it("has no hint of tokens that were kept before storeTokens was off", async () => {
    const opened = named.open();
    const { id } = await signIn(opened, "ann");
    const { issuer, clients } = named.provider;
    const options = { ...SITE, store: opened.server.store };
    const { server } = openRiggedServer({ origin: issuer }, [oidc({ issuer, ...clients.basic })], options);
    expect(await server.auth.users.providerTokens(id, "oidc")).not.toBeNull();
    expect(await server.auth.users.endSessionURL(id, "oidc")).not.toContain("id_token_hint");
  });

  it("is null where the provider has no such page, and refuses an unknown provider", async () => {
    const plain = await startIdentityProvider({ redirectUris: [callbackOf("oidc")], accounts: { ann: ANN } });
    const without = oidc({ issuer: plain.issuer, ...plain.clients.basic });
    const there = google({ clientId: "x", clientSecret: "y" });
    const { server } = openRiggedServer({ origin: plain.issuer }, [without, there], { baseURL: HOME });
    expect(await server.auth.users.endSessionURL("x", "oidc")).toBeNull();
    expect(await server.auth.users.endSessionURL("x", "google")).toBeNull();
    const unknown = server.auth.users.endSessionURL("x", "other");
    await expect(unknown).rejects.toMatchObject({ code: "not_found" });
    await plain.close();
  });

  it.each([
    "https://evil.example/",
    "//evil.example/",
    "javascript:alert(1)",
    "/auth/logout",
    "https://app.example.com@evil.example/",
    "",
  ])("refuses to come back to %s", async (redirectTo) => {
    const { server } = named.open();
    const refused = server.auth.users.endSessionURL("x", "oidc", { redirectTo });
    await expect(refused).rejects.toMatchObject({ code: "redirect_not_allowed" });
  });

  it("comes back to a trusted origin, and to a path only where baseURL says of which", async () => {
    const { clients, issuer } = named.provider;
    const configured = oidc({ issuer, ...clients.basic });
    const options = { trustedOrigins: ["https://spa.example.com"] };
    const { server } = openRiggedServer({ origin: issuer }, [configured], options);
    const to = (redirectTo: string): Promise<string | null> =>
      server.auth.users.endSessionURL("x", "oidc", { redirectTo });
    const url = new URL((await to("https://spa.example.com/bye?a=1")) ?? "");
    expect(url.searchParams.get("post_logout_redirect_uri")).toBe("https://spa.example.com/bye?a=1");
    await expect(to("/goodbye")).rejects.toMatchObject({ code: "redirect_not_allowed" });
  });

  it.each([
    ["an empty state", ""],
    ["a state in two lines", "a\nb"],
    ["a state of 513 characters", "x".repeat(513)],
  ])("refuses %s", async (_, state) => {
    const { server } = named.open();
    const refused = server.auth.users.endSessionURL("x", "oidc", { state });
    await expect(refused).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("leads to the pages that Keycloak and Microsoft document", async () => {
    const client = { clientId: "c", clientSecret: "s" };
    const providers = [keycloak({ issuer: "https://id.example.com/realms/x", ...client }), microsoft(client)];
    const { server } = openRiggedServer({ origin: HOME }, providers, { baseURL: HOME });
    expect(await server.auth.users.endSessionURL("x", "keycloak")).toBe(
      "https://id.example.com/realms/x/protocol/openid-connect/logout?client_id=c",
    );
    expect(await server.auth.users.endSessionURL("x", "microsoft")).toBe(
      "https://login.microsoftonline.com/common/oauth2/v2.0/logout?client_id=c",
    );
  });
});
