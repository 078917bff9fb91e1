import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { ACCESS, REFRESH, type TestServer } from "../fixtures/server.ts";
import { faulty } from "../fixtures/wrapped-store.ts";
import { openAttackedServer } from "./server.ts";
import {
  endReasonOf,
  type Holder,
  modes,
  present,
  read,
  rotated,
  signIn,
  signUp,
  whoAmI,
  withAccess,
} from "./session.ts";

type Answer = Awaited<ReturnType<typeof read>>;

/** Signs out with everything that the client holds. */
async function logout(
  server: TestServer,
  holder: Holder,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const cookie = `${ACCESS}=${holder.access}; ${REFRESH}=${holder.refresh}`;
  const call =
    holder.mode === "cookie"
      ? { headers: { cookie }, body }
      : { headers: withAccess("bearer", holder.access), body: { refresh_token: holder.refresh, ...body } };
  return read(await server.send("/auth/logout", { method: "POST", ...call }));
}

describe.each(modes)("signing out (%s)", (mode) => {
  it("LGO-01 LGO-02 ends the session, clears every cookie, and makes every captured token useless", async () => {
    const server = openAttackedServer({ revocation: "store" });
    const ann = await signUp(server, mode);
    const child = await present(server, mode, ann.refresh);
    const answer = await logout(server, ann);
    expect({ status: answer.status, cleared: answer.cleared }).toEqual({
      status: 200,
      cleared: mode === "cookie" ? [ACCESS, REFRESH] : [],
    });
    expect(answer.headers.get("cache-control")).toContain("no-store");
    expect(await endReasonOf(server, ann.sessionId)).toBe("logout");
    for (const token of [ann.refresh, child.refresh ?? ""]) {
      expect((await present(server, mode, token)).code).toBe("session_revoked");
    }
    expect((await whoAmI(server, mode, ann.access)).code).toBe("session_revoked");
  });

  it("LGO-02 JWT-30 JWT-31 lets a captured access token live until its expiry where revocation is unchecked", async () => {
    const server = openAttackedServer({ revocation: "none" });
    const ann = await signUp(server, mode);
    await logout(server, ann, { scope: "all" });
    const carried = withAccess(mode, ann.access);
    const ask = async (fresh: boolean): Promise<boolean> =>
      (await server.auth.validate(new Request("https://app.example.com/", { headers: carried }), { fresh }))
        .ok;
    expect({ unchecked: await ask(false), checked: await ask(true) }).toEqual({
      unchecked: true,
      checked: false,
    });
    server.clock.advance(599);
    expect(await ask(false)).toBe(true);
    server.clock.advance(1);
    expect(await ask(false)).toBe(false);
  });

  it("LGO-03 succeeds with expired, old, unknown and broken tokens, twice, and at once", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const tokens = await rotated(server, ann, 2);
    server.clock.advance(700);
    // Superseded, but the family secret is right: it signs out, and raises no alarm.
    expect((await logout(server, { ...ann, refresh: tokens[0] ?? "" })).status).toBe(200);
    expect(await endReasonOf(server, ann.sessionId)).toBe("logout");
    for (const junk of ["", "x", "lkr_", "a.b.c", "%", "x".repeat(3_000)]) {
      expect((await logout(server, { ...ann, access: junk, refresh: junk })).status).toBe(200);
    }
    const phone = await signIn(server, mode);
    const answers = await Promise.all(Array.from({ length: 20 }, () => logout(server, phone)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await read(await server.send("/auth/logout", { method: "POST" }))).status).toBe(200);
    expect(server.events.filter(({ type }) => type === "session.reuse_detected")).toEqual([]);
  });

  it("LGO-04 reports a store that is down, clears the cookies, and can be repeated", async () => {
    let down = false;
    const server = openAttackedServer({
      store: faulty(newStore(), (call) =>
        down && call === "sessions.end" ? Promise.reject(new Error("down")) : null,
      ),
    });
    const ann = await signUp(server, mode);
    down = true;
    const failed = await logout(server, ann);
    expect({ status: failed.status, code: failed.code, cleared: failed.cleared }).toEqual({
      status: 503,
      code: "store_unavailable",
      cleared: mode === "cookie" ? [ACCESS, REFRESH] : [],
    });
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    down = false;
    expect((await logout(server, ann)).status).toBe(200);
    expect(await endReasonOf(server, ann.sessionId)).toBe("logout");
  });

  it("LGO-06 ends every session of the user, or every other one, and none of another user", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const phone = await signIn(server, mode);
    const bob = await signUp(server, mode, "bob@example.com");
    const others = await logout(server, phone, { scope: "others" });
    expect({ status: others.status, cleared: others.cleared }).toEqual({ status: 200, cleared: [] });
    expect({
      ann: await endReasonOf(server, ann.sessionId),
      phone: await endReasonOf(server, phone.sessionId),
    }).toEqual({ ann: "logout", phone: null });
    expect((await logout(server, phone, { scope: "all" })).status).toBe(200);
    expect({
      phone: await endReasonOf(server, phone.sessionId),
      bob: await endReasonOf(server, bob.sessionId),
    }).toEqual({ phone: "logout", bob: null });
    expect(await server.auth.sessions.list(ann.userId)).toEqual([]);
  });

  it("LGO-06 refuses an old token or a session id as proof for a sign-out everywhere", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const phone = await signIn(server, mode);
    const tokens = await rotated(server, ann, 2);
    server.clock.advance(700);
    const stolen = await logout(server, { ...ann, refresh: tokens[0] ?? "" }, { scope: "all" });
    expect({ status: stolen.status, code: stolen.code }).toEqual({ status: 401, code: "unauthenticated" });
    expect(stolen.cleared).toEqual(mode === "cookie" ? [ACCESS, REFRESH] : []);
    const guessed = Buffer.from(ann.refresh.slice(4), "base64url").fill(1, 21).toString("base64url");
    expect((await logout(server, { ...ann, access: "x", refresh: `lkr_${guessed}` })).status).toBe(200);
    expect({
      ann: await endReasonOf(server, ann.sessionId),
      phone: await endReasonOf(server, phone.sessionId),
    }).toEqual({ ann: null, phone: null });
  });

  it("LGO-07 lets no user see or end the session of another user", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const eve = await signUp(server, mode, "eve@example.com");
    const headers = withAccess(mode, eve.access);
    const end = async (id: string): Promise<Answer> =>
      read(await server.send(`/auth/sessions/${id}`, { method: "DELETE", headers }));
    for (const id of [
      ann.sessionId,
      "AAAAAAAAAAAAAAAAAAAAAA",
      "x",
      "__proto__",
      eve.sessionId.slice(0, -1),
    ]) {
      const answer = await end(id);
      expect({ status: answer.status, code: answer.code, body: answer.body }).toEqual({
        status: 404,
        code: "not_found",
        body: (await end("x")).body,
      });
    }
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    const listed = await read(await server.send("/auth/sessions", { headers }));
    expect(JSON.stringify(listed.body)).not.toContain(ann.sessionId);
    expect((await end(eve.sessionId)).status).toBe(204);
  });

  it("LGO-08 lists sessions without a secret, and their ids are no tokens", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const listed = await read(await server.send("/auth/sessions", { headers: withAccess(mode, ann.access) }));
    const [first] = Array.isArray(listed.body["sessions"]) ? listed.body["sessions"] : [];
    expect(Object.keys(first).sort()).toEqual([
      "context",
      "createdAt",
      "current",
      "device",
      "expiresAt",
      "id",
      "refreshedAt",
    ]);
    expect((await present(server, mode, ann.sessionId)).code).toBe("refresh_token_invalid");
    expect((await whoAmI(server, mode, ann.sessionId)).code).toBe("unauthenticated");
  });
});
