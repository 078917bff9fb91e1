import { github, oidc } from "@latchkey/core/oauth";
import type { Browser } from "../../fixtures/browser.ts";
import { settableClock } from "../../fixtures/clock.ts";
import {
  CLIENT,
  type FakeProvider,
  ISSUER,
  openFakeProvider,
  PERSON,
} from "../../fixtures/providers/fetch-provider.ts";
import type { World } from "../../fixtures/server.ts";
import { answered, cookiesOf } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { ACCESS, ORIGIN, openWorld, REFRESH } from "../stage.ts";

interface Station {
  readonly world: World;
  readonly provider: FakeProvider;
  readonly browser: Browser;
}

async function openStation(algorithm: "ES256" | "RS256" = "ES256"): Promise<Station> {
  const clock = settableClock();
  const provider = await openFakeProvider(clock, algorithm);
  const providers = [github(CLIENT), oidc({ ...CLIENT, issuer: ISSUER })];
  const world = openWorld({ clock, providers, env: { clock: clock.now, fetch: provider.fetch } });
  return { world, provider, browser: world.browser() };
}

async function travel({ browser, provider }: Station, id: string): Promise<Response> {
  const start = await browser.get(`/auth/oauth/${id}?redirect_to=/welcome`, { "sec-fetch-site": "none" });
  same(start.status, 303);
  const back = new URL(provider.authorize(start.headers.get("location") ?? ""));
  same(back.origin + back.pathname, `${ORIGIN}/auth/oauth/${id}/callback`);
  return browser.get(back.pathname + back.search, { "sec-fetch-site": "cross-site" });
}

const roundTrips = [
  ["github", "1001", "https://github.com/login/oauth/access_token", "ES256"],
  ["oidc", "ann-1", `${ISSUER}/token`, "ES256"],
  ["oidc", "ann-1", `${ISSUER}/token`, "RS256"],
] as const;

export const oauth: readonly Case[] = [
  ...roundTrips.map(([id, subject, endpoint, algorithm]) => ({
    name: `a sign-in with ${id}, there and back${algorithm === "RS256" ? ", by RS256" : ""}`,
    run: async () => {
      const station = await openStation(algorithm);
      const { world, provider, browser } = station;
      const before = globalThis.fetch;
      const response = await travel(station, id);
      same([response.status, response.headers.get("location")], [303, `${ORIGIN}/welcome`]);
      same(
        cookiesOf(response)
          .set.filter((name) => name === ACCESS || name === REFRESH)
          .sort(),
        [ACCESS, REFRESH],
      );
      const me = await answered(await browser.get("/auth/me"), 200);
      same([me["email"], me["name"]], [PERSON.email, PERSON.name]);
      same(await world.auth.users.accounts(String(me["id"])), [{ provider: id, subject }]);
      holds(provider.asked.includes(endpoint), "the code was exchanged through env.fetch");
      same(globalThis.fetch === before, true, "the runtime's fetch is in its place");
    },
  })),
  {
    name: "the provider's refusal of a code comes back as oauth_failed",
    run: async () => {
      const station = await openStation();
      const start = await station.browser.get("/auth/oauth/github?redirect_to=/welcome");
      const back = new URL(station.provider.authorize(start.headers.get("location") ?? ""));
      back.searchParams.set("code", "another");
      const response = await station.browser.get(back.pathname + back.search);
      same(response.headers.get("location"), `${ORIGIN}/welcome?error=oauth_failed`);
      same(station.browser.names().includes(REFRESH), false);
    },
  },
];
