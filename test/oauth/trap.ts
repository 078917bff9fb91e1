import type { AuthOptions, Provider, Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { oidc } from "@latchkey/core/oauth";
import { expect } from "vitest";
import type { Browser } from "../rows/browser.ts";
import { type RigFetch, rigFetch, wellKnown } from "./rig-fetch.ts";
import type { Minting, RiggedProvider } from "./rigged-provider.ts";
import { begin, comeBack, HOME, openStation, type Station } from "./trip.ts";

/** How the rig knows the server; no character of it is easy. */
export const CLIENT = { clientId: "a client:1", clientSecret: "50% of+ä:secret" };

export type OAuthProvider = Extract<Provider, { type: "oauth" }>;

export interface TrapOptions {
  /** `oidc()` with `CLIENT` unless said otherwise. */
  readonly provider?: OAuthProvider;
  /** Laid over what the provider sends the browser back with. */
  readonly changes?: Readonly<Record<string, string | undefined>>;
  readonly options?: Partial<AuthOptions>;
}

/** One sign-in with the rigged provider, on a server of its own. */
export interface Attempt {
  readonly response: Response;
  readonly station: Station;
  readonly browser: Browser;
  readonly net: RigFetch;
  /** The writes that make somebody of a visitor, as "users.create". */
  readonly writes: string[];
}

/** The provider that the rig plays where nothing else is said. */
export function rigged(rig: RiggedProvider): OAuthProvider {
  return oidc({ issuer: rig.issuer, ...CLIENT });
}

/** Opens a server that reaches nothing but the rig, and watches what it keeps. */
export function openTrap(
  rig: Pick<RiggedProvider, "origin">,
  providers: readonly OAuthProvider[],
  options: Partial<AuthOptions> = {},
): Omit<Attempt, "response"> {
  const net = rigFetch(wellKnown(rig.origin));
  const writes: string[] = [];
  const store = watched(memory(), writes);
  const station = openStation(providers, { store, ...options, env: { fetch: net.fetch, ...options.env } });
  return { station, browser: station.browser(), net, writes };
}

/** Signs in at the rig and comes back. */
export async function attempt(
  rig: RiggedProvider,
  { provider = rigged(rig), changes = {}, options = {} }: TrapOptions = {},
): Promise<Attempt> {
  const trap = openTrap(rig, [provider], options);
  const start = await begin(trap.browser, provider.id);
  const response = await comeBack(trap.browser, rig.authorize(start, changes));
  return { ...trap, response };
}

/** Has the rig issue ID tokens that are right but for the changes. */
export function issue(rig: RiggedProvider, { claims, ...minting }: Minting): void {
  rig.idToken = (right) => rig.mint({ ...minting, claims: { ...right, ...claims } });
}

/** Takes back what a test changed. */
export function restore(rig: RiggedProvider): void {
  for (const [endpoint, answer] of Object.entries(rig.defaults)) {
    rig.answers[endpoint as keyof RiggedProvider["answers"]] = answer;
  }
  rig.jwks = Object.values(rig.keys).map(({ jwk }) => jwk);
  rig.person = { sub: "rigged-1", email: "ann@example.com", email_verified: true, name: "Ann" };
  issue(rig, {});
}

/** Nothing came of it: no user, link, session or token, no cookie but the end of the flow's own, and one event. */
export async function expectNothing(
  { response, station, browser, writes }: Attempt,
  error: string,
  code = "oauth_failed",
): Promise<void> {
  const told = station.events.map(({ at: _, ...event }) => event);
  expect(told).toEqual([{ type: "oauth.failed", provider: expect.any(String), code, error }]);
  expect(writes).toEqual([]);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe(`${HOME}/welcome?error=${code}`);
  expect(response.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"))).toEqual([]);
  expect([...browser.names("/"), ...browser.names("/auth/refresh")]).toEqual([]);
  expect((await browser.get("/auth/me")).status).toBe(401);
  const seen = JSON.stringify([told, [...response.headers], await response.text()]);
  // OAU-24.
  expect(seen).not.toMatch(/provider-(access|refresh)|eyJ[\w-]+\.eyJ/);
}

/** The sign-in went through: as whom, by the words of `/auth/me`. */
export async function expectSignedIn(
  { response, station, browser }: Attempt,
  user: Readonly<Record<string, unknown>>,
): Promise<void> {
  expect(station.events.filter(({ type }) => type === "oauth.failed")).toEqual([]);
  expect([response.status, response.headers.get("location")]).toEqual([303, `${HOME}/welcome`]);
  expect(await (await browser.get("/auth/me")).json()).toMatchObject(user);
}

const TELLING: ReadonlySet<string> = new Set(["create", "update", "link", "keepTokens"]);

function watched(store: Store, writes: string[]): Store {
  return { ...store, users: watch("users", store.users), sessions: watch("sessions", store.sessions) };

  function watch<Part extends object>(name: string, part: Part): Part {
    return new Proxy(part, {
      get(target, member, receiver) {
        const found: unknown = Reflect.get(target, member, receiver);
        if (!TELLING.has(String(member)) || typeof found !== "function") return found;
        return (...args: unknown[]) => {
          writes.push(`${name}.${String(member)}`);
          return found.apply(target, args);
        };
      },
    });
  }
}
