import type { AuthHooks, JsonObject, User } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { ORIGIN, REFRESH, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { endReasonOf, modes, present, read, signIn, signUp, whoAmI, withAccess } from "./session.ts";

const ANN = { email: "ann@example.com", password: PASSWORD };

function post(server: TestServer, path: string, body: object, headers: Record<string, string> = {}) {
  return server.send(path, { method: "POST", headers, body });
}

describe.each(modes)("the end of a session (%s)", (mode) => {
  it("LGO-06 lets its live access token end no other session", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const lost = await signIn(server, mode);
    await server.auth.sessions.revoke(lost.sessionId);
    const headers = withAccess(mode, lost.access);
    for (const scope of ["all", "others"]) {
      const answer = await read(await post(server, "/auth/logout", { scope }, headers));
      expect({ status: answer.status, code: answer.code }).toEqual({ status: 401, code: "unauthenticated" });
    }
    const remote = await server.send(`/auth/sessions/${ann.sessionId}`, { method: "DELETE", headers });
    expect((await read(remote)).code).toBe("session_revoked");
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
  });

  it("A10 did not end by a request that hooks.validated refuses", async () => {
    let refuse = false;
    const server = openAttackedServer({ hooks: { validated: () => (refuse ? false : undefined) } });
    const ann = await signUp(server, mode);
    refuse = true;
    const answer = await post(server, "/auth/logout", { scope: "all" }, withAccess(mode, ann.access));
    expect((await read(answer)).code).toBe("unauthenticated");
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
  });

  it("A4 did not end by a token of the other transport", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const other = withAccess(mode === "cookie" ? "bearer" : "cookie", ann.access);
    expect((await read(await post(server, "/auth/logout", { scope: "all" }, other))).status).toBe(401);
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
  });
});

describe("a failed sign-in or update", () => {
  const failures: Readonly<Record<string, AuthHooks<JsonObject, User>["signedIn"]>> = {
    "a hook that refuses": () => false,
    "a hook that throws": () => {
      throw new Error("no");
    },
    "a context that is too big": () => ({ context: { text: "漢".repeat(1_000) } }),
  };

  it.each(Object.entries(failures))("FIX-07 ends no earlier session: %s", async (_, signedIn) => {
    let fail = false;
    const server = openAttackedServer({
      sessions: { limit: 1 },
      hooks: { signedIn: (event) => (fail ? signedIn?.(event) : undefined) },
    });
    const ann = await signUp(server, "bearer");
    fail = true;
    expect((await post(server, "/auth/login", ANN)).ok).toBe(false);
    expect(await server.auth.sessions.list(ann.userId)).toHaveLength(1);
    expect((await present(server, "bearer", ann.refresh)).status).toBe(200);
  });

  it.each(Object.entries(failures))("leaves no account behind a sign-up: %s", async (_, signedIn) => {
    let fail = true;
    const server = openAttackedServer({
      hooks: { signedIn: (event) => (fail ? signedIn?.(event) : undefined) },
    });
    expect((await post(server, "/auth/signup", ANN)).ok).toBe(false);
    expect(await server.auth.users.find(ANN)).toBeNull();
    fail = false;
    expect((await post(server, "/auth/signup", ANN)).status).toBe(201);
  });

  it("STO-20 stores no context that is too large for a token", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "bearer");
    const update = server.auth.sessions.update(ann.sessionId, { context: { text: "漢".repeat(1_000) } });
    await expect(update).rejects.toMatchObject({ code: "internal_error" });
    expect((await present(server, "bearer", ann.refresh)).status).toBe(200);
  });

  it("CKP-01 a sign-in replaces each of four sessions that a browser presents", async () => {
    const server = openAttackedServer({ cookies: { previous: ["a", "b", "c"].map((name) => ({ name })) } });
    const held = [await signUp(server, "cookie")];
    for (let more = 0; more < 3; more++) held.push(await signIn(server, "cookie"));
    const names = [REFRESH, "a", "b", "c"];
    const cookie = held.map(({ refresh }, index) => `${names[index]}=${refresh}`).join("; ");
    expect((await post(server, "/auth/login", ANN, { cookie })).status).toBe(200);
    const reasons = await Promise.all(held.map(({ sessionId }) => endReasonOf(server, sessionId)));
    expect(reasons).toEqual(["replaced", "replaced", "replaced", "replaced"]);
  });
});

describe("a request with an unusual option or value", () => {
  it("passes with its live access token where hooks.refreshed throws", async () => {
    const server = openAttackedServer({
      hooks: {
        refreshed: () => {
          throw new Error("no");
        },
      },
    });
    const ann = await signUp(server, "cookie");
    server.clock.advance(560);
    const cookie = `${withAccess("cookie", ann.access)["cookie"]}; ${REFRESH}=${ann.refresh}`;
    const found = await server.auth.validate(new Request(ORIGIN, { headers: { cookie } }));
    expect(found).toMatchObject({ ok: true, refreshed: false });
    expect(server.events.some(({ type }) => type === "internal_error")).toBe(true);
  });

  it("does not pass where hooks.validated is asynchronous", async () => {
    const validated: () => void = async () => undefined;
    const server = openAttackedServer({ hooks: { validated } });
    const ann = await signUp(server, "cookie");
    expect((await whoAmI(server, "cookie", ann.access)).status).toBe(500);
  });

  it("that gave a device without texts leaves a session with an unknown device", async () => {
    const server = openAttackedServer();
    const { id } = await server.auth.users.create({ email: "ann@example.com" });
    await server.auth.sessions.create(id, { device: JSON.parse('{ "address": 5, "userAgent": ["x"] }') });
    const device = { address: null, userAgent: null };
    expect(await server.auth.sessions.list(id)).toMatchObject([{ device }]);
  });

  it("keeps its new cookie where cookies.previous lists the same name", async () => {
    const server = openAttackedServer({ cookies: { previous: [{ name: REFRESH }] } });
    const ann = await signUp(server, "cookie");
    const answer = await present(server, "cookie", ann.refresh);
    expect({ status: answer.status, cleared: answer.cleared, refresh: answer.refresh }).toEqual({
      status: 200,
      cleared: [],
      refresh: expect.stringMatching(/^lkr_/),
    });
  });

  it.each(["accept-language", "content-type", "cookie", "Origin", "sec-fetch-site"])(
    "CSRF-14 the header %s, which a page can send, is refused as bearer.header",
    (header) => {
      expect(() => openAttackedServer({ bearer: { header } })).toThrow(/bearer\.header/);
    },
  );
});
