import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANN, typesOf } from "../fixtures/server.ts";
import { type Network, openSimulation, type Profile, type Simulation, type Tab } from "./simulation.ts";

const RUNS = 60;

/** What a user, a network and a browser do. */
type Step =
  | { readonly do: "refresh" | "fetch" | "reload" | "hide" | "show"; readonly tab: number }
  | { readonly do: "pass"; readonly seconds: number }
  | { readonly do: "network"; readonly is: "fine" | "lost there" | "lost back" | "down" };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("refresh", "fetch", "reload", "hide", "show"), tab: fc.nat(2) }),
    fc.record({ do: fc.constant("pass"), seconds: fc.constantFrom(1, 20, 59, 61, 300, 599, 900) }),
    fc.record({
      do: fc.constant("network"),
      is: fc.constantFrom("fine", "lost there", "lost back", "down"),
    }),
  ),
  { minLength: 5, maxLength: 30 },
);

function lose(): never {
  throw new TypeError("Failed to fetch");
}

function setNetwork(network: Network, is: string): void {
  network.there = is === "lost there" ? lose : () => undefined;
  network.back = (_, response) => (is === "lost back" ? lose() : response);
  if (is === "down") network.back = () => Response.json({ error: "store_unavailable" }, { status: 503 });
}

/** Takes a step, and lets what it began run on beside the next ones. */
async function take(step: Step, simulation: Simulation, open: () => Tab, tabs: Tab[]): Promise<void> {
  if (step.do === "pass") return simulation.pass(step.seconds);
  if (step.do === "network") return setNetwork(simulation.network, step.is);
  const tab = tabs[step.tab];
  if (step.do === "refresh") void tab?.client.refresh();
  if (step.do === "fetch") void tab?.client.fetch("/auth/me").catch(() => undefined);
  if (step.do === "reload") tabs[step.tab] = open();
  if (step.do === "hide" || step.do === "show") tab?.show(step.do === "show");
}

function opener(profile: Profile, env: object): () => Tab {
  return () => {
    const tab = profile.tab(env);
    tab.client.session.subscribe(() => undefined);
    return tab;
  };
}

describe.each([
  ["with Web Locks and channels", {}],
  ["without Web Locks and channels", { locks: null, openChannel: null }],
])("tabs %s", (name, env) => {
  it(`stay signed in and raise no alarm after any ${RUNS} faults`, { timeout: 120_000 }, async () => {
    const seed = Number(process.env["LATCHKEY_SEED"] ?? Date.now() % 2 ** 31);
    console.log(`tabs ${name}: ${RUNS} cases, LATCHKEY_SEED=${seed}`);
    const property = fc.asyncProperty(steps, async (all) => {
      const simulation = openSimulation();
      const profile = simulation.profile();
      await profile.tab().client.signUp(ANN);
      const open = opener(profile, env);
      const tabs = [open(), open(), open()];
      await simulation.whenIdle();
      for (const step of all) await take(step, simulation, open, tabs);
      setNetwork(simulation.network, "fine");
      for (const { show, goOnline } of tabs) {
        show(true);
        goOnline();
      }
      await simulation.pass(130);
      expect(typesOf(simulation.server.events)).not.toContain("session.reuse_detected");
      expect(tabs.map(({ client }) => client.session.get().status)).toEqual(Array(3).fill("signed-in"));
      expect((await profile.browser.get("/auth/me")).status).toBe(200);
    });
    await fc.assert(property, { seed, numRuns: RUNS, endOnFailure: false });
  });
});
