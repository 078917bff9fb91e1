import type { Device, Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { bodyOf, expectError, memberOf } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, type TestServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { counted, wrapped } from "../fixtures/wrapped-store.ts";

async function annOf<C>({ auth }: TestServer<C>): Promise<string> {
  return (await auth.users.create(ANN)).id;
}
async function liveOf<C>({ auth }: TestServer<C>, userId: string): Promise<readonly string[]> {
  return (await auth.sessions.list(userId)).map(({ id }) => id);
}

const NO_DEVICE: Device = { userAgent: null, address: null };

/** A server that knows the address of a client, and what refreshes a session from a device by its bearer token. */
function openDevices(store: Store) {
  const clientAddress = (request: Request): string | null => request.headers.get("x-real-ip");
  const server = openServer({ store, clientAddress });
  const refreshFrom = async ({ userAgent, address }: Device, token: string | null): Promise<string> => {
    const headers = {
      ...(userAgent === null ? {} : { "user-agent": userAgent }),
      ...(address === null ? {} : { "x-real-ip": address }),
    };
    const call = { method: "POST", headers, body: { refresh_token: token } };
    return String((await bodyOf(await server.send("/auth/refresh", call)))["refresh_token"]);
  };
  return { ...server, refreshFrom };
}

for (const { name, make } of stores) {
  describe(name, () => {
    test("B9 a user can list the devices, and only that user can sign each of them out", async () => {
      const server = openServer({ store: await make() });
      const [laptop, phone] = [await server.signedIn(), await server.signedIn()];
      const bob = await server.signedIn(BOB);
      const listed = await bodyOf(await laptop.get("/auth/sessions"));
      const [mine, other] = [sidOf(laptop.cookie("access")), sidOf(phone.cookie("access"))];
      const shared = {
        device: { userAgent: "browser", address: null },
        context: {},
        createdAt: expect.any(Number),
        refreshedAt: expect.any(Number),
        expiresAt: expect.any(Number),
      };
      expect(listed).toEqual({
        sessions: [
          { id: other, current: false, ...shared },
          { id: mine, current: true, ...shared },
        ],
      });
      for (const id of [other, "AAAAAAAAAAAAAAAAAAAAAA", "x"]) {
        await expectError(await bob.send(`/auth/sessions/${id}`, { method: "DELETE" }), 404, "not_found");
      }
      expect((await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" })).status).toBe(204);
      expect(laptop.names().length).toBe(2);
      await expectError(await phone.post("/auth/refresh"), 401, "session_revoked");
      await expectError(await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" }), 404, "not_found");
      const own = await laptop.send(`/auth/sessions/${mine}`, { method: "DELETE" });
      expect({ status: own.status, names: laptop.names() }).toEqual({ status: 204, names: [] });
      expect((await bob.get("/auth/me")).status).toBe(200);
    });

    test("A2 with a limit, a new session ends the oldest one", async () => {
      const server = openServer({ store: await make(), sessions: { limit: 2 } });
      const { auth, clock, events } = server;
      const user = await annOf(server);
      const bob = await auth.sessions.create((await auth.users.create(BOB)).id);
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) {
        ids.push((await auth.sessions.create(user)).session.id);
        clock.advance(1);
      }
      expect(await liveOf(server, user)).toEqual([ids[3], ids[2]]);
      expect(await auth.sessions.get(ids[0] ?? "")).toMatchObject({ endReason: "limit" });
      const ended = events.filter((event) => event.type === "session.ended");
      expect(ended.map(({ sessionId, reason }) => [sessionId, reason])).toEqual([
        [ids[0], "limit"],
        [ids[1], "limit"],
      ]);
      expect(await auth.sessions.get(bob.session.id)).toMatchObject({ endedAt: null });
    });

    test("A2 with the limit 1, one session is left, also where 10 sign in at once", async () => {
      const server = openServer({ store: await make(), sessions: { limit: 1 } });
      const user = await annOf(server);
      await Promise.all(Array.from({ length: 10 }, () => server.browser().post("/auth/login", ANN)));
      expect((await liveOf(server, user)).length).toBe(1);
    });

    test("A15 a changed device or address causes an event with the old and the new one, and is stored", async () => {
      const clientAddress = (request: Request): string | null => request.headers.get("x-real-ip");
      const server = openServer({ store: await make(), clientAddress });
      const { auth, clock, events, browser } = server;
      const ann = browser();
      await ann.post("/auth/signup", ANN, { "x-real-ip": "192.0.2.1" });
      const id = sidOf(ann.cookie("access"));
      await ann.post("/auth/refresh", undefined, { "x-real-ip": "192.0.2.1" });
      expect(typesOf(events)).not.toContain("session.device_changed");
      clock.advance(60);
      await ann.post("/auth/refresh", undefined, { "x-real-ip": "203.0.113.9", "user-agent": "toaster" });
      const before = { userAgent: "browser", address: "192.0.2.1" };
      const after = { userAgent: "toaster", address: "203.0.113.9" };
      const changes = events.filter(({ type }) => type === "session.device_changed");
      expect(changes).toEqual([expect.objectContaining({ sessionId: id, before, after })]);
      expect(await auth.sessions.get(id)).toMatchObject({ device: after });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });

    test("A15 a store that cannot save the new device fails no refresh, and the next refresh reports it", async () => {
      let isDown = true;
      const store = wrapped(await make(), (operation, call) =>
        isDown && operation === "sessions.update" ? Promise.reject(new Error("down")) : call(),
      );
      const { clock, events, signedIn } = openServer({ store });
      const ann = await signedIn();
      const toaster = { "user-agent": "toaster" };
      expect((await ann.post("/auth/refresh", undefined, toaster)).headers.getSetCookie().length).toBe(2);
      expect(typesOf(events)).not.toContain("session.device_changed");
      isDown = false;
      clock.advance(60);
      await ann.post("/auth/refresh", undefined, toaster);
      expect(typesOf(events)).toContain("session.device_changed");
    });

    test("A15 the first device of a session that was created without one is stored once, and causes no event", async () => {
      const { store, calls } = counted(await make());
      const { auth, clock, events, refreshFrom } = openDevices(store);
      const { id } = await auth.users.create(ANN);
      const created = await auth.sessions.create(id, { transport: "bearer" });
      let { refreshToken } = created;
      const device = { userAgent: "toaster", address: "192.0.2.1" };
      for (let n = 0; n < 3; n++) {
        clock.advance(60);
        refreshToken = await refreshFrom(device, refreshToken);
      }
      expect(await auth.sessions.get(created.session.id)).toMatchObject({ device });
      expect(typesOf(events)).not.toContain("session.device_changed");
      expect(calls.filter((operation) => operation === "sessions.update").length).toBe(1);
      clock.advance(60);
      await refreshFrom({ ...device, address: "203.0.113.9" }, refreshToken);
      expect(events.filter(({ type }) => type === "session.device_changed")).toEqual([
        expect.objectContaining({ before: device, after: { ...device, address: "203.0.113.9" } }),
      ]);
    });

    test("A15 an unknown device replaces no known one, and no event compares an unknown member", async () => {
      const { store, calls } = counted(await make());
      const { auth, clock, events, refreshFrom } = openDevices(store);
      const { id } = await auth.users.create(ANN);
      const created = await auth.sessions.create(id, {
        transport: "bearer",
        device: { userAgent: "toaster" },
      });
      const told = { userAgent: "toaster", address: "192.0.2.1" };
      let refreshToken = created.refreshToken;
      for (const device of [NO_DEVICE, { ...told, userAgent: null }, told, NO_DEVICE]) {
        clock.advance(60);
        refreshToken = await refreshFrom(device, refreshToken);
      }
      expect(await auth.sessions.get(created.session.id)).toMatchObject({ device: told });
      expect(typesOf(events)).not.toContain("session.device_changed");
      expect(calls.filter((operation) => operation === "sessions.update").length).toBe(1);
    });

    test("T8 a user may have many devices, each with its own session", async () => {
      const { auth, browser } = openServer({ store: await make() });
      await auth.users.create(ANN);
      const devices = await Promise.all(
        Array.from({ length: 25 }, async () => {
          const device = browser();
          return memberOf(await bodyOf(await device.post("/auth/login", ANN)), "session")["id"];
        }),
      );
      const user = await auth.users.find({ email: ANN.email });
      const listed = (await auth.sessions.list(user?.id ?? "")).map(({ id }) => id);
      expect(listed.toSorted()).toEqual(devices.map(String).toSorted());
    });
  });
}
