import * as arctic from "arctic";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Env, platformEnv } from "../platform/env.ts";
import type { OAuthAnswer, OAuthConnection, OAuthFlow } from "./provider.ts";
import { type ArcticClient, type ArcticOptions, arcticProvider } from "./providers/arctic.ts";
import { challengeOf } from "./transaction.ts";

const REDIRECT_URI = "https://app.example.com/auth/oauth/test/callback";
const ID = "a client+%";
const SECRET = "50% of+ä:secret &=";
const HOST = "id.example.com";
const FLOW: OAuthFlow = {
  state: "s".repeat(43),
  nonce: "n".repeat(43),
  codeVerifier: "v".repeat(43),
  redirectUri: REDIRECT_URI,
};
const ANSWER: OAuthAnswer = { code: "the+code %&=", iss: null, user: null };

type Construct = new (...args: never[]) => ArcticClient;

/** Every client that arctic exports. */
const CLASSES: readonly (readonly [string, Construct])[] = Object.entries<unknown>(arctic).flatMap(
  ([name, value]) => (isClient(value) ? [[name, value] as const] : []),
);

function isClient(value: unknown): value is Construct {
  return typeof value === "function" && "createAuthorizationURL" in (value.prototype ?? {});
}

/** The arguments before the client's id, where there are any. */
const PLACES: Readonly<Record<string, readonly (string | null)[]>> = {
  AmazonCognito: [HOST],
  Auth0: [HOST],
  Authentik: [`https://${HOST}`],
  GitLab: [`https://${HOST}`],
  Gitea: [`https://${HOST}`],
  KeyCloak: [`https://${HOST}/realms/a`],
  Mastodon: [`https://${HOST}`],
  MicrosoftEntraId: ["common"],
  Okta: [HOST, null],
  Salesforce: [HOST],
  Synology: [`https://${HOST}`],
};
const PUBLIC: ReadonlySet<string> = new Set(["Etsy", "Lichess"]);

/** The clients that cannot sign in, and the step that refuses them. The docstring of `arcticProvider` names them. */
const EXCEPTIONS: Readonly<Record<string, "construction" | "start" | "exchange">> = {
  Apple: "construction",
  DonationAlerts: "start",
  OAuth2Client: "start",
  StartGG: "exchange",
};
const USABLE = CLASSES.filter(([name]) => !Object.hasOwn(EXCEPTIONS, name));

function construct(name: string, Class: Construct): ArcticClient {
  const key = name === "Apple" ? ["team", "key", new Uint8Array(1)] : [];
  const secret = PUBLIC.has(name) ? [] : [...key, ...(name === "Apple" ? [] : [SECRET])];
  return Reflect.construct(Class, [...(PLACES[name] ?? []), ID, ...secret, REDIRECT_URI]);
}

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
  readonly headers: Headers;
  readonly form: URLSearchParams;
}

interface Net {
  readonly env: Env;
  readonly sent: readonly Sent[];
}

const TOKENS = { access_token: "provider-access", token_type: "bearer" };

/** A network that answers every request alike. */
function openNet(answer: unknown = { ...TOKENS, body: TOKENS }, status = 200): Net {
  const sent: Sent[] = [];
  const fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const form = new URLSearchParams(String(init.body ?? ""));
    sent.push({ url: String(input), init, headers: new Headers(init.headers), form });
    return Response.json(answer, { status });
  };
  return { env: { ...platformEnv, fetch }, sent };
}

function connect(client: ArcticClient, { env }: Net): OAuthConnection {
  const profile: ArcticOptions["profile"] = (tokens) => ({ subject: `of ${tokens.accessToken()}` });
  return arcticProvider(client, { scopes: ["a"], profile, id: "test" }).connect(env);
}

const elsewhere = vi.fn<typeof fetch>();

beforeEach(() => {
  elsewhere.mockReset().mockRejectedValue(new Error("the global fetch was called"));
  vi.stubGlobal("fetch", elsewhere);
});
afterEach(() => {
  expect(globalThis.fetch).toBe(elsewhere);
  vi.unstubAllGlobals();
});

describe("arcticProvider, for every client of arctic", () => {
  it("covers every client of arctic in this test", () => {
    expect(CLASSES.length).toBeGreaterThan(60);
    const names = CLASSES.map(([name]) => name);
    for (const name of [...Object.keys(EXCEPTIONS), ...Object.keys(PLACES), ...PUBLIC]) {
      expect(names).toContain(name);
    }
  });

  it.each(USABLE)("%s begins a sign-in with our state and an S256 challenge", async (name, Class) => {
    const net = openNet();
    const url = await connect(construct(name, Class), net).authorizationUrl(FLOW);
    expect(url.protocol).toBe("https:");
    expect(url.searchParams.getAll("state")).toEqual([FLOW.state]);
    expect(url.searchParams.getAll("code_challenge")).toEqual([challengeOf(FLOW.codeVerifier)]);
    expect(url.searchParams.getAll("code_challenge_method")).toEqual(["S256"]);
    expect(url.searchParams.getAll("redirect_uri")).toEqual([REDIRECT_URI]);
    for (const secret of [SECRET, FLOW.codeVerifier])
      expect([...url.searchParams.values()]).not.toContain(secret);
    expect(net.sent).toEqual([]);
  });

  it.each(USABLE)("%s exchanges its code through env.fetch, within the limits", async (name, Class) => {
    const net = openNet();
    const account = await connect(construct(name, Class), net).identify(FLOW, ANSWER);
    expect(account).toMatchObject({ provider: "test", subject: "of provider-access", emailVerified: false });
    expect(net.sent).toHaveLength(1);
    const [request] = net.sent;
    if (request === undefined) throw new Error("nothing was sent");
    const { url, init, headers, form } = request;
    expect(url).toMatch(/^https:/);
    expect(init).toMatchObject({ method: "POST", redirect: "manual", signal: expect.any(AbortSignal) });
    expect(form.getAll("code")).toEqual([ANSWER.code]);
    expect(form.getAll("code_verifier")).toEqual([FLOW.codeVerifier]);
    expect(form.get("redirect_uri")).toBe(REDIRECT_URI);
    expect(headers.get("user-agent")).toBe("latchkey");
    const basic = headers.get("authorization");
    if (basic === null) expect(form.get("client_secret")).toBe(PUBLIC.has(name) ? null : SECRET);
    else expect(atob(basic.slice("Basic ".length))).toBe([ID, SECRET].map(encodeURIComponent).join(":"));
    expect(elsewhere).not.toHaveBeenCalled();
  });
});

describe("arcticProvider, for a client that is configured wrongly", () => {
  it.each([
    ["GitHub", 200],
    ["Twitch", 400],
    ["Discord", 401],
  ])("keeps what the provider of %s says, and no secret that it echoes", async (name, status) => {
    const Class = CLASSES.find(([known]) => known === name)?.[1];
    if (Class === undefined) throw new Error("there is no such client");
    const told = `${SECRET} of ${ANSWER.code} and ${FLOW.codeVerifier}`;
    const net = openNet({ error: "invalid_client", error_description: told }, status);
    const thrown = await connect(construct(name, Class), net)
      .identify(FLOW, ANSWER)
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: "oauth_failed",
      details: {
        fault: "code_refused",
        host: new URL(net.sent[0]?.url ?? "").host,
        error: "invalid_client",
        description: "[hidden] of [hidden] and [hidden]",
      },
    });
  });
});

describe("arcticProvider, for the clients that cannot sign in", () => {
  it.each(Object.entries(EXCEPTIONS))("%s is refused because of its %s", async (name, step) => {
    const Class = CLASSES.find(([known]) => known === name)?.[1];
    if (Class === undefined) throw new Error("there is no such client");
    const net = openNet();
    const client = construct(name, Class);
    if (step === "construction") {
      expect(() => connect(client, net)).toThrow(TypeError);
      return expect(() => connect(client, net)).toThrow(/use apple\(\)/);
    }
    const connection = connect(client, net);
    if (step === "start") await expect(connection.authorizationUrl(FLOW)).rejects.toThrow(TypeError);
    else await expect(connection.identify(FLOW, ANSWER)).rejects.toMatchObject({ code: "internal_error" });
    expect(net.sent).toEqual([]);
    expect(elsewhere).not.toHaveBeenCalled();
  });

  it("MyAnimeList gets an S256 challenge instead of its plain one, which would reveal the verifier", async () => {
    const client = new arctic.MyAnimeList(ID, SECRET, REDIRECT_URI);
    const url = await connect(client, openNet()).authorizationUrl(FLOW);
    expect(url.href).not.toContain(FLOW.codeVerifier);
  });
});
