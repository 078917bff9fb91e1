import { type AuthClient, createAuthClient, type SessionState, type TokenStorage } from "@latchkey/client";
import { describe, expect, it, vi } from "vitest";
import { ANN, BOB, typesOf } from "../fixtures/server.ts";
import { ORIGIN, openSimulation, type Profile, type Simulation, type Tab } from "./simulation.ts";

async function signedIn(simulation: Simulation): Promise<Tab & { readonly profile: Profile }> {
  const profile = simulation.profile();
  const tab = profile.tab();
  await simulation.server.auth.users.create(BOB);
  await tab.client.signUp(ANN);
  tab.client.session.subscribe(() => undefined);
  await simulation.whenIdle();
  simulation.sent.length = 0;
  return { ...tab, profile };
}

const jarOf = async ({ browser }: Profile): Promise<unknown> => (await browser.get("/auth/me")).json();
const emailOf = ({ session }: AuthClient): string | undefined => session.get().user?.email;

/** A storage in memory. */
function shelf(): TokenStorage {
  let value: string | null = null;
  return {
    read: () => value,
    write: (next) => {
      value = next;
    },
  };
}

describe("a late answer to `fetch`", () => {
  // The server refreshes by itself from the 540th second on: `fetch` has to come before it.
  it.each([361, 545, 599, 700])("does not end a newer sign-in %d s after the sign-in", async (age) => {
    const simulation = openSimulation();
    const { client, profile, show } = await signedIn(simulation);
    show(false);
    simulation.server.clock.advance(age);
    const letGo = simulation.hold("back", "GET /me");
    const answered = client.fetch("/auth/me");
    await simulation.whenIdle();
    await profile.tab().client.signIn.password(BOB);
    letGo();
    expect((await answered).status).toBe(200);
    expect(await jarOf(profile)).toMatchObject({ email: BOB.email });
  });

  it("does not undo a sign-out, also where the client had not loaded the session", async () => {
    const simulation = openSimulation();
    const { profile } = await signedIn(simulation);
    simulation.server.clock.advance(545);
    const { client } = profile.tab();
    const letGo = simulation.hold("back", "GET /me");
    const answered = client.fetch("/auth/me");
    await simulation.whenIdle();
    await client.signOut();
    letGo();
    await answered;
    expect(profile.browser.names()).toEqual([]);
  });

  it("does not cause a repeated request as another user", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    simulation.network.back = (request, response) =>
      request.url.endsWith("/me") ? new Response(null, { status: 401 }) : response;
    const letGo = holdFirst(simulation);
    const answered = client.fetch("/auth/me");
    await simulation.whenIdle();
    await client.signIn.password(BOB);
    letGo();
    expect((await answered).status).toBe(401);
    expect(simulation.sent).toEqual(["GET /me", "POST /login"]);
  });

  it("causes a repeated request without another renewal, where one happened during the request", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const refused = simulation.network.back;
    const letGo = holdFirst(simulation);
    let first = true;
    simulation.network.back = (request, response) => {
      if (!request.url.endsWith("/me") || !first) return refused(request, response);
      first = false;
      return new Response(null, { status: 401 });
    };
    const answered = client.fetch("/auth/me");
    await simulation.whenIdle();
    await client.refresh();
    letGo();
    expect((await answered).status).toBe(200);
    expect(simulation.sent).toEqual(["GET /me", "POST /refresh", "GET /me"]);
  });
});

/** Holds the first request for `GET /me` on its way there. */
function holdFirst(simulation: Simulation): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const letGo = simulation.hold("there", "GET /me");
  const held = simulation.network.there;
  let isFirst = true;
  simulation.network.there = async (request) => {
    if (!request.url.endsWith("/me") || !isFirst) return;
    isFirst = false;
    await Promise.race([held(request), promise]);
  };
  return () => {
    letGo();
    resolve();
  };
}

describe("a refresh of the client", () => {
  it("succeeds beside any other call of this tab", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    client.session.subscribe(() => undefined);
    const { client: second } = simulation.profile().tab();
    await second.signIn.password(BOB);
    simulation.sent.length = 0;
    second.session.subscribe(() => undefined);
    expect((await second.refresh()).ok).toBe(true);
    expect(simulation.sent).toEqual(["GET /session", "POST /refresh"]);
  });

  it("succeeds while another tab refreshes", async () => {
    const simulation = openSimulation();
    const { client, profile } = await signedIn(simulation);
    const letGo = simulation.hold("back", "GET /session");
    profile.tab({ openChannel: null }).client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    const refreshed = client.refresh();
    await simulation.whenIdle();
    letGo();
    expect((await refreshed).ok).toBe(true);
    expect(simulation.sent).toEqual(["GET /session", "GET /session", "POST /refresh"]);
  });

  it("that waits for a sign-in refreshes the new session", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const [before, , after] = await Promise.all([
      client.refresh(),
      client.signIn.password(BOB),
      client.refresh(),
    ]);
    const { session } = client.session.get();
    expect({ before: before.ok, after }).toMatchObject({
      before: true,
      after: { ok: true, data: { userId: session?.userId } },
    });
    expect(emailOf(client)).toBe(BOB.email);
  });

  it("finishes before the page goes to a provider", async () => {
    const simulation = openSimulation();
    const { client, visited } = await signedIn(simulation);
    const letGo = simulation.hold("back", "POST /refresh");
    const refreshed = client.refresh();
    const led = client.signIn.oauth("github", { redirectTo: "/home?a=1" });
    await simulation.whenIdle();
    expect(visited).toEqual([]);
    letGo();
    await Promise.all([refreshed, led]);
    const target = encodeURIComponent(`${ORIGIN}/home?a=1`);
    expect(visited).toEqual([`${ORIGIN}/auth/oauth/github?redirect_to=${target}`]);
  });

  it("that waits for a sign-out returns no user", async () => {
    const simulation = openSimulation();
    const { client } = await signedIn(simulation);
    const all = await Promise.all([client.refresh(), client.signOut(), client.refresh()]);
    expect(all.map(({ ok }) => ok)).toEqual([true, true, false]);
  });

  it("shows the user of the session that it finds, where another tab signed another user in without a message", async () => {
    const simulation = openSimulation();
    const { client, profile } = await signedIn(simulation);
    await profile.tab({ openChannel: null }).client.signIn.password(BOB);
    expect(emailOf(client)).toBe(ANN.email);
    await client.refresh();
    expect(emailOf(client)).toBe(BOB.email);
  });

  it("informs the other tabs, which then send no refresh", async () => {
    const simulation = openSimulation();
    const { client, profile } = await signedIn(simulation);
    const second = profile.tab();
    second.client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    simulation.server.clock.advance(300);
    await client.refresh();
    await vi.waitFor(async () => {
      await simulation.whenIdle();
      simulation.sent.length = 0;
      await second.client.fetch("/auth/me");
      expect(simulation.sent).toEqual(["GET /me"]);
    });
    simulation.sent.length = 0;
    await simulation.pass(300);
    expect(simulation.sent).toEqual([]);
  });

  it.each([401, 403, 408, 500])(
    "that a proxy answers with %d signs no user out, and is repeated",
    async (status) => {
      const simulation = openSimulation();
      const { client } = await signedIn(simulation);
      simulation.network.back = () => new Response("<h1>A proxy</h1>", { status });
      expect(await client.refresh()).toMatchObject({ error: { code: "invalid_response", status } });
      expect(client.session.get().status).toBe("signed-in");
      simulation.network.back = (_, response) => response;
      await simulation.pass(3);
      expect(client.session.get().error).toBeNull();
    },
  );

  it("with tokens works where a proxy requires a password", async () => {
    const simulation = openSimulation();
    const storage = shelf();
    const client = simulation.holder({ storage });
    await client.signUp(ANN);
    simulation.network.back = () => new Response("<h1>Who are you?</h1>", { status: 401 });
    await client.refresh();
    simulation.network.back = (_, response) => response;
    expect(await client.refresh()).toMatchObject({ ok: true });
  });

  it("with tokens sends no cookies", async () => {
    const simulation = openSimulation();
    const seen: string[] = [];
    const client = simulation.holder({ storage: shelf() });
    simulation.network.there = ({ credentials }) => void seen.push(credentials);
    await client.signUp(ANN);
    await client.refresh();
    await client.fetch("/auth/me");
    await client.signOut();
    expect(new Set(seen)).toEqual(new Set(["omit"]));
  });
});

describe("a session without refresh tokens", () => {
  const options = { refreshToken: false, accessToken: { lifetime: 600 } } as const;

  it("lasts as long as its access token, with cookies", async () => {
    const simulation = openSimulation(options);
    const { client } = await signedIn(simulation);
    await simulation.pass(595);
    expect(client.session.get()).toMatchObject({ status: "signed-in", error: null });
    expect(simulation.sent.length).toBeLessThan(6);
    simulation.sent.length = 0;
    await client.fetch("/auth/me");
    expect(simulation.sent).toEqual(["GET /me"]);
    await simulation.pass(10);
    expect(client.session.get().status).toBe("signed-out");
  });

  it("lasts as long as its access token, with tokens", async () => {
    const simulation = openSimulation(options);
    const client = simulation.holder({ storage: shelf() });
    await client.signUp(ANN);
    client.session.subscribe(() => undefined);
    await simulation.pass(595);
    expect(client.session.get()).toMatchObject({ status: "signed-in", error: null });
    await simulation.pass(10);
    expect(client.session.get().status).toBe("signed-out");
  });
});

describe("faults of a page", () => {
  it("a listener that throws affects neither the other listeners nor the caller", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    const reported: unknown[] = [];
    const catching = simulation.profile().tab({
      later: (run) => {
        try {
          run();
        } catch (error) {
          reported.push(error);
        }
        return () => undefined;
      },
    });
    const seen: SessionState[] = [];
    catching.client.session.subscribe(() => {
      throw new Error("render broke");
    });
    catching.client.session.subscribe((state) => seen.push(state));
    expect((await catching.client.signUp(ANN)).ok).toBe(true);
    expect({ reports: reported.length, status: seen.at(-1)?.status }).toEqual({
      reports: seen.length,
      status: "signed-in",
    });
    expect(client.session.get().status).toBe("loading");
  });

  it("a channel that cannot be opened causes no error", async () => {
    const simulation = openSimulation();
    const openChannel = (): never => {
      throw new DOMException("no", "SecurityError");
    };
    const { client } = simulation.profile().tab({ openChannel });
    client.session.subscribe(() => undefined);
    expect((await client.signUp(ANN)).ok).toBe(true);
  });

  it("one function that subscribes twice stays subscribed when one subscription stops", async () => {
    const simulation = openSimulation();
    const { client } = simulation.profile().tab();
    let heard = 0;
    const listen = (): void => {
      heard += 1;
    };
    const [stop] = [client.session.subscribe(listen), client.session.subscribe(listen)];
    stop();
    await simulation.whenIdle();
    expect(heard).toBe(1);
  });

  it("the end of a session is not hidden by an older message of another tab", async () => {
    const simulation = openSimulation();
    const { client, show, profile } = await signedIn(simulation);
    const id = client.session.get().session?.id ?? "";
    show(false);
    await simulation.server.auth.sessions.revoke(id);
    simulation.server.clock.advance(700);
    profile.tellOtherTabs({ id, expiresIn: 600 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    show(true);
    await vi.waitFor(() => expect(client.session.get().status).toBe("signed-out"));
  });

  it("a page that is shown after a while, with an expired token, sends one request", async () => {
    const simulation = openSimulation();
    const { show } = await signedIn(simulation);
    show(false);
    simulation.server.clock.advance(590);
    show(true);
    await simulation.whenIdle();
    expect(simulation.sent).toEqual(["GET /session"]);
    expect(typesOf(simulation.server.events).filter((type) => type === "session.refreshed")).toHaveLength(1);
  });
});

describe("an invalid configuration or value", () => {
  it.each([
    "localhost:3000/auth",
    "https://A.example/auth",
    "api.example.com/auth",
    "",
    "https://a.example/auth?x=1",
    "ftp://a.example",
    "/auth#a",
  ])("is refused as baseURL: %j", (baseURL) =>
    expect(() => createAuthClient({ baseURL })).toThrow(/^baseURL is .*, but it must look like \/auth/),
  );

  it.each(["https://api.example.com/", "https://api.example.com/v1", "https://A.example", "a.example"])(
    "is refused among trustedOrigins: %j",
    (origin) =>
      expect(() => createAuthClient({ baseURL: "/auth", trustedOrigins: [origin] })).toThrow(
        /^trustedOrigins is .*, but it must look like https/,
      ),
  );

  it("a path as baseURL without a page gives an error result, and throws nothing", async () => {
    const client = createAuthClient({ baseURL: "/auth" });
    const results = [
      await client.refresh(),
      await client.signIn.oauth("github"),
      await client.devices.list(),
    ];
    expect(results).toMatchObject(results.map(() => ({ ok: false, error: { code: "invalid_request" } })));
  });

  it("a token with a line break is refused, and appears in no message", async () => {
    const client = createAuthClient({
      baseURL: `${ORIGIN}/auth`,
      storage: { read: () => '{"access":"eyJ.secret\\nsecret","refresh":"r"}', write: () => undefined },
    });
    expect(await client.signOut()).toEqual({ ok: true, data: null });
  });
});

describe("clients in one process", () => {
  it("share no state", async () => {
    const simulation = openSimulation();
    const options = { baseURL: `${ORIGIN}/auth`, env: { fetch: simulation.server.auth.handle } };
    const all = [ANN, BOB].map((user) => ({
      user,
      client: createAuthClient({ ...options, storage: shelf() }),
    }));
    await Promise.all(all.map(({ client, user }) => client.signUp(user)));
    const before = typesOf(simulation.server.events).length;
    await Promise.all(all.map(({ client }) => client.refresh()));
    const types = typesOf(simulation.server.events).slice(before);
    expect(types).toEqual(["session.refreshed", "session.refreshed"]);
  });

  it("delete their tokens after they end their own session by its id", async () => {
    const simulation = openSimulation();
    const storage = shelf();
    await simulation.holder({ storage }).signUp(ANN);
    const client = simulation.holder({ storage });
    const devices = await client.devices.list();
    const own = devices.ok ? devices.data.find(({ current }) => current) : undefined;
    expect(await client.devices.revoke(own?.id ?? "")).toEqual({ ok: true, data: null });
    expect({ stored: await storage.read(), status: client.session.get().status }).toEqual({
      stored: null,
      status: "signed-out",
    });
  });
});
