import { github, microsoft, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import type { Arrival } from "../fixtures/providers/arrival.ts";
import { json } from "../fixtures/providers/replies.ts";
import { discoveryDocument } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const ISSUER = "the callback names another issuer, or none where the provider announces one";

let rig: RiggedProvider;
let other: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
  other = await startRiggedProvider();
});
afterEach(() => {
  restore(rig);
  restore(other);
});
afterAll(() => Promise.all([rig.close(), other.close()]));

function tokenCalls(): number {
  return [rig, other].flatMap((one) => one.requestsTo("token")).length;
}

function announce(value: unknown): void {
  const document = {
    ...discoveryDocument(rig.issuer),
    authorization_response_iss_parameter_supported: value,
  };
  rig.answers.discovery = () => json(document);
}

describe("OAU-06 the iss of a callback", () => {
  it.each<[string, (issuer: string) => string | undefined]>([
    ["of another", () => "https://evil.example"],
    ["with a slash", (issuer) => `${issuer}/`],
    ["in capitals", (issuer) => issuer.toUpperCase()],
    ["with more after it", (issuer) => `${issuer}.evil.example`],
    ["with less", (issuer) => issuer.slice(0, -1)],
    ["with a blank", (issuer) => `${issuer} `],
    ["in escapes", (issuer) => encodeURIComponent(issuer)],
    ["empty", () => ""],
    ["missing where it is announced", () => undefined],
  ])("ends the sign-in before the token call: %s", async (_, iss) => {
    const before = tokenCalls();
    const made = await attempt(rig, { changes: { iss: iss(rig.issuer) } });
    await expectNothing(made, ISSUER);
    expect(tokenCalls()).toBe(before);
  });

  it("may be missing, unless the provider announces it with the value true", async () => {
    for (const value of [undefined, false, null, "true", 1]) {
      announce(value);
      await expectSignedIn(await attempt(rig, { changes: { iss: undefined } }), {});
    }
  });

  it("is checked also where it is not announced", async () => {
    announce(undefined);
    const before = tokenCalls();
    for (const iss of ["https://evil.example", ""]) {
      await expectNothing(await attempt(rig, { changes: { iss } }), ISSUER);
    }
    expect(tokenCalls()).toBe(before);
    await expectSignedIn(await attempt(rig), {});
  });

  it("is refused where it appears twice, even if both are right", async () => {
    const before = tokenCalls();
    for (const iss of [rig.issuer, "https://evil.example", ""]) {
      const opened = openRiggedServer(rig, [oidc({ issuer: rig.issuer, ...CLIENT })]);
      const arrival = rig.authorize(await begin(opened.browser, "oidc"));
      const twice = { ...arrival, url: `${arrival.url}&iss=${encodeURIComponent(iss)}` } as Arrival;
      const response = await comeBack(opened.browser, twice);
      expect({ status: response.status, error: (await response.json()).error }).toEqual({
        status: 400,
        error: "oauth_state_invalid",
      });
      expect(response.headers.has("location")).toBe(false);
      expect(opened.writes).toEqual([]);
    }
    expect(tokenCalls()).toBe(before);
  });
});

describe("OAU-06 a mix-up of two providers", () => {
  const both = (): Parameters<typeof openRiggedServer>[1] => [
    oidc({ issuer: rig.issuer, ...CLIENT, id: "honest" }),
    oidc({ issuer: other.issuer, ...CLIENT, id: "evil" }),
  ];

  it("is detected by iss: the code of one provider is never sent to the other", async () => {
    const opened = openRiggedServer(rig, both());
    // The evil provider passes the browser on to the honest one, under the state of its own flow.
    const start = new URL(await begin(opened.browser, "evil"));
    const arrival = rig.authorize(start);
    const before = tokenCalls();
    const response = await comeBack(opened.browser, arrival);
    await expectNothing({ ...opened, response }, ISSUER);
    expect(tokenCalls()).toBe(before);
  });

  it("is detected by the path: the answer to one flow is refused in another", async () => {
    const opened = openRiggedServer(rig, both());
    const arrival = rig.authorize(await begin(opened.browser, "honest"));
    const before = tokenCalls();
    const url = arrival.url.replace("/oauth/honest/", "/oauth/evil/");
    const response = await comeBack(opened.browser, { method: "GET", url });
    expect({ status: response.status, error: (await response.json()).error }).toEqual({
      status: 400,
      error: "oauth_state_invalid",
    });
    expect(response.headers.has("location")).toBe(false);
    expect({ writes: opened.writes, tokenCalls: tokenCalls() }).toEqual({ writes: [], tokenCalls: before });
    // The state is used up: the right path does not help any more.
    const again = await comeBack(opened.browser, arrival);
    expect({ status: again.status, tokenCalls: tokenCalls() }).toEqual({ status: 400, tokenCalls: before });
  });

  it("fails at the ID token where a provider claims to be the other one throughout", async () => {
    other.answers.discovery = () =>
      json({ ...discoveryDocument(other.issuer), jwks_uri: `${rig.origin}/jwks` });
    other.idToken = (right) => rig.mint({ claims: { ...right, iss: rig.issuer } });
    const made = await attempt(other);
    await expectNothing(made, "the ID token is of another issuer");
  });

  it("fails at the token endpoint of the provider that did not issue the code", async () => {
    const opened = openRiggedServer(rig, both());
    const start = new URL(await begin(opened.browser, "honest"));
    const arrival = other.authorize(start, { iss: rig.issuer });
    const response = await comeBack(opened.browser, arrival);
    await expectNothing({ ...opened, response }, "the provider refuses the code");
  });

  it("does not confuse the subjects of two providers", async () => {
    const opened = openRiggedServer(rig, both());
    const ids = new Set<string>();
    for (const [id, one] of [
      ["honest", rig],
      ["evil", other],
    ] as const) {
      one.person = { sub: "the same", email: `${id}@example.com`, email_verified: true };
      const browser = opened.server.browser();
      await comeBack(browser, one.authorize(await begin(browser, id)));
      ids.add((await (await browser.get("/auth/me")).json()).id);
    }
    expect(ids.size).toBe(2);
  });
});

it("OAU-06 GitHub needs no iss, and a callback with another issuer is refused", async () => {
  const provider = github({ clientId: "id", clientSecret: "secret" });
  await expectSignedIn(await attempt(rig, { provider }), { email: "ann@example.com" });
  await expectSignedIn(await attempt(rig, { provider, changes: { iss: "https://evil.example" } }), {});
});

it("OAU-06 a Microsoft tenant has its issuer in the ID token only: its callbacks name none", async () => {
  const provider = microsoft({ clientId: "id", clientSecret: "secret" });
  const tid = "9188040d-6c67-4c5b-b112-36a304b66dad";
  const iss = `https://login.microsoftonline.com/${tid}/v2.0`;
  rig.idToken = (right) => rig.mint({ claims: { ...right, iss, tid } });
  await expectSignedIn(await attempt(rig, { provider, changes: { iss: undefined } }), {});
});
