import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import type { OAuthConnection, ProviderLogout } from "@latchkey/core/oauth";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, nativeCode, VERIFIER } from "../fixtures/oauth-flow.ts";
import { openStubServer, type StubServer, type StubServerOptions } from "../fixtures/oauth-server.ts";
import type { Arrival } from "../fixtures/providers/arrival.ts";
import { logoutRequest } from "../fixtures/providers/logout-token.ts";
import {
  ANN_THERE,
  type Person,
  type StubProvider,
  stubProvider,
} from "../fixtures/providers/stub-provider.ts";
import { ORIGIN } from "../fixtures/server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

type Options = Omit<StubServerOptions, "stubs">;

interface Opened extends StubServer {
  /** Signs Ann in, in a session of this id at the provider. */
  arrive(sid: string | null, person?: Person): Promise<Browser>;
  /** Makes the ID tokens from now on those of a session of this id. */
  setSid(sid: string | null): void;
  /** Sends what stands for a logout token here: the logout itself, as JSON. */
  logout(named: Partial<ProviderLogout>): Promise<number>;
}

/** A provider whose ID tokens and logout tokens are not signed: these tests are about what is kept, and what ends. */
function open(options: Options = {}): Opened {
  const stub = stubProvider();
  let sid: string | null = null;
  const connect = (env: Parameters<StubProvider["provider"]["connect"]>[0]): OAuthConnection => {
    const connection = stub.provider.connect(env);
    return {
      ...connection,
      identify: async (flow, answer) => {
        const account = await connection.identify(flow, answer);
        return { ...account, claims: { ...account.claims, ...(sid === null ? {} : { sid }) } };
      },
      verifyLogout: async (token) => JSON.parse(token),
    };
  };
  const provider = { ...stub.provider, backchannelLogout: true, connect };
  const server = openStubServer({ ...options, stubs: [{ ...stub, provider }] });
  let count = 0;
  return {
    ...server,
    setSid: (of) => {
      sid = of;
    },
    async arrive(of, person = ANN_THERE) {
      sid = of;
      const browser = server.browser();
      await comeBack(browser, stub.agree(await begin(browser, stub.id), person));
      return browser;
    },
    async logout(named) {
      const whole = { subject: null, sid: null, jti: `token-${count++}`, ...named };
      const body = new URLSearchParams({ logout_token: JSON.stringify(whole) });
      return (await server.auth.handle(logoutRequest(ORIGIN, body, {}, stub.id))).status;
    },
  };
}

async function live(browsers: readonly Browser[]): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  for (const browser of browsers) answers.push((await browser.post("/auth/refresh")).status === 200);
  return answers;
}

const { subject } = ANN_THERE;
const ANN = { provider: "stub", subject };

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

onEveryStore((make) => {
  it("ends the session of a sid, then those of the subject, and those of no other user", async () => {
    const server = open({ store: await make() });
    const one = await server.arrive("s1");
    const two = await server.arrive("s2");
    const none = await server.arrive(null);
    const bob = await server.arrive("s1-of-bob", { subject: "bob" });
    const id = String(await whoIs(one));
    await server.auth.sessions.create(id, { amr: ["pwd"] });
    expect(await server.logout({ sid: "s1" })).toBe(200);
    // A session whose ID token named none may be the one.
    expect(await live([one, two, none, bob])).toEqual([false, true, false, true]);
    expect(await server.logout({ subject })).toBe(200);
    expect(await live([two, bob])).toEqual([false, true]);
    expect(await server.auth.sessions.list(id)).toMatchObject([{ amr: ["pwd"] }]);
    const ended = server.events.filter(({ type }) => type === "session.ended");
    expect(ended.map((event) => "reason" in event && event.reason)).toEqual(["logout", "logout", "logout"]);
  });

  it("accepts a token once, and one that 20 requests bring at the same time ends one session once", async () => {
    const server = open({ store: await make() });
    const first = await server.arrive("s1");
    const logouts = Array.from({ length: 20 }, () => server.logout({ subject, jti: "the-token" }));
    expect(await Promise.all(logouts)).toContain(200);
    expect(await live([first])).toEqual([false]);
    expect(server.events.filter(({ type }) => type === "session.ended")).toHaveLength(1);
    const second = await server.arrive("s2");
    expect(await server.logout({ subject, jti: "the-token" })).toBe(400);
    expect(await live([second])).toEqual([true]);
  });

  it("lets no session live that starts while the provider ends its own, by sid and by sub", async () => {
    for (const named of [{ sid: "s1" }, { subject, sid: "s1" }, { subject }]) {
      let during: (() => Promise<unknown>) | null = null;
      const signedIn = async (): Promise<void> => {
        await during?.();
      };
      const server = open({ store: await make(), hooks: { signedIn } });
      const known = await server.arrive("s0");
      during = () => server.logout(named);
      const late = await server.arrive("s1");
      expect(await live([late])).toEqual([false]);
      expect(await live([known])).toEqual([named.sid !== undefined]);
      during = null;
      expect(await live([await server.arrive("s2")])).toEqual([true]);
    }
  });
});

describe("a sign-in that is recorded", () => {
  it("can be repeated if the store failed at any of its calls, and a logout ends what it started", async () => {
    let calls = 0;
    let failing = Number.POSITIVE_INFINITY;
    const store: Store = wrapped(memory(), (operation, call) => {
      if (operation.startsWith("tokens.") && ++calls === failing) throw new Error("the store is down");
      return call();
    });
    const known = open({ store });
    await known.arrive("s0");
    const { id = "" } = (await known.store.users.findByAccount(ANN)) ?? {};
    for (failing = 1; ; failing++) {
      calls = 0;
      const server = open({ store });
      const browser = await server.arrive("s1");
      const isIn = (await browser.get("/auth/me")).status === 200;
      const made = calls;
      calls = Number.NEGATIVE_INFINITY;
      expect(await server.logout({ subject, jti: `after-${failing}` })).toBe(200);
      expect(await server.auth.sessions.list(id)).toEqual([]);
      if (made < failing) {
        expect(isIn).toBe(true);
        break;
      }
      expect(isIn).toBe(false);
    }
    expect(failing).toBeGreaterThan(3);
  });
});

describe("a logout", () => {
  it("can be sent again with the same token if the store failed at any of its calls", async () => {
    let calls = 0;
    let failing = Number.POSITIVE_INFINITY;
    let isLogout = false;
    const store: Store = wrapped(memory(), (_, call) => {
      if (isLogout && ++calls === failing) throw new Error("the store is down");
      return call();
    });
    for (failing = 1; ; failing++) {
      const server = open({ store, storeTimeout: 1 });
      const browser = await server.arrive(`s${failing}`);
      [isLogout, calls] = [true, 0];
      const named = { subject, sid: `s${failing}`, jti: `token-${failing}` };
      const status = await server.logout(named);
      const made = calls;
      isLogout = false;
      if (status === 200) {
        expect(made).toBeGreaterThan(6);
        break;
      }
      expect(status).toBe(503);
      expect(await server.logout(named)).toBe(200);
      expect(await live([browser])).toEqual([false]);
    }
  });

  it("stops the exchange of a native app whose code was issued before", async () => {
    for (const named of [{ sid: "s1" }, { subject }]) {
      const server = open({ trustedOrigins: ["com.example.app://"] });
      const exchange = async (code: string): Promise<number> =>
        (await server.browser().post("/auth/oauth/exchange", { code, code_verifier: VERIFIER })).status;
      server.setSid("s1");
      const agree = (location: string): Arrival => server.stub.agree(location, ANN_THERE);
      expect(await exchange(await nativeCode(server.browser(), agree))).toBe(200);
      const code = await nativeCode(server.browser(), agree);
      expect(await server.logout(named)).toBe(200);
      expect(await exchange(code)).toBeGreaterThanOrEqual(400);
      const { id = "" } = (await server.store.users.findByAccount(ANN)) ?? {};
      expect(await server.auth.sessions.list(id)).toEqual([]);
    }
  });

  it("leaves the sessions of another provider, also one with the same subject and sid", async () => {
    const server = open();
    const ann = await server.arrive("s1");
    const body = new URLSearchParams({ logout_token: JSON.stringify({ subject, sid: "s1", jti: "x" }) });
    const answer = await server.auth.handle(logoutRequest(ORIGIN, body, {}, "another"));
    expect(answer.status).toBe(404);
    expect(await live([ann])).toEqual([true]);
  });

  it.each([
    { subject: null, sid: null },
    { subject: 1 },
    { subject, jti: "" },
    { subject, jti: null },
    { sid: "x".repeat(256) },
  ] as const)(
    "fails as a fault of the provider's code that returns %j, and ends nothing",
    async (returned) => {
      const server = open();
      const ann = await server.arrive("s1");
      expect(await server.logout(returned as never)).toBe(500);
      expect(await live([ann])).toEqual([true]);
    },
  );

  it("is written nowhere with the sid of the provider in an event", async () => {
    const server = open();
    await server.arrive("the-sid-at-the-provider");
    await server.logout({ sid: "the-sid-at-the-provider" });
    expect(JSON.stringify(server.events)).not.toContain("the-sid-at-the-provider");
  });
});
