import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { expectFailed, expectSentTo, linkAt, openDesk, signInAt, whoIs } from "../fixtures/oauth-server.ts";
import { ANN_THERE, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { ANN } from "../fixtures/server.ts";

const INTRUDER = { subject: "intruder", email: "intruder@example.com", emailVerified: true };
const two = () => [paperProvider(), paperProvider({ id: "other" })] as const;

describe("OAU-17 an attacker that signed up before the owner of the address", () => {
  it("loses the accounts that they linked, with the first proof", async () => {
    const papers = two();
    const [paper, other] = papers;
    const desk = openDesk({ papers });
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(other, browser, INTRUDER), "/settings");
    expectSentTo(await linkAt(paper, browser), "/settings");
    expect(await desk.auth.users.accounts(id)).toEqual([{ provider: "paper", subject: ANN_THERE.subject }]);
    const intruder = desk.browser();
    expectSentTo(await signInAt(other, intruder, INTRUDER), "/welcome");
    expect(await whoIs(intruder)).not.toBe(id);
  });

  it("loses them also where a sign-in proves the address that the link did not", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(desk.paper, browser, { ...ANN_THERE, emailVerified: false }), "/settings");
    expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified: false });
    const ann = desk.browser();
    expectSentTo(await desk.signIn(ann), "/welcome");
    expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified: true, passwordHash: null });
    expect(await whoIs(ann)).toBe(id);
    expect(await desk.auth.sessions.list(id)).toHaveLength(1);
  });
});

describe("a sign-in that is refused", () => {
  it("leaves no link to the user who was there", async () => {
    const desk = openDesk({ hooks: { signedIn: () => false } });
    const { id } = await desk.auth.users.create({ ...ANN, emailVerified: true });
    expectFailed(await desk.signIn(desk.browser()), "forbidden");
    expect(await desk.auth.users.accounts(id)).toEqual([]);
  });

  it("links nothing to a disabled user", async () => {
    const desk = openDesk();
    const { id } = await desk.auth.users.create({ ...ANN, emailVerified: true });
    await desk.auth.users.disable(id);
    expectFailed(await desk.signIn(desk.browser()), "forbidden");
    expect(await desk.auth.users.accounts(id)).toEqual([]);
  });

  it("leaves no link where a native app is refused, either", async () => {
    const trustedOrigins = ["com.example.app://"];
    const desk = openDesk({ hooks: { signedIn: () => false }, trustedOrigins });
    const { id } = await desk.auth.users.create({ ...ANN, emailVerified: true });
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const start = await desk
      .browser()
      .get(
        `/auth/oauth/paper?transport=bearer&code_challenge=${challenge}&redirect_to=${encodeURIComponent("com.example.app://x")}`,
      );
    expect(start.status).toBe(303);
    const browser = desk.browser();
    browser.take(start.headers);
    const arrival = desk.paper.agree(start.headers.get("location") ?? "", ANN_THERE);
    const { pathname, search } = new URL(arrival.url);
    const back = await browser.get(pathname + search, { "sec-fetch-site": "cross-site" });
    const code = new URL(back.headers.get("location") ?? "").searchParams.get("code");
    expect(await desk.auth.users.accounts(id)).toHaveLength(1);
    const body = { code, code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };
    await expectError(await browser.post("/auth/oauth/exchange", body), 403, "forbidden");
    expect(await desk.auth.users.accounts(id)).toEqual([]);
  });
});

describe("the last way in", () => {
  it("is the link of a user whose password has no identifier to go with it", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    expectSentTo(await desk.signIn(browser, { ...ANN_THERE, emailVerified: false }), "/welcome");
    const id = String(await whoIs(browser));
    expect((await desk.auth.users.get(id))?.email).toBeNull();
    await desk.auth.users.setPassword(id, ANN.password);
    expectSentTo(await desk.signIn(browser, { ...ANN_THERE, emailVerified: false }), "/welcome");
    await expectError(await browser.send("/auth/oauth/paper/link", { method: "DELETE" }), 403, "forbidden");
    expect(await desk.auth.users.accounts(id)).toHaveLength(1);
  });
});

describe("the code of a native app", () => {
  it("goes to no page of the server that is not listed", async () => {
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const start = (target: string): string =>
      `/auth/oauth/paper?transport=bearer&code_challenge=${challenge}&redirect_to=${encodeURIComponent(target)}`;
    const own = "https://app.example.com/any/page";
    const desk = openDesk({ trustedOrigins: ["com.example.app://"] });
    for (const target of ["/any/page", own]) {
      await expectError(await desk.browser().get(start(target)), 400, "redirect_not_allowed");
    }
    const listed = openDesk({ trustedOrigins: ["https://app.example.com"] });
    expect((await listed.browser().get(start(own))).status).toBe(303);
  });
});

describe("OAU-04 many tabs at once", () => {
  it("sixteen of them fit, with a session and targets of 60 characters, all begun in one second", async () => {
    const desk = openDesk();
    const browser = await desk.signedIn();
    const urls: string[] = [];
    for (let n = 0; n < 17; n++) {
      const target = encodeURIComponent(`/orders/${n}?${"x".repeat(50)}`);
      const response = await browser.get(`/auth/oauth/paper?redirect_to=${target}`);
      urls.push(response.headers.get("location") ?? "");
    }
    expect(browser.names("/").filter((name) => name.includes("oauth"))).toHaveLength(16);
    const statuses: number[] = [];
    for (const url of urls) {
      const { pathname, search } = new URL(desk.paper.agree(url, { subject: "ann" }).url);
      statuses.push((await browser.get(pathname + search, { "sec-fetch-site": "cross-site" })).status);
    }
    expect(statuses).toEqual([400, ...Array.from({ length: 16 }, () => 303)]);
  });
});
