import { describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import {
  type Desk,
  deliver,
  expectFailed,
  expectNoFlow,
  expectSentTo,
  flowsOf,
  jarOf,
  openDesk,
} from "../fixtures/oauth-server.ts";
import { ANN_THERE, type PaperProvider, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { type Arrival, parametersOf } from "../fixtures/providers/visitor.ts";
import { SECRET } from "../fixtures/server.ts";

const NEWER = "another-9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const FLIPPED: Readonly<Record<string, string>> = { A: "B" };

/** A flow that came as far as the provider's answer. */
async function halfway(desk: Desk): Promise<{ arrival: Arrival; jar: ReadonlyMap<string, string> }> {
  const browser = desk.browser();
  const arrival = desk.paper.agree(await begin(browser, desk.paper.id), ANN_THERE);
  return { arrival, jar: jarOf(browser) };
}

function withParameter(arrival: Arrival, name: string, values: readonly string[]): Arrival {
  const url = new URL(arrival.url);
  url.searchParams.delete(name);
  for (const value of values) url.searchParams.append(name, value);
  return { method: "GET", url: url.href };
}

async function expectRefused(desk: Desk, response: Response): Promise<void> {
  await expectNoFlow(response, desk);
  expect(desk.paper.calls).toEqual([]);
}

describe("OAU-01 a callback needs the cookie of its own browser", () => {
  it("OAU-01 refuses a callback without a cookie", async () => {
    const desk = openDesk();
    const { arrival } = await halfway(desk);
    await expectRefused(desk, await deliver(desk, arrival, new Map()));
  });

  it("OAU-01 refuses the cookie of another browser, so no victim is signed in as the attacker", async () => {
    const desk = openDesk();
    const [attacker, victim] = [await halfway(desk), await halfway(desk)];
    await expectRefused(desk, await deliver(desk, attacker.arrival, victim.jar));
  });

  it("OAU-01 refuses the cookie of another flow under the right name", async () => {
    const desk = openDesk();
    const [mine, other] = [await halfway(desk), await halfway(desk)];
    const swapped = new Map([[[...mine.jar.keys()].join(), [...other.jar.values()].join()]]);
    await expectRefused(desk, await deliver(desk, mine.arrival, swapped));
  });

  it("OAU-01 refuses a cookie with any one character changed", async () => {
    const desk = openDesk();
    const { arrival, jar } = await halfway(desk);
    const [[name = "", value = ""] = []] = jar;
    for (const at of [0, 1, 15, 16, 17, Math.floor(value.length / 2), value.length - 3]) {
      const changed = value.slice(0, at) + (FLIPPED[value[at] ?? ""] ?? "A") + value.slice(at + 1);
      await expectRefused(desk, await deliver(desk, arrival, new Map([[name, changed]])));
    }
    for (const other of ["", "A", value.slice(1), value.slice(0, -4), `${value}AAAA`, `"${value}"`, "%00"]) {
      await expectRefused(desk, await deliver(desk, arrival, new Map([[name, other]])));
    }
    expectSentTo(await deliver(desk, arrival, jar), "/welcome");
  });

  it("OAU-01 refuses what a removed secret sealed, and opens what an older one did", async () => {
    const desk = openDesk();
    const { paper, store, clock } = desk;
    const shared = { store, clock, papers: [paper] };
    const [removed, rotated] = [await halfway(desk), await halfway(desk)];
    const fresh = openDesk({ ...shared, secret: NEWER });
    await expectRefused(fresh, await deliver(fresh, removed.arrival, removed.jar));
    const both = openDesk({ ...shared, secret: [NEWER, SECRET] });
    expectSentTo(await deliver(both, rotated.arrival, rotated.jar), "/welcome");
  });

  it("OAU-04 refuses a flow that took ten minutes, also in a browser that keeps its cookie", async () => {
    const desk = openDesk();
    const [late, early] = [await halfway(desk), await halfway(desk)];
    desk.clock.advance(599);
    expectSentTo(await deliver(desk, early.arrival, early.jar), "/welcome");
    const after = openDesk({ store: desk.store, clock: desk.clock, papers: [desk.paper] });
    const before = desk.paper.calls.length;
    desk.clock.advance(1);
    await expectNoFlow(await deliver(after, late.arrival, late.jar), after);
    expect(desk.paper.calls.length).toBe(before);
  });
});

describe("OAU-02 a state is one of ours, once", () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    missing: [],
    empty: [""],
    "of 10 kB": ["s".repeat(10_240)],
    wrong: ["A".repeat(43)],
    "with a space": [` ${"A".repeat(42)}`],
    "a prototype's name": ["__proto__"],
  };

  it.each(Object.entries(wrong))("OAU-02 refuses a state that is %s", async (_, values) => {
    const desk = openDesk();
    const { arrival, jar } = await halfway(desk);
    await expectRefused(desk, await deliver(desk, withParameter(arrival, "state", values), jar));
  });

  it.each(["state", "code", "error", "iss"])("OAU-02 refuses %s twice", async (name) => {
    const desk = openDesk();
    const { arrival, jar } = await halfway(desk);
    const value = parametersOf(arrival).get(name) ?? "x";
    await expectRefused(desk, await deliver(desk, withParameter(arrival, name, [value, value]), jar));
  });

  it("OAU-02 reads no list", async () => {
    const desk = openDesk();
    const { arrival, jar } = await halfway(desk);
    const url = arrival.url.replace("state=", "state[]=");
    await expectRefused(desk, await deliver(desk, { method: "GET", url }, jar));
  });

  it("OAU-02 takes a state once, in a browser that kept its cookie", async () => {
    const desk = openDesk();
    const { arrival, jar } = await halfway(desk);
    expectSentTo(await deliver(desk, arrival, jar), "/welcome");
    const again = openDesk({ store: desk.store, clock: desk.clock, papers: [desk.paper] });
    await expectNoFlow(await deliver(again, arrival, jar), again);
    expect(desk.paper.calls.length).toBe(1);
  });

  it.each<readonly [string, Readonly<Record<string, string | undefined>>, string]>([
    ["the user said no", { error: "access_denied", code: undefined }, "oauth_denied"],
    ["the provider failed", { error: "server_error", code: undefined }, "oauth_failed"],
    ["the code is none", { code: "" }, "oauth_failed"],
    ["the code is unknown", { code: "invented" }, "oauth_failed"],
  ])("OAU-02 uses a state up also where %s", async (_, changes, code) => {
    const desk = openDesk();
    const browser = desk.browser();
    const url = await begin(browser, "paper");
    const [bad, good] = [desk.paper.agree(url, ANN_THERE, changes), desk.paper.agree(url, ANN_THERE)];
    const jar = jarOf(browser);
    expectFailed(await deliver(desk, bad, jar), code);
    const calls = desk.paper.calls.length;
    await expectNoFlow(await deliver(desk, good, jar), desk);
    expect(desk.paper.calls.length).toBe(calls);
  });
});

describe("OAU-03 OAU-08 what belongs to one flow is of no use to another", () => {
  it("OAU-03 refuses the flow of provider A at provider B, before any token call", async () => {
    const [a, b] = [paperProvider({ id: "alpha" }), paperProvider({ id: "beta" })];
    const desk = openDesk({ papers: [a, b] });
    const browser = desk.browser();
    const { url } = a.agree(await begin(browser, "alpha"), ANN_THERE);
    const elsewhere: Arrival = { method: "GET", url: url.replace("/alpha/", "/beta/") };
    await expectNoFlow(await comeBack(browser, elsewhere), desk);
    expect([a.calls, b.calls]).toEqual([[], []]);
    // RFC 9700 4.4: and it is used up, so the mixed-up code is lost.
    await expectNoFlow(await comeBack(browser, { method: "GET", url }), desk);
  });

  it("OAU-08 fails where the code of one flow comes with the state of another", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    const agree = async (): Promise<Arrival> => desk.paper.agree(await begin(browser, "paper"), ANN_THERE);
    const [one, two] = [await agree(), await agree()];
    const stolen = parametersOf(two).get("code") ?? "";
    expectFailed(await comeBack(browser, withParameter(one, "code", [stolen])), "oauth_failed");
    expect(desk.paper.calls.length).toBe(1);
    expect(flowsOf(browser).size).toBe(1);
  });
});

describe("OAU-05 OAU-25 what a provider may say", () => {
  const both: readonly (readonly [string, PaperProvider])[] = [
    ["query", paperProvider()],
    ["form_post", paperProvider({ responseMode: "form_post" })],
  ];
  it.each(both)("OAU-05 takes the error where code and error come together, by %s", async (_, paper) => {
    const desk = openDesk({ papers: [paper] });
    const browser = desk.browser();
    const answer = paper.agree(await begin(browser, "paper"), ANN_THERE, { error: "access_denied" });
    expectFailed(await comeBack(browser, answer), "oauth_denied");
    expect(paper.calls).toEqual([]);
    expect(flowsOf(browser).size).toBe(0);
  });

  it("OAU-05 answers an error without a state with 400, and repeats no word of it", async () => {
    const desk = openDesk();
    const browser = desk.browser();
    await begin(browser, "paper");
    const words = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E";
    const response = await browser.get(`/auth/oauth/paper/callback?${words}`);
    expect(await response.clone().text()).not.toMatch(/script|access_denied/);
    await expectRefused(desk, response);
    expect(flowsOf(browser).size).toBe(1);
  });

  it("OAU-25 refuses a callback without a flow", async () => {
    const desk = openDesk();
    const signedIn = await desk.signedIn();
    const before = desk.events.length;
    for (const query of ["", "?code=x", `?code=x&state=${"A".repeat(43)}`, "?iss=https://id.example.org"]) {
      const response = await signedIn.get(`/auth/oauth/paper/callback${query}`);
      await expectNoFlow(response, { events: desk.events.slice(before) });
    }
    expect(desk.paper.calls).toEqual([]);
    expect((await signedIn.get("/auth/me")).status).toBe(200);
  });
});
