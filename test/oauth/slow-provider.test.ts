import { oidc } from "@latchkey/core/oauth";
import { afterAll, beforeAll, expect, it } from "vitest";
import { platformEnv } from "../../packages/core/src/platform/env.ts";
import { fetchJson } from "../../packages/core/src/platform/fetch-json.ts";
import { HOME } from "../fixtures/oauth-flow.ts";
import { drip, hang, late, type Reply } from "../fixtures/providers/replies.ts";
import type { Endpoint } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  CLIENT,
  expectNothing,
  expectSignedIn,
  type OAuthProvider,
  openRiggedServer,
} from "../fixtures/rigged-sign-in.ts";

/** In seconds. */
const LIMIT = 2;
const LATE = "the provider takes too long";
const CASES: readonly (readonly [Endpoint, Reply])[] = [
  ["token", hang()],
  ["token", drip()],
  ["jwks", hang()],
  ["jwks", drip()],
  ["userinfo", hang()],
  ["userinfo", drip()],
];

interface Slow {
  readonly rig: RiggedProvider;
  /** Whether the connection that keeps us waiting was given up. */
  readonly isGivenUp: () => boolean;
  /**
   * Whether a timer of twice the limit has fired since the slow request arrived. It runs in the event loop of the
   * sign-in, so a busy machine delays both, and the time before the slow request does not count.
   */
  readonly isOverdue: () => boolean;
}

async function openSlow(endpoint: Endpoint, reply: Reply): Promise<Slow> {
  const rig = await startRiggedProvider();
  let [closed, isOverdue] = [false, false];
  rig.answers[endpoint] = () => (response) => {
    const timer = setTimeout(() => {
      isOverdue = true;
    }, 2_000 * LIMIT);
    timer.unref();
    response.once("close", () => {
      closed = true;
    });
    reply(response);
  };
  return {
    rig,
    isGivenUp: () => closed,
    isOverdue: () => isOverdue,
  };
}

let slow: readonly Slow[] = [];
let silent: Slow;

beforeAll(async () => {
  slow = await Promise.all(CASES.map(([endpoint, reply]) => openSlow(endpoint, reply)));
  silent = await openSlow("discovery", hang());
});
afterAll(() => Promise.all([...slow, silent].map(({ rig }) => rig.close())));

it("OAU-14, KEY-11 a sign-in waits as long as `timeout` says for a provider that hangs or is slow, and closes the connection", async () => {
  const started = timed(silent, startsAt(silent.rig));
  const patient = signInAfterSixSeconds();
  const deaf = askDeafFetch();
  const made = await Promise.all(
    slow.map((one) => timed(one, attempt(one.rig, { provider: impatient(one.rig) }))),
  );
  await started;
  await patient;
  expect(await deaf).toEqual({ answer: { ok: false, fault: "late" }, isCancelled: true });
  for (const one of made) await expectNothing(one, LATE);
  await expect
    .poll(() => slow.map(({ isGivenUp }) => isGivenUp()), { timeout: 20_000 })
    .toEqual(CASES.map(() => true));
});

function impatient({ issuer }: RiggedProvider): OAuthProvider {
  return oidc({ issuer, ...CLIENT, timeout: LIMIT });
}

/** By default a sign-in waits ten seconds, as a provider that just woke up needs. */
async function signInAfterSixSeconds(): Promise<void> {
  const rig = await startRiggedProvider();
  const { token } = rig.defaults;
  rig.answers.token = async (request) => late(6_000, await token(request));
  await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
  await rig.close();
}

/** Expects an answer after the limit, and before twice the limit. The first begins when we send, not when the rig receives. */
async function timed<T>({ isOverdue }: Slow, answer: Promise<T>): Promise<T> {
  const begun = performance.now();
  const answered = await answer;
  expect(performance.now() - begun).toBeGreaterThan(0.98 * 1_000 * LIMIT);
  expect(isOverdue()).toBe(false);
  return answered;
}

/** Asks a fetch that ignores its signal, as that of Node does after it has collected the request. */
async function askDeafFetch(): Promise<{ readonly answer: unknown; readonly isCancelled: boolean }> {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    cancel: () => {
      isCancelled = true;
    },
  });
  const headers = { "content-type": "application/json" };
  const env = { ...platformEnv, fetch: async () => new Response(body, { headers }) };
  const answer = await fetchJson(env, "https://id.example.com", {}, LIMIT);
  return { answer, isCancelled };
}

async function startsAt(rig: RiggedProvider): Promise<void> {
  const opened = openRiggedServer(rig, [impatient(rig)]);
  const response = await opened.browser.get("/auth/oauth/oidc?redirect_to=/welcome");
  const made: Attempt = { ...opened, response };
  expect(response.headers.get("location")).toBe(`${HOME}/welcome?error=oauth_failed`);
  await expectNothing(made, LATE);
}
