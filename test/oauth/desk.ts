import type { AuthEvent, JsonObject, User } from "@latchkey/core";
import { expect } from "vitest";
import { bodyOf, expectError } from "../rows/answers.ts";
import type { Browser } from "../rows/browser.ts";
import { cheapPassword, makeWorld, SECRET, type World, type WorldOptions } from "../rows/world.ts";
import type { Arrival } from "./drive.ts";
import { ANN_THERE, type PaperProvider, type Person, paperProvider } from "./paper-provider.ts";
import { begin, comeBack } from "./trip.ts";

export const SITE = "https://app.example.com";
export const FLOW_COOKIE = "__Host-Http-latchkey.oauth.";

export interface DeskOptions extends Omit<WorldOptions<JsonObject, User>, "providers"> {
  /** Besides passwords. */
  readonly papers?: readonly PaperProvider[];
}

/** A server on https with passwords, and with providers of this process. */
export interface Desk extends World {
  /** The first provider. */
  readonly paper: PaperProvider;
  /** The whole way by the first provider. */
  signIn(browser: Browser, person?: Person): Promise<Response>;
}

export function openDesk({ papers = [paperProvider()], ...options }: DeskOptions = {}): Desk {
  const [paper] = papers;
  if (paper === undefined) throw new Error("a desk has a provider");
  const providers = [cheapPassword(), ...papers.map(({ provider }) => provider)];
  const world = makeWorld({ baseURL: SITE, secret: SECRET, ...options, providers });
  return { ...world, paper, signIn: (browser, person) => signInAt(paper, browser, person) };
}

/** The whole way by one provider. */
export async function signInAt(
  paper: PaperProvider,
  browser: Browser,
  person: Person = ANN_THERE,
): Promise<Response> {
  return comeBack(browser, paper.agree(await begin(browser, paper.id), person));
}

/** Asks to link an account while signed in, and returns where the browser is sent. */
export async function beginLink(
  browser: Browser,
  provider: string,
  redirectTo = "/settings",
): Promise<string> {
  const response = await browser.post(`/auth/oauth/${provider}/link`, { redirect_to: redirectTo });
  const { url, error } = await bodyOf(response);
  if (typeof url !== "string") throw new Error(`the link answered ${response.status} ${error}`);
  return url;
}

/** The whole way of a link. */
export async function linkAt(
  paper: PaperProvider,
  browser: Browser,
  person: Person = ANN_THERE,
): Promise<Response> {
  return comeBack(browser, paper.agree(await beginLink(browser, paper.id), person));
}

/** The cookies that a browser would send to the root, by name. */
export function jarOf(browser: Browser): ReadonlyMap<string, string> {
  const header = browser.request("/").headers.get("cookie") ?? "";
  const pairs = header.split("; ").filter((pair) => pair !== "");
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

/** The flow cookies of a browser. */
export function flowsOf(browser: Browser): ReadonlyMap<string, string> {
  return new Map([...jarOf(browser)].filter(([name]) => name.includes("latchkey.oauth.")));
}

/** Carries an answer to a server with these cookies and no others, from elsewhere. */
export function deliver(
  { auth }: Pick<World, "auth">,
  arrival: Arrival,
  cookies: ReadonlyMap<string, string>,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = new Headers({ "sec-fetch-site": "cross-site", ...more });
  const pairs = [...cookies].map(([name, value]) => `${name}=${value}`);
  if (pairs.length > 0) headers.set("cookie", pairs.join("; "));
  const body = arrival.method === "POST" ? { body: arrival.body } : {};
  return auth.handle(new Request(arrival.url, { method: arrival.method, headers, ...body }));
}

/** Asserts that the browser is sent to a path of ours, signed in or not. */
export function expectSentTo(response: Response, target: string, origin: string = SITE): void {
  expect([response.status, response.headers.get("location")]).toEqual([303, origin + target]);
}

/** Asserts that a flow failed and told so at its target. */
export function expectFailed(response: Response, code: string, target = "/welcome"): void {
  expectSentTo(response, `${target}?error=${code}`);
}

/** Asserts an answer to a flow that is none, and that nothing came of it. */
export async function expectNoFlow(response: Response, { events }: Pick<World, "events">): Promise<void> {
  await expectError(response, 400, "oauth_state_invalid");
  expectNothing(response, events);
}

/** Asserts that no user, link or session came of a request. */
export function expectNothing(response: Response, events: readonly AuthEvent[]): void {
  const made = events.filter(({ type }) => /^(user\.created|account\.linked|session\.started)$/.test(type));
  expect(made).toEqual([]);
  const set = response.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"));
  expect(set).toEqual([]);
}

/** The id of who is signed in, or null. */
export async function whoIs(browser: Browser): Promise<string | null> {
  const response = await browser.get("/auth/me");
  const { id } = await bodyOf(response);
  return response.status === 200 && typeof id === "string" ? id : null;
}

/** How often something was told. */
export function countOf({ events }: Pick<World, "events">, type: AuthEvent["type"]): number {
  return events.filter((event) => event.type === type).length;
}
