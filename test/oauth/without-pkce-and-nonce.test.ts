import { type OidcOptions, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { json } from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  issue,
  type OAuthProvider,
  openRiggedServer,
  restore,
} from "../fixtures/rigged-sign-in.ts";

const REFUSED = "the provider refuses the code";
const OF_ANOTHER = "the ID token belongs to another sign-in";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

type Without = Pick<OidcOptions, "withoutPkce" | "withoutNonce">;

function provider(without: Without = {}): OAuthProvider {
  return oidc({ issuer: rig.issuer, ...CLIENT, ...without });
}

/** A provider that knows no PKCE: it refuses a verifier as a client that it does not know. */
function refuseVerifiers(): void {
  rig.answers.token = (request) =>
    request.form.has("code_verifier") ? json({ error: "invalid_client" }, 401) : rig.defaults.token(request);
}

function leaveOutNonce(): void {
  issue(rig, { claims: { nonce: undefined } });
}

/** An attacker has a code of Ann's sign-in before it is redeemed, and comes back with it from a sign-in of their own. */
async function injectCode(without: Without): Promise<Attempt> {
  const opened = openRiggedServer(rig, [provider(without)]);
  const ann = opened.server.browser();
  const stolen = rig.authorize(await begin(ann, "oidc"));
  const code = new URL(stolen.url).searchParams.get("code") ?? "";
  const own = rig.authorize(await begin(opened.browser, "oidc"), { code });
  return { ...opened, response: await comeBack(opened.browser, own) };
}

describe("a provider that refuses a code verifier", () => {
  it("signs no user in by default", async () => {
    refuseVerifiers();
    await expectNothing(await attempt(rig, { provider: provider() }), REFUSED);
    await expectNothing(await attempt(rig, { provider: provider({ withoutPkce: false }) }), REFUSED);
  });

  it("signs a person in withoutPkce, whose requests have neither challenge nor verifier", async () => {
    refuseVerifiers();
    const { browser } = openRiggedServer(rig, [provider({ withoutPkce: true })]);
    const { searchParams } = new URL(await begin(browser, "oidc"));
    expect([...searchParams.keys()].filter((name) => name.startsWith("code_"))).toEqual([]);
    expect(searchParams.get("nonce")).toMatch(/^[\w-]{43}$/);
    await expectSignedIn(await attempt(rig, { provider: provider({ withoutPkce: true }) }), { name: "Ann" });
    expect(rig.requestsTo("token").at(-1)?.form.has("code_verifier")).toBe(false);
  });
});

describe("a provider whose ID tokens have no nonce", () => {
  it("signs no user in by default", async () => {
    leaveOutNonce();
    await expectNothing(await attempt(rig, { provider: provider() }), OF_ANOTHER);
    await expectNothing(await attempt(rig, { provider: provider({ withoutNonce: false }) }), OF_ANOTHER);
  });

  it("signs a person in withoutNonce, and is still asked for one", async () => {
    leaveOutNonce();
    const { browser } = openRiggedServer(rig, [provider({ withoutNonce: true })]);
    const { searchParams } = new URL(await begin(browser, "oidc"));
    expect(searchParams.get("nonce")).toMatch(/^[\w-]{43}$/);
    await expectSignedIn(await attempt(rig, { provider: provider({ withoutNonce: true }) }), { name: "Ann" });
  });

  it("signs a person in once the provider does send the nonce", async () => {
    await expectSignedIn(await attempt(rig, { provider: provider({ withoutNonce: true }) }), { name: "Ann" });
  });

  it.each([["another"], [""], [null], [["a"]], [7]])("OAU-09 is refused with the nonce %j", async (nonce) => {
    issue(rig, { claims: { nonce } });
    const made = await attempt(rig, { provider: provider({ withoutNonce: true }) });
    await expectNothing(made, OF_ANOTHER);
  });
});

describe("a stolen code (RFC 9700 4.5)", () => {
  it("is refused by PKCE, with or without a nonce", async () => {
    await expectNothing(await injectCode({}), REFUSED);
    leaveOutNonce();
    await expectNothing(await injectCode({ withoutNonce: true }), REFUSED);
  });

  it("is refused by the nonce withoutPkce", async () => {
    await expectNothing(await injectCode({ withoutPkce: true }), OF_ANOTHER);
  });

  it("signs the attacker in as its owner where both are given up", async () => {
    leaveOutNonce();
    const made = await injectCode({ withoutPkce: true, withoutNonce: true });
    await expectSignedIn(made, { email: "ann@example.com" });
  });

  it("is refused without the state of the browser, also where both are given up (OAU-01)", async () => {
    leaveOutNonce();
    const opened = openRiggedServer(rig, [provider({ withoutPkce: true, withoutNonce: true })]);
    const stolen = rig.authorize(await begin(opened.server.browser(), "oidc"));
    const response = await comeBack(opened.browser, stolen);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "oauth_state_invalid" });
    expect(rig.requestsTo("token").at(-1)?.form.get("code")).not.toBe(
      new URL(stolen.url).searchParams.get("code"),
    );
  });
});
