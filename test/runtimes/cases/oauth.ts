import { github, oidc } from "@latchkey/core/oauth";
import type { Browser } from "../../fixtures/browser.ts";
import { settableClock } from "../../fixtures/clock.ts";
import {
  CLIENT,
  type FetchProvider,
  ISSUER,
  openFetchProvider,
  PERSON,
} from "../../fixtures/providers/fetch-provider.ts";
import { ACCESS, ORIGIN, openSecureServer, REFRESH, type TestServer } from "../../fixtures/server.ts";
import { answered, cookiesOf } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";

interface Visit {
  readonly server: TestServer;
  readonly provider: FetchProvider;
  readonly browser: Browser;
}

async function openVisit(algorithm: "ES256" | "RS256" = "ES256"): Promise<Visit> {
  const clock = settableClock();
  const provider = await openFetchProvider(clock, algorithm);
  const providers = [github(CLIENT), oidc({ ...CLIENT, issuer: ISSUER })];
  const server = openSecureServer({ clock, providers, env: { clock: clock.now, fetch: provider.fetch } });
  return { server, provider, browser: server.browser() };
}

async function travel({ browser, provider }: Visit, id: string): Promise<Response> {
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
      const visit = await openVisit(algorithm);
      const { server, provider, browser } = visit;
      const before = globalThis.fetch;
      const response = await travel(visit, id);
      same([response.status, response.headers.get("location")], [303, `${ORIGIN}/welcome`]);
      same(
        cookiesOf(response)
          .set.filter((name) => name === ACCESS || name === REFRESH)
          .sort(),
        [ACCESS, REFRESH],
      );
      const me = await answered(await browser.get("/auth/me"), 200);
      same([me["email"], me["name"]], [PERSON.email, PERSON.name]);
      same(await server.auth.users.accounts(String(me["id"])), [{ provider: id, subject }]);
      holds(provider.asked.includes(endpoint), "the code was exchanged through env.fetch");
      same(globalThis.fetch === before, true, "the runtime's fetch is in its place");
    },
  })),
  {
    name: "the provider's refusal of a code comes back as oauth_failed",
    run: async () => {
      const visit = await openVisit();
      const start = await visit.browser.get("/auth/oauth/github?redirect_to=/welcome");
      const back = new URL(visit.provider.authorize(start.headers.get("location") ?? ""));
      back.searchParams.set("code", "another");
      const response = await visit.browser.get(back.pathname + back.search);
      same(response.headers.get("location"), `${ORIGIN}/welcome?error=oauth_failed`);
      same(visit.browser.names().includes(REFRESH), false);
    },
  },
];
