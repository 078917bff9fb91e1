import { google } from "@latchkey/core/oauth";
import { password } from "@latchkey/core/password";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import type { Members } from "../fixtures/providers/forged-token.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { CLIENT, openRiggedServer, restore } from "../fixtures/rigged-sign-in.ts";
import { cheapHasher } from "../fixtures/server.ts";

const GOOGLE = google({ ...CLIENT, storeTokens: true, idTokenAudiences: [CLIENT.clientId] });
const ACCOUNT = { provider: "google", subject: "rigged-1" };
const ANN = "ann@example.com";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider({ issuer: "https://accounts.google.com" });
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

/** Signs in by the sheet, with other members of the body. */
async function bySheet(browser: Browser, more: Members = {}, claims: Members = {}): Promise<Response> {
  const { nonce } = await bodyOf(await browser.post("/auth/oauth/google/nonce"));
  const id_token = rig.mint({ claims: { aud: CLIENT.clientId, nonce, ...claims } });
  return browser.post("/auth/oauth/google/token", { id_token, nonce, ...more });
}

describe("an invitation in a sign-in by the sheet", () => {
  async function openInvited() {
    const inbox = openInbox();
    const refused: { now: boolean } = { now: false };
    const opened = openRiggedServer(rig, [GOOGLE], {
      signUp: "invited",
      mail: inbox.mail,
      hooks: { signedIn: () => (refused.now ? false : undefined) },
    });
    const { auth } = opened.server;
    await auth.users.invite(ANN);
    const browser = (): Browser => opened.server.browser();
    return { auth, browser, refused, invitation: await inbox.token("invitation") };
  }

  it("is not spent by a sign-in that fails, and is spent by the one that succeeds", async () => {
    const { auth, browser, refused, invitation } = await openInvited();
    await expectError(await bySheet(browser()), 403, "forbidden");
    await expectError(await bySheet(browser(), { invitation }, { aud: "evil" }), 400, "oauth_failed");
    await expectError(
      await bySheet(browser(), { invitation }, { email: "eve@example.com" }),
      403,
      "forbidden",
    );
    refused.now = true;
    await expectError(await bySheet(browser(), { invitation }), 403, "forbidden");
    expect(await auth.users.find({ email: ANN })).toBeNull();
    refused.now = false;
    expect((await bySheet(browser(), { invitation })).status).toBe(200);
    await auth.users.delete(String((await auth.users.find({ email: ANN }))?.id));
    const other = { sub: "another" };
    await expectError(await bySheet(browser(), { invitation }, other), 400, "mail_token_invalid");
  });

  it("creates one user by eight sign-ins at the same time", async () => {
    const { auth, browser, invitation } = await openInvited();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => bySheet(browser(), { invitation }, { sub: `person-${n}` })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const user = await auth.users.find({ email: ANN });
    expect(await auth.users.accounts(String(user?.id))).toHaveLength(1);
    expect((await auth.users.list()).users).toHaveLength(1);
  });
});

describe("a sign-in by the sheet", () => {
  it("joins no user of an address that Google does not vouch for, and verifies none", async () => {
    const providers = [GOOGLE, password({ hasher: cheapHasher })];
    const { server, browser } = openRiggedServer(rig, [GOOGLE], { providers });
    const { auth } = server;
    const { id } = await auth.users.create({
      email: ANN,
      emailVerified: true,
      password: "correct horse bat",
    });
    // Google is the authority for its own mailboxes and for the domain of `hd` alone.
    for (const claims of [{}, { hd: "evil.example" }, { email_verified: false, hd: "example.com" }])
      await expectError(await bySheet(browser, {}, claims), 409, "account_not_linked");
    expect(await auth.users.accounts(id)).toEqual([]);
    const later = { email: "new@example.com" };
    expect(await bodyOf(await bySheet(browser, {}, later))).toMatchObject({ user: { email: later.email } });
    expect((await auth.users.find(later))?.emailVerified).toBe(false);
  });

  it("leaves the tokens that the redirect stored, because it brings no others", async () => {
    const { server, browser } = openRiggedServer(rig, [GOOGLE]);
    await comeBack(browser, rig.authorize(await begin(browser, "google")));
    const user = await server.store.users.findByAccount(ACCOUNT);
    const kept = await server.auth.users.providerTokens(String(user?.id), "google");
    expect(kept?.accessToken).toBeTruthy();
    expect((await bySheet(server.browser())).status).toBe(200);
    expect(await server.auth.users.providerTokens(String(user?.id), "google")).toEqual(kept);
  });

  it("ends the session of the browser, and starts one by eight requests with one nonce", async () => {
    const { server, browser } = openRiggedServer(rig, [GOOGLE]);
    await bySheet(browser);
    const user = await server.store.users.findByAccount(ACCOUNT);
    const { nonce } = await bodyOf(await browser.post("/auth/oauth/google/nonce"));
    const body = { id_token: rig.mint({ claims: { aud: CLIENT.clientId, nonce } }), nonce };
    const copies = Array.from({ length: 8 }, () => browser.copy());
    const answers = await Promise.all(copies.map((copy) => copy.post("/auth/oauth/google/token", body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(400)]);
    expect(await server.auth.sessions.list(String(user?.id))).toHaveLength(1);
  });

  it("takes no state and no token of the redirect, and the callback takes no nonce", async () => {
    const { server, browser } = openRiggedServer(rig, [GOOGLE]);
    const start = new URL(await begin(browser, "google")).searchParams;
    for (const name of ["state", "nonce"]) {
      const nonce = String(start.get(name));
      const body = { id_token: rig.mint({ claims: { aud: CLIENT.clientId, nonce } }), nonce };
      await expectError(await browser.post("/auth/oauth/google/token", body), 400, "oauth_state_invalid");
    }
    const { nonce } = await bodyOf(await browser.post("/auth/oauth/google/nonce"));
    const query = new URLSearchParams({ state: String(nonce), code: "code" });
    const answer = await browser.get(`/auth/oauth/google/callback?${query}`, { accept: "application/json" });
    await expectError(answer, 400, "oauth_state_invalid");
    expect(await server.store.users.findByAccount(ACCOUNT)).toBeNull();
  });
});
