import { github, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { openServerWith, openStubServer } from "../fixtures/oauth-server.ts";
import { type IdentityProvider, startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { json } from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { openVisitor } from "../fixtures/providers/visitor.ts";
import { attempt, CLIENT, openRiggedServer, restore } from "../fixtures/rigged-sign-in.ts";
import type { TestServer } from "../fixtures/server.ts";

let rig: RiggedProvider;
let op: IdentityProvider;
const lines: string[] = [];

beforeAll(async () => {
  rig = await startRiggedProvider();
  op = await startIdentityProvider({
    redirectUris: [`${HOME}/auth/oauth/oidc/callback`],
    accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true } },
  });
});
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, "warn").mockImplementation((line) => void lines.push(String(line)));
});
afterEach(() => {
  restore(rig);
  vi.restoreAllMocks();
});
afterAll(() => Promise.all([rig.close(), op.close()]));

function diagnosesOf({ events }: Pick<TestServer, "events">): readonly unknown[] {
  return events.flatMap((event) => (event.type === "oauth.failed" ? [event.diagnosis] : []));
}

describe("a developer whose provider is configured wrongly", () => {
  it("reads of a wrong clientSecret what the certified provider says, and what to check", {
    timeout: 30_000,
  }, async () => {
    const clientSecret = "the-wrong-secret-of-a-developer";
    const server = openServerWith([oidc({ issuer: op.issuer, ...op.clients.basic, clientSecret })]);
    const browser = server.browser();
    const arrival = await openVisitor().signIn(await begin(browser, "oidc"), "ann");
    const response = await comeBack(browser, arrival);
    expect(response.headers.get("location")).toBe(`${HOME}/welcome?error=oauth_failed`);
    const host = new URL(op.issuer).host;
    expect(lines).toEqual([
      `latchkey: a sign-in with oidc failed: the provider refuses the code (${host} says "invalid_client": "client authentication failed"). Check that clientId and the secret of the provider oidc are those of its registration.`,
    ]);
    expect(diagnosesOf(server)).toEqual([
      {
        reason: "code_refused",
        host,
        error: "invalid_client",
        description: "client authentication failed",
        advice: expect.stringContaining("clientId"),
      },
    ]);
    expect(lines.join() + JSON.stringify(server.events)).not.toContain(clientSecret);
  });

  it("reads of a wrong issuer which one the provider names", async () => {
    const server = openServerWith([oidc({ issuer: `${op.issuer}/`, ...op.clients.basic })]);
    const response = await server.browser().get("/auth/oauth/oidc?redirect_to=/welcome");
    expect(response.headers.get("location")).toBe(`${HOME}/welcome?error=oauth_failed`);
    expect(lines).toEqual([expect.stringContaining(`is exactly ${JSON.stringify(op.issuer)}`)]);
  });

  it("reads of an issuer without a document where it must be, also while a user links an account", async () => {
    const server = openServerWith([oidc({ issuer: `${op.issuer}/none`, ...op.clients.basic })]);
    const browser = await server.signedIn();
    await browser.post("/auth/oauth/oidc/link", { redirect_to: "/settings" });
    expect(lines).toEqual([
      expect.stringMatching(
        /Check the issuer option of the provider oidc: below it, \/\.well-known\/openid-configuration/,
      ),
    ]);
    expect(diagnosesOf(server)).toEqual([expect.objectContaining({ host: new URL(op.issuer).host })]);
  });

  // docs.github.com, "Troubleshooting OAuth app access token request errors": with the status 200.
  it.each([
    [
      "incorrect_client_credentials",
      "The client_id and/or client_secret passed are incorrect.",
      /clientId and the secret/,
    ],
    [
      "redirect_uri_mismatch",
      "The redirect_uri MUST match the registered callback URL for this application.",
      /Register exactly http:\/\/localhost:3000\/auth\/oauth\/github\/callback/,
    ],
    ["bad_verification_code", "The code passed is incorrect or expired.", /A code works once/],
  ])("reads what GitHub says: %s", async (error, description, advice) => {
    rig.answers.githubToken = () => json({ error, error_description: description, error_uri: "https://x" });
    const { server } = await attempt(rig, { provider: github(CLIENT) });
    expect(lines).toEqual([expect.stringMatching(advice)]);
    expect(lines.join()).toContain(`github.com says "${error}": "${description}"`);
    expect(diagnosesOf(server)).toEqual([
      expect.objectContaining({ host: "github.com", error, description }),
    ]);
  });

  it("reads the error of a callback", async () => {
    const changes = { error: "redirect_uri_mismatch", error_description: "register it", code: undefined };
    await attempt(rig, { changes });
    expect(lines).toEqual([
      expect.stringMatching(
        /the provider says "redirect_uri_mismatch": "register it"\)\. Register exactly http/,
      ),
    ]);
  });

  it("reads why an account leads to no user", async () => {
    const server = openStubServer();
    await server.signedIn();
    const response = await server.signIn(server.browser(), { ...ANN_THERE, email: "ann@example.com" });
    expect(response.headers.get("location")).toMatch(/error=account_not_linked$/);
    expect(lines).toEqual([
      expect.stringMatching(/A user with this address exists, and one of the two sides/),
    ]);
    expect(diagnosesOf(server)).toEqual([
      expect.objectContaining({ reason: "address_unproven", host: null }),
    ]);
  });
});

describe("the lines about providers that fail", () => {
  it("are one a minute for each provider and reason, however often a client provokes them", async () => {
    const opened = openRiggedServer(rig, [oidc({ issuer: rig.issuer, ...CLIENT })]);
    const fail = async (changes: Readonly<Record<string, string>>): Promise<void> => {
      const start = await begin(opened.browser, "oidc");
      await comeBack(opened.browser, rig.authorize(start, changes));
    };
    for (let at = 0; at < 5; at++) await fail({ error: `server_error_${at}` });
    expect(lines).toHaveLength(1);
    expect(diagnosesOf(opened.server)).toHaveLength(5);
    opened.server.clock.advance(60);
    await fail({ error: "server_error" });
    expect(lines).toHaveLength(2);
  });

  it("hold no secret, code, verifier, state or nonce that a provider echoes, whole or in part", async () => {
    const sent: string[] = [];
    rig.answers.token = (request) => {
      const { form } = request;
      const basic = request.headers["authorization"] ?? "";
      sent.push(
        CLIENT.clientSecret,
        form.get("code") ?? "",
        form.get("code_verifier") ?? "",
        String(basic).slice(6),
      );
      const parts = sent.map((secret) => `${secret} ${encodeURIComponent(secret)} ${secret.slice(2, 14)}`);
      return json({ error: sent.join(" "), error_description: parts.join(" | ") }, 400);
    };
    const { server } = await attempt(rig);
    const told = lines.join() + JSON.stringify(server.events);
    expect(told).toContain("[hidden]");
    expect(sent).toHaveLength(4);
    for (const secret of sent)
      for (let at = 0; at + 8 <= secret.length; at++) expect(told).not.toContain(secret.slice(at, at + 8));
  });

  it("are none where the user says no", async () => {
    const { server } = await attempt(rig, { changes: { error: "access_denied", code: undefined } });
    expect(lines).toEqual([]);
    expect(diagnosesOf(server)).toEqual([undefined]);
  });
});
