import { createAuthClient } from "@latchkey/client";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { haveIBeenPwned, password } from "@latchkey/core/password";
import { Miniflare } from "miniflare";
import { expect, it } from "vitest";
import { cheapHasher } from "../fixtures/server.ts";
import { bundleFile } from "../stores/workerd.ts";

const ORIGIN = "https://app.example.com";
const ANN = { email: "ann@example.com", password: "correct horse battery" };

/** A function that refuses any `this`, as `fetch` of Workers and of browsers does. It notes its calls. */
function strict<Args extends unknown[], Result>(
  called: Set<string>,
  name: string,
  run: (...args: Args) => Result,
): (...args: Args) => Result {
  return function given(this: unknown, ...args: Args): Result {
    if (this !== undefined) throw new TypeError(`Illegal invocation: ${name}`);
    called.add(name);
    return run(...args);
  };
}

it("createAuth calls every function of its options without `this`", async () => {
  const called = new Set<string>();
  const faults: unknown[] = [];
  const noBreach = async (): Promise<Response> => new Response(`${"0".repeat(35)}:0`);
  const { handle, validate, sessions, users, handlers, check, stepUp } = createAuth({
    store: memory(),
    baseURL: ORIGIN,
    secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
    providers: [password({ hasher: cheapHasher, verifyEmail: "later", breached: haveIBeenPwned() })],
    accessToken: { claims: strict(called, "claims", () => ({ tier: 1 })) },
    sessions: {
      context: { from: strict(called, "context.from", () => ({ role: "reader" })), schema: anySchema },
    },
    user: { serialize: strict(called, "serialize", ({ id }: { readonly id: string }) => ({ id })) },
    hooks: {
      signedIn: strict(called, "signedIn", () => undefined),
      refreshed: strict(called, "refreshed", () => undefined),
      validated: strict(called, "validated", () => undefined),
    },
    mail: {
      send: strict(called, "send", async () => undefined),
      check: strict(called, "mail.check", async () => undefined),
      texts: { verify: strict(called, "texts", () => ({ subject: "Hello", text: "Hello", html: "Hello" })) },
    },
    clientAddress: strict(called, "clientAddress", () => "192.0.2.1"),
    onEvent: strict(called, "onEvent", () => undefined),
    onError: strict(called, "onError", (error: unknown) => void faults.push(error)),
    env: {
      clock: strict(called, "clock", () => Date.now()),
      random: strict(called, "random", (length: number) => crypto.getRandomValues(new Uint8Array(length))),
      fetch: strict(called, "fetch", noBreach),
    },
  });
  const headers = { "content-type": "application/json", origin: ORIGIN };
  const body = JSON.stringify({ ...ANN, transport: "bearer" });
  const joined = await handle(new Request(`${ORIGIN}/auth/signup`, { method: "POST", headers, body }));
  const tokens = await joined.json();
  expect({ status: joined.status, faults }).toEqual({ status: 201, faults: [] });
  const authorization = `Bearer ${tokens.access_token}`;
  const valid = await validate(new Request(ORIGIN, { headers: { authorization } }));
  expect(valid.ok && stepUp(valid, { maxAge: 60 }).ok).toBe(true);
  expect((await sessions.refresh(tokens.refresh_token)).ok).toBe(true);
  expect(await users.find({ email: ANN.email })).toMatchObject({ email: ANN.email });
  expect((await handlers.me(new Request(`${ORIGIN}/me`, { headers: { authorization } }))).status).toBe(200);
  expect(await check()).toEqual({ ok: true });
  expect(faults).toEqual([]);
  const missing = await sessions.create("unknown", {}).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(Error);
  // The message is sent after the answer.
  await expect
    .poll(() => [...called].sort())
    .toEqual(
      [
        "claims",
        "clientAddress",
        "clock",
        "context.from",
        "fetch",
        "mail.check",
        "onEvent",
        "random",
        "refreshed",
        "send",
        "serialize",
        "signedIn",
        "texts",
        "validated",
      ].sort(),
    );
});

const anySchema = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => ({ value: value as object }),
  },
};

it("a client calls every function of its env without `this`, and its functions may be taken off it", async () => {
  const called = new Set<string>();
  const answer = Response.json({ session: null, user: null });
  const { session, fetch, refresh, signIn } = createAuthClient({
    baseURL: `${ORIGIN}/auth`,
    env: {
      fetch: strict(called, "fetch", async () => answer.clone()),
      now: strict(called, "now", () => 0),
      random: strict(called, "random", () => 0.5),
      later: strict(called, "later", () => () => undefined),
      openChannel: strict(called, "openChannel", () => ({ post: () => undefined, close: () => undefined })),
    },
  });
  const stop = session.subscribe(() => undefined);
  expect((await refresh()).ok).toBe(false);
  expect(session.get().status).toBe("signed-out");
  expect((await fetch(`${ORIGIN}/x`)).status).toBe(200);
  expect((await fetch("https://elsewhere.example/x")).status).toBe(200);
  expect((await signIn.password(ANN)).ok).toBe(false);
  stop();
  expect([...called].sort()).toEqual(["fetch", "later", "now", "openChannel", "random"]);
});

it("a person who passes the fetch of Workers to createValidator gets the keys, in workerd", async () => {
  const { handle, users, sessions } = createAuth({
    store: memory(),
    providers: [password({ hasher: cheapHasher })],
    baseURL: ORIGIN,
    secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
  });
  const keys = await (await handle(new Request(`${ORIGIN}/auth/jwks`))).text();
  const { id } = await users.create({ email: ANN.email });
  const { accessToken } = await sessions.create(id, { transport: "bearer" });
  const host = new Miniflare({
    modules: true,
    script: await bundleFile(new URL("./workers/unbound.ts", import.meta.url)),
    compatibilityDate: "2026-07-01",
    outboundService: () => new Response(keys, { headers: { "content-type": "application/json" } }),
  });
  const headers = { authorization: `Bearer ${accessToken}` };
  const found = await host.dispatchFetch(ORIGIN, { headers }).then((response) => response.json());
  await host.dispose();
  expect(found).toEqual({ ok: true, userId: id });
});
