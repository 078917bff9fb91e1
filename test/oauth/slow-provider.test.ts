import { afterAll, beforeAll, expect, it } from "vitest";
import { platformEnv } from "../../packages/core/src/platform/env.ts";
import { fetchJson } from "../../packages/core/src/platform/fetch-json.ts";
import { HOME } from "../fixtures/oauth-flow.ts";
import { drip, hang, type Reply } from "../fixtures/providers/replies.ts";
import type { Endpoint } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import {
  type Attempt,
  attempt,
  expectNothing,
  openRiggedServer,
  riggedOidc,
} from "../fixtures/rigged-sign-in.ts";

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
}

const rigs: Slow[] = [];
let silent: RiggedProvider;

beforeAll(async () => {
  for (const [endpoint, reply] of CASES) {
    const rig = await startRiggedProvider();
    let closed = false;
    rig.answers[endpoint] = () => (response) => {
      response.once("close", () => {
        closed = true;
      });
      reply(response);
    };
    rigs.push({ rig, isGivenUp: () => closed });
  }
  silent = await startRiggedProvider();
  silent.answers.discovery = () => hang();
});
afterAll(() => Promise.all([...rigs.map(({ rig }) => rig.close()), silent.close()]));

it("OAU-14, KEY-11 a sign-in waits five seconds for a provider that hangs or is slow, and closes the connection", async () => {
  const begun = performance.now();
  const started = startsAt(silent);
  const deaf = askDeafFetch();
  const made = await Promise.all(rigs.map(({ rig }) => attempt(rig)));
  await started;
  expect(await deaf).toEqual({ answer: { ok: false, fault: "late" }, isCancelled: true });
  expect(performance.now() - begun).toBeGreaterThan(4_900);
  expect(performance.now() - begun).toBeLessThan(7_000);
  for (const one of made) await expectNothing(one, LATE);
  await expect
    .poll(() => rigs.map(({ isGivenUp }) => isGivenUp()), { timeout: 20_000 })
    .toEqual(CASES.map(() => true));
});

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
  const answer = await fetchJson(env, "https://id.example.com", {});
  return { answer, isCancelled };
}

async function startsAt(rig: RiggedProvider): Promise<void> {
  const opened = openRiggedServer(rig, [riggedOidc(rig)]);
  const response = await opened.browser.get("/auth/oauth/oidc?redirect_to=/welcome");
  const made: Attempt = { ...opened, response };
  expect(response.headers.get("location")).toBe(`${HOME}/welcome?error=oauth_failed`);
  await expectNothing(made, LATE);
}
