import { oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  bytes,
  cut,
  gzipBomb,
  html,
  huge,
  json,
  jsonWithMark,
  type Reply,
  redirect,
} from "../fixtures/providers/replies.ts";
import { discoveryDocument } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  openRiggedServer,
  restore,
  riggedOidc,
} from "../fixtures/rigged-sign-in.ts";

const METADATA = "the provider's metadata is incomplete, or of another issuer";
const STATUS = "the provider answers with an unexpected status";
const NO_JSON = "the provider's answer is no JSON";
const TOO_LARGE = "the provider's answer is too large";
const ISSUER = "https://id.example.com";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

/** The browser is only sent back, and the provider gets no other request. */
async function expectNoStart(error: string): Promise<void> {
  const opened = openRiggedServer(rig, [riggedOidc(rig)]);
  const response = await opened.browser.get("/auth/oauth/oidc?redirect_to=/welcome");
  const made: Attempt = { ...opened, response };
  await expectNothing(made, error);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(made.net.calls).toHaveLength(1);
  expect(made.net.calls[0]).toMatchObject({ redirect: "manual", hasSignal: true });
}

describe("KEY-11 a discovery document that cannot be loaded", () => {
  const TYPE = { "content-type": "application/json" };
  it.each<[string, Reply, string]>([
    ["404", json({}, 404), STATUS],
    ["500", json({}, 500), STATUS],
    ["a page", html(), NO_JSON],
    ["a page that calls itself JSON", bytes(200, TYPE, "<!DOCTYPE html>"), NO_JSON],
    ["JSON behind a mark", jsonWithMark({}), NO_JSON],
    [
      "a redirect",
      redirect("https://evil.example/.well-known/openid-configuration"),
      "the provider redirects where an answer belongs",
    ],
    ["10 MB", huge(), TOO_LARGE],
    ["10 MB in a few kilobytes", gzipBomb(), TOO_LARGE],
    ["half of it", cut({ issuer: "x" }), "the provider cannot be reached"],
    ["a broken connection", (response) => void response.destroy(), "the provider cannot be reached"],
    ["an empty object", json({}), METADATA],
    ["a list", json([]), METADATA],
    ["null", json(null), METADATA],
  ])("lets no sign-in begin: %s", async (_, reply, error) => {
    rig.answers.discovery = () => reply;
    await expectNoStart(error);
  });

  it("is requested again at the next start, and then kept for an hour", async () => {
    const { browser, server } = openRiggedServer(rig, [riggedOidc(rig)]);
    const start = async (): Promise<string | null> =>
      (await browser.get("/auth/oauth/oidc?redirect_to=/welcome")).headers.get("location");
    rig.answers.discovery = () => json({}, 500);
    expect(await start()).toMatch(/error=oauth_failed$/);
    restore(rig);
    const before = rig.requestsTo("discovery").length;
    for (const seconds of [0, 1_800, 1_799]) {
      server.clock.advance(seconds);
      expect(await start()).toContain("/authorize?");
    }
    expect(rig.requestsTo("discovery").length).toBe(before + 1);
    server.clock.advance(1);
    rig.answers.discovery = () => json({}, 500);
    expect(await start()).toMatch(/error=oauth_failed$/);
  });
});

describe("OAU-11 a wrong discovery document", () => {
  it.each<[string, (issuer: string) => unknown]>([
    ["of another issuer", () => "https://evil.example"],
    ["of our issuer with a slash", (issuer) => `${issuer}/`],
    ["of our issuer in capitals", (issuer) => issuer.toUpperCase()],
    ["of a longer issuer", (issuer) => `${issuer}.evil.example`],
    ["of no issuer", () => undefined],
    ["of issuers in a list", (issuer) => [issuer]],
  ])("is refused: %s", async (_, issuer) => {
    rig.answers.discovery = () => json({ ...discoveryDocument(rig.issuer), issuer: issuer(rig.issuer) });
    await expectNoStart(METADATA);
  });

  const needed = ["authorization_endpoint", "token_endpoint", "jwks_uri"];
  it.each(needed)("is refused where %s is missing or no acceptable URL", async (name) => {
    const values = [
      undefined,
      null,
      "",
      7,
      [`${rig.origin}/x`],
      "/authorize",
      "//evil.example/x",
      "javascript:alert(1)",
      "data:application/json,{}",
      "file:///etc/passwd",
      "ftp://localhost/x",
      "http://",
      rig.origin.replace("http://", "http://user:password@"),
      rig.origin.replace("http://", "http://user@"),
    ];
    for (const value of values) {
      rig.answers.discovery = () => json({ ...discoveryDocument(rig.issuer), [name]: value });
      await expectNoStart(METADATA);
    }
  });

  it.each(needed)("is refused where %s of an https issuer is http", async (name) => {
    const document = { ...discoveryDocument(ISSUER), [name]: "http://id.example.com/x" };
    rig.answers.discovery = () => json(document);
    const { browser, server } = trapAt(ISSUER);
    const response = await browser.get("/auth/oauth/oidc?redirect_to=/welcome");
    expect(response.headers.get("location")).toMatch(/\/welcome\?error=oauth_failed$/);
    expect(server.events.at(-1)).toMatchObject({ type: "oauth.failed", error: METADATA });
  });

  it("is accepted for an https issuer whose endpoints are https, on any host", async () => {
    const document = {
      ...discoveryDocument(ISSUER),
      authorization_endpoint: "https://login.example.net/auth?x=y",
    };
    rig.answers.discovery = () => json(document);
    const { browser } = trapAt(ISSUER);
    const response = await browser.get("/auth/oauth/oidc?redirect_to=/welcome");
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.origin).toBe("https://login.example.net");
    expect(location.searchParams.get("x")).toBe("y");
    expect(location.searchParams.get("code_challenge_method")).toBe("S256");
  });

  it("without https for userinfo is accepted, and userinfo is not used", async () => {
    rig.answers.discovery = () =>
      json({ ...discoveryDocument(rig.issuer), userinfo_endpoint: "ftp://localhost/userinfo" });
    const made = await attempt(rig);
    await expectSignedIn(made, { email: "ann@example.com" });
    expect(made.net.calls.map(({ url }) => new URL(url).pathname)).not.toContain("/userinfo");
  });

  it("has no effect by inherited members", async () => {
    const { issuer, ...rest } = discoveryDocument(rig.issuer);
    const body = `{"__proto__":${JSON.stringify(rest)},"issuer":${JSON.stringify(issuer)}}`;
    rig.answers.discovery = () => bytes(200, { "content-type": "application/json" }, body);
    await expectNoStart(METADATA);
  });

  it("is refused where it lists only unsupported methods of client authentication", async () => {
    for (const methods of [["private_key_jwt"], ["tls_client_auth", 7], []]) {
      const changed = { token_endpoint_auth_methods_supported: methods };
      rig.answers.discovery = () => json({ ...discoveryDocument(rig.issuer), ...changed });
      await expectNoStart(METADATA);
    }
  });

  it("can choose between two methods of client authentication, and no other", async () => {
    const ways: readonly (readonly [unknown, "basic" | "body"])[] = [
      [undefined, "basic"],
      [["client_secret_post", "client_secret_basic"], "basic"],
      [["client_secret_post"], "body"],
      [["private_key_jwt", "none"], "body"],
      ["client_secret_post", "basic"],
    ];
    for (const [methods, way] of ways) {
      rig.answers.discovery = () =>
        json({ ...discoveryDocument(rig.issuer), token_endpoint_auth_methods_supported: methods });
      await expectSignedIn(await attempt(rig), {});
      const request = rig.requestsTo("token").at(-1);
      expect(request?.form.get("client_secret")).toBe(way === "body" ? CLIENT.clientSecret : null);
      expect(request?.headers.authorization === undefined).toBe(way === "body");
    }
  });
});

function trapAt(issuer: string): Omit<Attempt, "response"> {
  const fetchRig = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    fetch(String(input).replace(issuer, rig.origin), init);
  return openRiggedServer(rig, [oidc({ issuer, ...CLIENT })], { env: { fetch: fetchRig } });
}

it("is requested below the path of the issuer, and a slash at the end is not doubled", async () => {
  const opened = openRiggedServer(rig, [
    oidc({ issuer: `${rig.origin}/realms/a`, ...CLIENT, id: "a" }),
    oidc({ issuer: `${rig.origin}/b/`, ...CLIENT, id: "b" }),
  ]);
  for (const [id, path] of [
    ["a", "/realms/a/.well-known/openid-configuration"],
    ["b", "/b/.well-known/openid-configuration"],
  ] as const) {
    await opened.browser.get(`/auth/oauth/${id}`);
    expect(new URL(opened.net.calls.at(-1)?.url ?? "").pathname).toBe(path);
  }
});
