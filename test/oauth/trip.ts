import type { Auth, AuthEvent, AuthOptions, JsonObject, Provider, Store, User } from "@latchkey/core";
import { type Browser, openBrowser } from "../rows/browser.ts";
import { type Clock, settableClock } from "../rows/clock.ts";
import { cheapPassword, makeWorld } from "../rows/world.ts";
import { type Arrival, openVisitor, type Visitor } from "./drive.ts";

/** Where the browser of these tests is at home, and comes back to. */
export const HOME = "http://localhost:3000";

/** The callback of a provider at `HOME`. */
export function callbackOf(id: string): string {
  return `${HOME}/auth/oauth/${id}/callback`;
}

/** A server with providers, and what happens on it. */
export interface Station {
  readonly auth: Auth<JsonObject, User>;
  readonly store: Store;
  readonly events: readonly AuthEvent[];
  readonly clock: Clock;
  browser(): Browser;
}

/** Opens a server with passwords and the providers, on the machine's clock: real providers go by it. */
export function openStation(providers: readonly Provider[], options: Partial<AuthOptions> = {}): Station {
  const clock = settableClock(Math.floor(Date.now() / 1_000));
  const env = { clock: clock.now, ...options.env };
  const world = makeWorld({ clock, ...options, env, providers: [cheapPassword(), ...providers] });
  return { ...world, browser: () => openBrowser({ server: world.auth, clock, origin: HOME }) };
}

/** Begins a sign-in, and returns where the browser is sent. */
export async function begin(browser: Browser, provider: string, redirectTo = "/welcome"): Promise<string> {
  const path = `/auth/oauth/${provider}?redirect_to=${encodeURIComponent(redirectTo)}`;
  const response = await browser.get(path, { "sec-fetch-site": "none" });
  const location = response.headers.get("location");
  if (response.status !== 303 || location === null) {
    throw new Error(`the start answered ${response.status}: ${await response.text()}`);
  }
  return location;
}

/** Carries the provider's answer home. */
export function comeBack(browser: Browser, arrival: Arrival): Promise<Response> {
  const { pathname, search } = new URL(arrival.url);
  const headers = { "sec-fetch-site": "cross-site" };
  if (arrival.method === "GET") return browser.get(pathname + search, headers);
  return browser.send(pathname, {
    method: "POST",
    body: arrival.body.toString(),
    headers: { ...headers, origin: "null", "content-type": "application/x-www-form-urlencoded" },
  });
}

/** The whole way: to the provider, through login and consent, and back. */
export async function travel(
  browser: Browser,
  provider: string,
  { login, visitor = openVisitor() }: { readonly login: string; readonly visitor?: Visitor },
): Promise<Response> {
  return comeBack(browser, await visitor.signIn(await begin(browser, provider), login));
}
