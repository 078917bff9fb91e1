import { describe, expect, it } from "vitest";
import { expectFailed, expectNoFlow, expectSentTo } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer } from "../fixtures/oauth-server.ts";
import { type Arrival, parametersOf } from "../fixtures/providers/arrival.ts";
import { ANN_THERE, type StubProvider, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { SECRET } from "../fixtures/server.ts";

const NEWER = "another-9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const FLIPPED: Readonly<Record<string, string>> = { A: "B" };

/** A flow that came as far as the provider's answer. */
async function halfway(server: StubServer): Promise<{ arrival: Arrival; jar: ReadonlyMap<string, string> }> {
  const browser = server.browser();
  const arrival = server.stub.agree(await begin(browser, server.stub.id), ANN_THERE);
  return { arrival, jar: jarOf(browser) };
}

function withParameter(arrival: Arrival, name: string, values: readonly string[]): Arrival {
  const url = new URL(arrival.url);
  url.searchParams.delete(name);
  for (const value of values) url.searchParams.append(name, value);
  return { method: "GET", url: url.href };
}

async function expectRefused(server: StubServer, response: Response): Promise<void> {
  await expectNoFlow(response, server);
  expect(server.stub.calls).toEqual([]);
}

describe("OAU-01 a callback", () => {
  it("OAU-01 is refused without a cookie", async () => {
    const server = openStubServer();
    const { arrival } = await halfway(server);
    await expectRefused(server, await deliver(server, arrival, new Map()));
  });

  it("OAU-01 is refused with the cookie of another browser, so no victim is signed in as the attacker", async () => {
    const server = openStubServer();
    const [attacker, victim] = [await halfway(server), await halfway(server)];
    await expectRefused(server, await deliver(server, attacker.arrival, victim.jar));
  });

  it("OAU-01 is refused with the cookie of another flow under the right name", async () => {
    const server = openStubServer();
    const [mine, other] = [await halfway(server), await halfway(server)];
    const swapped = new Map([[[...mine.jar.keys()].join(), [...other.jar.values()].join()]]);
    await expectRefused(server, await deliver(server, mine.arrival, swapped));
  });

  it("OAU-01 is refused with any one character of the cookie changed", async () => {
    const server = openStubServer();
    const { arrival, jar } = await halfway(server);
    const [[name = "", value = ""] = []] = jar;
    for (const at of [0, 1, 15, 16, 17, Math.floor(value.length / 2), value.length - 3]) {
      const changed = value.slice(0, at) + (FLIPPED[value[at] ?? ""] ?? "A") + value.slice(at + 1);
      await expectRefused(server, await deliver(server, arrival, new Map([[name, changed]])));
    }
    for (const other of ["", "A", value.slice(1), value.slice(0, -4), `${value}AAAA`, `"${value}"`, "%00"]) {
      await expectRefused(server, await deliver(server, arrival, new Map([[name, other]])));
    }
    expectSentTo(await deliver(server, arrival, jar), "/welcome");
  });

  it("OAU-01 is refused where a removed secret sealed the cookie, and accepted for an older secret", async () => {
    const server = openStubServer();
    const { stub, store, clock } = server;
    const shared = { store, clock, stubs: [stub] };
    const [removed, rotated] = [await halfway(server), await halfway(server)];
    const fresh = openStubServer({ ...shared, secret: NEWER });
    await expectRefused(fresh, await deliver(fresh, removed.arrival, removed.jar));
    const both = openStubServer({ ...shared, secret: [NEWER, SECRET] });
    expectSentTo(await deliver(both, rotated.arrival, rotated.jar), "/welcome");
  });

  it("OAU-04 is refused after ten minutes, also in a browser that keeps the cookie", async () => {
    const server = openStubServer();
    const [late, early] = [await halfway(server), await halfway(server)];
    server.clock.advance(599);
    expectSentTo(await deliver(server, early.arrival, early.jar), "/welcome");
    const after = openStubServer({ store: server.store, clock: server.clock, stubs: [server.stub] });
    const before = server.stub.calls.length;
    server.clock.advance(1);
    await expectNoFlow(await deliver(after, late.arrival, late.jar), after);
    expect(server.stub.calls.length).toBe(before);
  });
});

describe("OAU-02 the state of a callback", () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    missing: [],
    empty: [""],
    "of 10 kB": ["s".repeat(10_240)],
    wrong: ["A".repeat(43)],
    "with a space": [` ${"A".repeat(42)}`],
    "a prototype's name": ["__proto__"],
  };

  it.each(Object.entries(wrong))("OAU-02 is refused where it is %s", async (_, values) => {
    const server = openStubServer();
    const { arrival, jar } = await halfway(server);
    await expectRefused(server, await deliver(server, withParameter(arrival, "state", values), jar));
  });

  it.each(["state", "code", "error", "iss"])("OAU-02 is refused where there are %s twice", async (name) => {
    const server = openStubServer();
    const { arrival, jar } = await halfway(server);
    const value = parametersOf(arrival).get(name) ?? "x";
    await expectRefused(server, await deliver(server, withParameter(arrival, name, [value, value]), jar));
  });

  it("OAU-02 is refused where it is a list", async () => {
    const server = openStubServer();
    const { arrival, jar } = await halfway(server);
    const url = arrival.url.replace("state=", "state[]=");
    await expectRefused(server, await deliver(server, { method: "GET", url }, jar));
  });

  it("OAU-02 is accepted once, in a browser that kept its cookie", async () => {
    const server = openStubServer();
    const { arrival, jar } = await halfway(server);
    expectSentTo(await deliver(server, arrival, jar), "/welcome");
    const again = openStubServer({ store: server.store, clock: server.clock, stubs: [server.stub] });
    await expectNoFlow(await deliver(again, arrival, jar), again);
    expect(server.stub.calls.length).toBe(1);
  });

  it.each<readonly [string, Readonly<Record<string, string | undefined>>, string]>([
    ["the user said no", { error: "access_denied", code: undefined }, "oauth_denied"],
    ["the provider failed", { error: "server_error", code: undefined }, "oauth_failed"],
    ["the code is none", { code: "" }, "oauth_failed"],
    ["the code is unknown", { code: "invented" }, "oauth_failed"],
  ])("OAU-02 is used up also where %s", async (_, changes, code) => {
    const server = openStubServer();
    const browser = server.browser();
    const url = await begin(browser, "stub");
    const [bad, good] = [server.stub.agree(url, ANN_THERE, changes), server.stub.agree(url, ANN_THERE)];
    const jar = jarOf(browser);
    expectFailed(await deliver(server, bad, jar), code);
    const calls = server.stub.calls.length;
    await expectNoFlow(await deliver(server, good, jar), server);
    expect(server.stub.calls.length).toBe(calls);
  });
});

describe("OAU-03 OAU-08 parts of one flow are refused in another", () => {
  it("OAU-03 the flow of provider A is refused at provider B, before any token request", async () => {
    const [a, b] = [stubProvider({ id: "alpha" }), stubProvider({ id: "beta" })];
    const server = openStubServer({ stubs: [a, b] });
    const browser = server.browser();
    const { url } = a.agree(await begin(browser, "alpha"), ANN_THERE);
    const elsewhere: Arrival = { method: "GET", url: url.replace("/alpha/", "/beta/") };
    await expectNoFlow(await comeBack(browser, elsewhere), server);
    expect({ a: a.calls, b: b.calls }).toEqual({ a: [], b: [] });
    // RFC 9700 4.4: and it is used up, so the mixed-up code is lost.
    await expectNoFlow(await comeBack(browser, { method: "GET", url }), server);
  });

  it("OAU-08 the code of one flow fails with the state of another", async () => {
    const server = openStubServer();
    const browser = server.browser();
    const agree = async (): Promise<Arrival> => server.stub.agree(await begin(browser, "stub"), ANN_THERE);
    const [one, two] = [await agree(), await agree()];
    const stolen = parametersOf(two).get("code") ?? "";
    expectFailed(await comeBack(browser, withParameter(one, "code", [stolen])), "oauth_failed");
    expect(server.stub.calls.length).toBe(1);
    expect(flowsOf(browser).size).toBe(1);
  });
});

describe("OAU-05 OAU-25 the answer of a provider", () => {
  const both: readonly (readonly [string, StubProvider])[] = [
    ["query", stubProvider()],
    ["form_post", stubProvider({ responseMode: "form_post" })],
  ];
  it.each(both)("OAU-05 counts as an error where code and error come together, by %s", async (_, stub) => {
    const server = openStubServer({ stubs: [stub] });
    const browser = server.browser();
    const answer = stub.agree(await begin(browser, "stub"), ANN_THERE, { error: "access_denied" });
    expectFailed(await comeBack(browser, answer), "oauth_denied");
    expect(stub.calls).toEqual([]);
    expect(flowsOf(browser).size).toBe(0);
  });

  it("OAU-05 is answered with 400 where an error has no state, and no word of it is repeated", async () => {
    const server = openStubServer();
    const browser = server.browser();
    await begin(browser, "stub");
    const words = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E";
    const response = await browser.get(`/auth/oauth/stub/callback?${words}`);
    expect(await response.clone().text()).not.toMatch(/script|access_denied/);
    await expectRefused(server, response);
    expect(flowsOf(browser).size).toBe(1);
  });

  it("OAU-25 is refused without a flow", async () => {
    const server = openStubServer();
    const signedIn = await server.signedIn();
    const before = server.events.length;
    for (const query of ["", "?code=x", `?code=x&state=${"A".repeat(43)}`, "?iss=https://id.example.org"]) {
      const response = await signedIn.get(`/auth/oauth/stub/callback${query}`);
      await expectNoFlow(response, { events: server.events.slice(before) });
    }
    expect(server.stub.calls).toEqual([]);
    expect((await signedIn.get("/auth/me")).status).toBe(200);
  });
});
