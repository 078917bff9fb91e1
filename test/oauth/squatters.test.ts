import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { linkAt, openStubServer, signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, countOf } from "../fixtures/server.ts";

const INTRUDER = { subject: "intruder", email: "intruder@example.com", emailVerified: true };
const two = () => [stubProvider(), stubProvider({ id: "other" })] as const;

describe("OAU-17 an attacker that signed up before the owner of the address", () => {
  it("loses its linked accounts at the first proof of the address", async () => {
    const stubs = two();
    const [stub, other] = stubs;
    const server = openStubServer({ stubs });
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(other, browser, INTRUDER), "/settings");
    expectSentTo(await linkAt(stub, browser), "/settings");
    expect(await server.auth.users.accounts(id)).toEqual([{ provider: "stub", subject: ANN_THERE.subject }]);
    const intruder = server.browser();
    expectSentTo(await signInAt(other, intruder, INTRUDER), "/welcome");
    expect(await whoIs(intruder)).not.toBe(id);
  });

  it("loses them also where a sign-in proves the address and the link fails", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(server.stub, browser, { ...ANN_THERE, emailVerified: false }), "/settings");
    expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: false });
    const ann = server.browser();
    expectSentTo(await server.signIn(ann), "/welcome");
    expect(await server.store.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect(await whoIs(ann)).toBe(id);
    expect(await server.auth.sessions.list(id)).toHaveLength(1);
  });
});

describe("a refused sign-in", () => {
  it("leaves no link to the existing user", async () => {
    const server = openStubServer({ hooks: { signedIn: () => false } });
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
    expectFailed(await server.signIn(server.browser()), "forbidden");
    expect(await server.auth.users.accounts(id)).toEqual([]);
  });

  it("links nothing to a disabled user", async () => {
    const server = openStubServer();
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
    await server.auth.users.disable(id);
    expectFailed(await server.signIn(server.browser()), "forbidden");
    expect(await server.auth.users.accounts(id)).toEqual([]);
    // Not even until the sign-in fails: a crash in between would leave the link.
    expect(countOf(server, "account.linked")).toBe(0);
  });

  it("removes its link where a native app is refused at the exchange", async () => {
    const trustedOrigins = ["com.example.app://"];
    const server = openStubServer({ hooks: { signedIn: () => false }, trustedOrigins });
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const start = await server
      .browser()
      .get(
        `/auth/oauth/stub?transport=bearer&code_challenge=${challenge}&redirect_to=${encodeURIComponent("com.example.app://x")}`,
      );
    expect(start.status).toBe(303);
    const browser = server.browser();
    browser.take(start.headers);
    const arrival = server.stub.agree(start.headers.get("location") ?? "", ANN_THERE);
    const { pathname, search } = new URL(arrival.url);
    const back = await browser.get(pathname + search, { "sec-fetch-site": "cross-site" });
    const code = new URL(back.headers.get("location") ?? "").searchParams.get("code");
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
    const body = { code, code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };
    await expectError(await browser.post("/auth/oauth/exchange", body), 403, "forbidden");
    expect(await server.auth.users.accounts(id)).toEqual([]);
  });
});

describe("the last sign-in method", () => {
  it("is the link where the user's password has no identifier", async () => {
    const server = openStubServer();
    const browser = server.browser();
    expectSentTo(await server.signIn(browser, { ...ANN_THERE, emailVerified: false }), "/welcome");
    const id = String(await whoIs(browser));
    expect((await server.auth.users.get(id))?.email).toBeNull();
    await server.auth.users.setPassword(id, ANN.password);
    expectSentTo(await server.signIn(browser, { ...ANN_THERE, emailVerified: false }), "/welcome");
    await expectError(await browser.send("/auth/oauth/stub/link", { method: "DELETE" }), 403, "forbidden");
    expect(await server.auth.users.accounts(id)).toHaveLength(1);
  });
});

describe("the code of a native app", () => {
  it("is sent to no page of the server that is not listed", async () => {
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const start = (target: string): string =>
      `/auth/oauth/stub?transport=bearer&code_challenge=${challenge}&redirect_to=${encodeURIComponent(target)}`;
    const own = "https://app.example.com/any/page";
    const server = openStubServer({ trustedOrigins: ["com.example.app://"] });
    for (const target of ["/any/page", own]) {
      await expectError(await server.browser().get(start(target)), 400, "redirect_not_allowed");
    }
    const listed = openStubServer({ trustedOrigins: ["https://app.example.com"] });
    expect((await listed.browser().get(start(own))).status).toBe(303);
  });
});

describe("OAU-04 many tabs at the same time", () => {
  it("have room for sixteen flows, with a session and targets of 60 characters, all begun in one second", async () => {
    const server = openStubServer();
    const browser = await server.signedIn();
    const urls: string[] = [];
    for (let n = 0; n < 17; n++) {
      const target = encodeURIComponent(`/orders/${n}?${"x".repeat(50)}`);
      const response = await browser.get(`/auth/oauth/stub?redirect_to=${target}`);
      urls.push(response.headers.get("location") ?? "");
    }
    expect(browser.names("/").filter((name) => name.includes("oauth"))).toHaveLength(16);
    const statuses: number[] = [];
    for (const url of urls) {
      const { pathname, search } = new URL(server.stub.agree(url, { subject: "ann" }).url);
      statuses.push((await browser.get(pathname + search, { "sec-fetch-site": "cross-site" })).status);
    }
    expect(statuses).toEqual([400, ...Array.from({ length: 16 }, () => 303)]);
  });
});
