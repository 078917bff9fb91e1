import type { RequestHost } from "@latchkey/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { openServer, type TestServer } from "../fixtures/server.ts";
import { type Options, openAttackedServer, PASSWORD } from "./server.ts";

const HERE = "203.0.113.7";
const THERE = "198.51.100.1";

const warnings: string[] = [];
beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation((text) => warnings.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  warnings.length = 0;
});

type Sent = RequestHost & { readonly headers?: Readonly<Record<string, string>> };

function signUp(server: TestServer, email: string, { headers = {}, ...host }: Sent): Promise<Response> {
  const body = { email, password: PASSWORD, transport: "bearer" };
  return server.auth.handle(requestTo("/auth/signup", { method: "POST", headers, body }), host);
}

async function statusesOf(server: TestServer, requests: readonly Sent[]): Promise<readonly number[]> {
  const statuses = [];
  for (const [index, sent] of requests.entries())
    statuses.push((await signUp(server, `u${index}@example.com`, sent)).status);
  return statuses;
}

async function addressSeen(server: TestServer, sent: Sent): Promise<unknown> {
  const answer = await signUp(server, "ann@example.com", sent);
  expect(answer.status).toBe(201);
  const { session } = (await answer.json()) as { readonly session: { readonly id: string } };
  return (await server.auth.sessions.get(session.id))?.device.address;
}

/** A server that allows one sign-up for each client. */
function limited(changes: Options = {}): TestServer {
  return openAttackedServer({ rateLimit: { signUp: { limit: 1, window: 60 } }, ...changes });
}

describe("an address that the host passes", () => {
  it.each([
    [HERE, HERE],
    ["::ffff:203.0.113.7", HERE],
    ["2001:db8::1", "2001:db8::1"],
    [null, null],
    [undefined, null],
  ])("%s is the device's address %s", async (clientAddress, address) => {
    expect(await addressSeen(openAttackedServer(), { clientAddress })).toBe(address);
  });

  it("separates clients in the limits", async () => {
    const requests = [HERE, HERE, THERE, "::ffff:203.0.113.7"].map((clientAddress) => ({ clientAddress }));
    expect(await statusesOf(limited(), requests)).toEqual([201, 429, 201, 429]);
  });

  it("is used where the option clientAddress returns null", async () => {
    let own: string | null = THERE;
    const options = { clientAddress: () => own };
    expect(await addressSeen(openAttackedServer(options), { clientAddress: HERE })).toBe(THERE);
    expect(await addressSeen(openAttackedServer(options), {})).toBe(THERE);
    own = null;
    expect(await addressSeen(openAttackedServer(options), { clientAddress: HERE })).toBe(HERE);
  });

  it("is the address of each handler and of validate too", async () => {
    const server = limited();
    const join = (email: string): Promise<Response> => {
      const body = { email, password: PASSWORD };
      const request = requestTo("/join", { method: "POST", body });
      return server.auth.handlers.signup(request, { clientAddress: HERE });
    };
    const first = await join("ann@example.com");
    expect([first.status, (await join("bob@example.com")).status]).toEqual([201, 429]);
    const cookie = first.headers.getSetCookie().map((line) => line.split(";", 1)[0]);
    server.clock.advance(700);
    const request = requestTo("/page", { headers: { cookie: cookie.join("; ") } });
    const found = await server.auth.validate(request, { clientAddress: THERE });
    expect(found.ok && found.refreshed).toBe(true);
    const id = found.ok ? found.session.id : "";
    expect((await server.auth.sessions.get(id))?.device.address).toBe(THERE);
  });
});

describe("a host that is not one", () => {
  it.each<[object | null, string]>([
    [{ clientAddres: HERE }, "clientAddres is not an option of handle: did you mean clientAddress?"],
    [{ clientAddress: 7 }, "handle: clientAddress is 7, but it must be a string or null"],
    [{ clientAddress: { address: HERE } }, "handle: clientAddress is an object"],
    [{ waitUntil: 1 }, "handle: waitUntil is 1, but it must be a function"],
  ])("%j answers 500, and the event explains it", async (host, message) => {
    const server = limited();
    const refused = await server.auth.handle(requestTo("/auth/me"), host as RequestHost);
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ error: "internal_error" });
    expect(JSON.stringify(server.events.at(-1))).toContain(message);
  });

  it.each<[string, unknown]>([
    ["Deno", { remoteAddr: { hostname: HERE }, completed: Promise.resolve() }],
    ["Workers", { AUTH_SECRET: "x", DB: {} }],
    ["a map over a list", 7],
    ["a caller without types", null],
  ])("the second argument of %s is ignored", async (_, host) => {
    const answer = await limited().auth.handle(requestTo("/auth/me"), host as RequestHost);
    expect((await answer.json()).error).toBe("unauthenticated");
  });

  it("SEC-08 no inherited member is an address", async () => {
    const server = limited();
    const host: RequestHost = Object.create({ clientAddress: HERE });
    const statuses = [];
    for (const email of ["ann@example.com", "bob@example.com"]) {
      const body = { email, password: PASSWORD };
      const request = requestTo("/auth/signup", { method: "POST", body });
      statuses.push((await server.auth.handle(request, host)).status);
    }
    expect(statuses).toEqual([201, 201]);
  });
});

describe("forged headers", () => {
  const FORGED = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
  const forge = (index: number): Readonly<Record<string, string>> =>
    Object.fromEntries(
      FORGED.map((name) => [name, name === "forwarded" ? `for=192.0.2.${index}` : `192.0.2.${index}`]),
    );

  it("RAT-03 HTTP-10 change neither the limits nor the device without trustedProxies", async () => {
    const requests = Array.from({ length: 5 }, (_, index) => ({
      clientAddress: HERE,
      headers: forge(index),
    }));
    expect(await statusesOf(limited(), requests)).toEqual([201, 429, 429, 429, 429]);
    const sent = { clientAddress: HERE, headers: forge(1) };
    expect(await addressSeen(openAttackedServer(), sent)).toBe(HERE);
    expect(await addressSeen(openAttackedServer(), { headers: forge(1) })).toBe(null);
  });

  it("HTTP-10 do not make a request count as https", async () => {
    const server = limited({ trustedProxies: 1 });
    const headers = { "x-forwarded-proto": "http", forwarded: "for=192.0.2.1;proto=http;host=evil.example" };
    const answer = await signUp(server, "ann@example.com", { headers });
    expect(answer.status).toBe(201);
    const login = { email: "ann@example.com", password: PASSWORD };
    const cookies = await server.send("/auth/login", { method: "POST", headers, body: login });
    for (const line of cookies.headers.getSetCookie()) expect(line).toContain("; Secure");
  });

  it("RAT-03 a client writes only what stands left of the entry of a proxy", async () => {
    const server = limited({ trustedProxies: 1 });
    const header = ["", "1.2.3.4, ", "evil, ", '", '].map((sent) => `${sent}203.0.113.7`);
    const requests = [...header, "203.0.113.8"].map((value) => ({
      clientAddress: "10.0.0.1",
      headers: { "x-forwarded-for": value },
    }));
    expect(await statusesOf(server, requests)).toEqual([201, 429, 429, 429, 201]);
  });

  it("RAT-03 are ignored on a connection that does not come from a trusted network", async () => {
    const server = limited({ trustedProxies: ["10.0.0.0/8"] });
    const requests = [HERE, HERE, "10.0.0.1", "10.0.0.2", null].map((clientAddress, index) => ({
      clientAddress,
      headers: { "x-forwarded-for": index < 2 ? `192.0.2.${index}` : "192.0.2.9" },
    }));
    expect(await statusesOf(server, requests)).toEqual([201, 429, 201, 429, 201]);
  });

  it("RAT-03 a second header moves the client to one limit that all such requests share", async () => {
    const server = limited({ trustedProxies: 1 });
    const sent = (forwarded: string): Sent => ({ headers: { "x-forwarded-for": HERE, forwarded } });
    const forged = ["for=192.0.2.1", "for=192.0.2.2", "for=unknown", "nothing", "for=evil"];
    const requests = [...forged.map(sent), sent(`for=${HERE}`), sent(`for="${HERE}:80"`)];
    expect(await statusesOf(server, requests)).toEqual([201, 429, 429, 429, 429, 201, 429]);
    expect(await addressSeen(openAttackedServer({ trustedProxies: 1 }), sent("for=192.0.2.1"))).toBe(null);
  });

  it("HDR-06 of 100 kB are read in bounded work, and are stored nowhere", async () => {
    const server = openAttackedServer({ trustedProxies: 1 });
    const long = "1.2.3.4,".repeat(12_500);
    const begin = performance.now();
    const headers = { "x-forwarded-for": `${long}${HERE}`, forwarded: `for="${long}", for=${HERE}` };
    expect(await addressSeen(server, { headers })).toBe(HERE);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

describe("sign-ups without an end", () => {
  it("RAT-01 ten thousand bad ones from one address leave every other address its own limit", async () => {
    const server = openAttackedServer({ rateLimit: {} });
    const codes = new Map<number, number>();
    for (let n = 0; n < 10_000; n++) {
      const request = requestTo("/auth/signup", {
        method: "POST",
        body: { email: `u${n}@example.com`, password: "short" },
      });
      const { status } = await server.auth.handle(request, { clientAddress: HERE });
      codes.set(status, (codes.get(status) ?? 0) + 1);
    }
    expect([...codes]).toEqual([
      [422, 20],
      [429, 9_980],
    ]);
    expect((await signUp(server, "ann@example.com", { clientAddress: THERE })).status).toBe(201);
    expect((await signUp(server, "bob@example.com", {})).status).toBe(201);
  });

  it("RAT-01 of clients without an address share no limit", async () => {
    const requests = Array.from({ length: 100 }, () => ({}));
    expect(new Set(await statusesOf(openAttackedServer({ rateLimit: {} }), requests))).toEqual(
      new Set([201]),
    );
  });
});

describe("the warning of a missing address", () => {
  it("is given once, by the first request that a limit would have counted", async () => {
    const server = limited();
    await server.send("/auth/me");
    await server.auth.validate(requestTo("/page"));
    await signUp(server, "ann@example.com", { clientAddress: HERE });
    expect(warnings).toEqual([]);
    await signUp(server, "bob@example.com", {});
    await signUp(server, "eve@example.com", {});
    expect(warnings).toEqual([
      "latchkey: the client's address is not known, so no limit by client network applies. Pass it from the host: " +
        "auth.handle(request, { clientAddress }). Behind a proxy, set trustedProxies too.",
    ]);
  });

  it("is not given on localhost, nor without limits", async () => {
    await openServer({ rateLimit: {} }).send("/auth/login", { method: "POST", body: {} });
    await openServer({ rateLimit: {}, baseURL: "http://localhost:3000" }).send("/auth/login", {
      method: "POST",
      body: {},
    });
    await signUp(openAttackedServer({ rateLimit: false }), "ann@example.com", {});
    expect(warnings).toEqual([]);
  });
});
