import { Google, Lichess, LinkedIn, OAuth2Tokens, Twitch } from "arctic";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Env, platformEnv } from "../../platform/env.ts";
import type { OAuthAnswer, OAuthConnection, OAuthFlow } from "../provider.ts";
import { type ArcticClient, type ArcticOptions, arcticProvider } from "./arctic.ts";

const REDIRECT_URI = "https://app.example.com/auth/oauth/test/callback";
const ID = "client";
const SECRET = "the secret of the client";
const FLOW: OAuthFlow = {
  state: "s".repeat(43),
  nonce: "n".repeat(43),
  codeVerifier: "v".repeat(43),
  redirectUri: REDIRECT_URI,
};
const AT_ONCE = "a provider's client does not send at once";
const ANSWER: OAuthAnswer = { code: "code", iss: null, user: null };

interface Sent {
  readonly init: RequestInit;
  readonly headers: Headers;
}

interface Net {
  readonly env: Env;
  readonly sent: readonly Sent[];
}

const TOKENS = { access_token: "provider-access", token_type: "bearer" };

/** A network that answers every request alike. */
function openNet(answer: unknown = TOKENS, status = 200): Net {
  const sent: Sent[] = [];
  const fetch = async (_: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    sent.push({ init, headers: new Headers(init.headers) });
    return Response.json(answer, { status });
  };
  return { env: { ...platformEnv, fetch }, sent };
}

function connect(client: ArcticClient, { env }: Net, more: Partial<ArcticOptions> = {}): OAuthConnection {
  const profile: ArcticOptions["profile"] = (tokens) => ({ subject: `of ${tokens.accessToken()}` });
  return arcticProvider(client, { scopes: ["a"], profile, id: "test", ...more }).connect(env);
}

/** A client of an application's own. */
function clientOf(exchange: () => Promise<OAuth2Tokens>): ArcticClient {
  return {
    createAuthorizationURL: () => new URL("https://id.example.com/authorize"),
    validateAuthorizationCode: exchange,
  };
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

describe("arcticProvider, with a client that the application wrote", () => {
  it("refuses a client with another redirect URI", async () => {
    const client = new Twitch(ID, SECRET, "https://evil.example/callback");
    const start = connect(client, openNet()).authorizationUrl(FLOW);
    await expect(start).rejects.toMatchObject({ code: "internal_error" });
  });

  it.each<[string, () => Promise<OAuth2Tokens>]>([
    [
      "throws",
      () => {
        throw new Error(SECRET);
      },
    ],
    ["rejects", () => Promise.reject(new Error(SECRET))],
    ["rejects with nothing", () => Promise.reject(null)],
    ["rejects with a cause", () => Promise.reject(new Error(SECRET, { cause: new Error(SECRET) }))],
  ])("throws an error of ours where the client %s before it sends", async (_, exchange) => {
    const net = openNet();
    const failure: unknown = await connect(clientOf(exchange), net)
      .identify(FLOW, ANSWER)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "internal_error", message: AT_ONCE });
    expect(String(failure)).not.toContain(SECRET);
    expect(failure).not.toHaveProperty("cause");
    expect(net.sent).toEqual([]);
  });

  it("reports a network failure, whether the client wraps the error or not", async () => {
    const raw = clientOf(
      async () => new OAuth2Tokens(await (await fetch("https://id.example.com/token")).json()),
    );
    for (const client of [raw, new Twitch(ID, SECRET, REDIRECT_URI)]) {
      const failed = connect(client, openNet({}, 302)).identify(FLOW, ANSWER);
      await expect(failed).rejects.toMatchObject({
        message: "the provider redirects where an answer belongs",
      });
    }
  });

  it("ignores the answer of a client that waits before it sends, because that request used the global fetch", async () => {
    const net = openNet();
    elsewhere.mockImplementation(async () => Response.json(TOKENS));
    const patient = clientOf(async () => {
      await Promise.resolve();
      return new OAuth2Tokens(await (await fetch("https://id.example.com/token")).json());
    });
    const taken = connect(patient, net).identify(FLOW, ANSWER);
    await expect(taken).rejects.toMatchObject({ code: "internal_error", message: AT_ONCE });
    expect(net.sent).toEqual([]);
    expect(elsewhere).toHaveBeenCalledExactlyOnceWith("https://id.example.com/token");
  });

  it("keeps two simultaneous exchanges apart, and uses the global fetch for neither", async () => {
    const nets = [openNet(), openNet()];
    const client = new Twitch(ID, SECRET, REDIRECT_URI);
    await Promise.all(nets.map((net) => connect(client, net).identify(FLOW, ANSWER)));
    expect(nets.map(({ sent }) => sent.length)).toEqual([1, 1]);
    expect(elsewhere).not.toHaveBeenCalled();
  });
});

describe("arcticProvider, with the profile that the application reads", () => {
  const read = (profile: unknown): Promise<unknown> =>
    connect(new Twitch(ID, SECRET, REDIRECT_URI), openNet(), {
      profile: () => profile as never,
    }).identify(FLOW, ANSWER);

  it.each([
    null,
    undefined,
    "x",
    [],
    {},
    { subject: "" },
    { subject: 7 },
    { subject: "a\n" },
    { subject: null },
  ])("refuses the profile %j", async (profile) => {
    await expect(read(profile)).rejects.toMatchObject({ code: "oauth_failed" });
  });

  it("treats an address as verified only for the value true, and takes only texts as text", async () => {
    for (const emailVerified of ["true", "false", 1, {}, undefined]) {
      const account = await read({ subject: "x", email: "ann@example.com", emailVerified });
      expect(account).toMatchObject({ email: "ann@example.com", emailVerified: false });
    }
    for (const value of [7, "", "a\r\nb", "\ud800", "x".repeat(321), ["ann@example.com"], null]) {
      const account = await read({ subject: "x", email: value, name: value, emailVerified: true });
      expect(account).toMatchObject({ subject: "x", email: null, name: null });
    }
  });

  it("reads the URL of a picture, and nothing else as one", async () => {
    expect(await read({ subject: "x", picture: "https://id.example.com/x.png" })).toMatchObject({
      picture: "https://id.example.com/x.png",
    });
    for (const picture of [undefined, 7, "javascript:alert(1)"])
      expect(await read({ subject: "x", picture })).toMatchObject({ subject: "x", picture: null });
  });

  it("gets null for what is optional and withheld, and fails for what is not optional", async () => {
    const client = new Twitch(ID, SECRET, REDIRECT_URI);
    const asking = (status: number, optional: boolean): ReturnType<OAuthConnection["identify"]> => {
      const net = openNet();
      const profile: ArcticOptions["profile"] = async (_, get) => {
        const told = await get("https://id.example.com/emails", {}, { optional });
        return { subject: "x", name: String(told) };
      };
      const fetch: typeof globalThis.fetch = async (input, init) =>
        String(input).endsWith("/emails") ? Response.json({}, { status }) : net.env.fetch(input, init);
      return connect(client, { env: { ...net.env, fetch }, sent: [] }, { profile }).identify(FLOW, ANSWER);
    };
    for (const status of [403, 404]) {
      await expect(asking(status, true)).resolves.toMatchObject({ name: "null" });
      await expect(asking(status, false)).rejects.toMatchObject({ code: "oauth_failed" });
    }
    for (const status of [401, 429, 500])
      await expect(asking(status, true)).rejects.toMatchObject({ code: "oauth_failed" });
  });

  it("LinkedIn refuses a code verifier: withoutPkce sends none, and a client without a secret cannot leave it out", async () => {
    const exchanges = async (client: ArcticClient, more: Partial<ArcticOptions>): Promise<string[][]> => {
      const net = openNet();
      const connection = connect(client, net, more);
      const url = await connection.authorizationUrl(FLOW);
      await connection.identify(FLOW, ANSWER);
      const form = new URLSearchParams(String(net.sent[0]?.init.body));
      return [[...url.searchParams.keys()], [...form.keys()]].map((names) =>
        names.filter((name) => name.startsWith("code_")),
      );
    };
    const linkedin = new LinkedIn(ID, SECRET, REDIRECT_URI);
    const all = [["code_challenge", "code_challenge_method"], ["code_verifier"]];
    expect(await exchanges(linkedin, {})).toEqual(all);
    expect(await exchanges(linkedin, { withoutPkce: false })).toEqual(all);
    expect(await exchanges(linkedin, { withoutPkce: true })).toEqual([[], []]);
    // A client that makes a challenge of its own.
    expect(await exchanges(new Google(ID, SECRET, REDIRECT_URI), { withoutPkce: true })).toEqual([[], []]);
    await expect(exchanges(new Lichess(ID, REDIRECT_URI), { withoutPkce: true })).rejects.toThrow(
      "arcticProvider: withoutPkce takes a client with a secret",
    );
  });

  it("requests the profile with the access token, within the limits", async () => {
    const net = openNet();
    const client = new Twitch(ID, SECRET, REDIRECT_URI);
    const profile: ArcticOptions["profile"] = async (_, get) => {
      expect(await get("https://id.example.com/me", { "client-id": ID })).toMatchObject(TOKENS);
      return { subject: "x", email: "ann@example.com", emailVerified: true };
    };
    const account = await connect(client, net, { profile }).identify(FLOW, ANSWER);
    expect(account).toMatchObject({ subject: "x", email: "ann@example.com", emailVerified: true });
    const request = net.sent[1];
    expect(request?.init).toMatchObject({ redirect: "manual", signal: expect.any(AbortSignal) });
    expect(request?.headers.get("authorization")).toBe("Bearer provider-access");
    expect(request?.headers.get("client-id")).toBe(ID);
  });

  it.each<[Partial<Record<keyof ArcticOptions, unknown>>, RegExp]>([
    [{ scopes: undefined }, /^arcticProvider: scopes/],
    [{ scopes: "a" }, /^arcticProvider: scopes/],
    [{ profile: undefined }, /^arcticProvider: profile/],
    [{ profile: {} }, /^arcticProvider: profile/],
    [{ id: "exchange" }, /^the provider id/],
    [{ id: "__proto__" }, /^the provider id/],
  ])("is refused with %o (OAU-23)", (options, words) => {
    const client = new Twitch(ID, SECRET, REDIRECT_URI);
    const make = (): unknown => connect(client, openNet(), options as never);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(words);
  });
});

it("sends the parameters of the configuration, and no others in the place of ours", async () => {
  const client = new Twitch(ID, SECRET, REDIRECT_URI);
  const authorizationParams = { force_verify: "true", prompt: "consent" };
  const connection = connect(client, openNet(), { authorizationParams });
  const url = await connection.authorizationUrl(FLOW, { prompt: "none", login_hint: "ann" });
  const { searchParams } = url;
  expect(Object.fromEntries(searchParams)).toMatchObject({
    ...authorizationParams,
    login_hint: "ann",
    state: FLOW.state,
  });
  expect(searchParams.getAll("prompt")).toEqual(["consent"]);
});
