import { describe, expect, it } from "vitest";
import { ACCESS, countOf, REFRESH, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import {
  endReasonOf,
  type Holder,
  modes,
  present,
  read,
  signIn,
  signUp,
  whoAmI,
  withAccess,
} from "./session.ts";

function jarOf(holder: Holder): Record<string, string> {
  return { cookie: `${ACCESS}=${holder.access}; ${REFRESH}=${holder.refresh}` };
}

async function login(
  server: TestServer,
  headers: Readonly<Record<string, string>>,
  email = "ann@example.com",
): ReturnType<typeof read> {
  return read(
    await server.send("/auth/login", { method: "POST", headers, body: { email, password: PASSWORD } }),
  );
}

describe("T9 session fixation", () => {
  it.each(["both cookies", "the access cookie", "the refresh cookie"])(
    "FIX-01 a sign-in replaces %s that an attacker planted before",
    async (planted) => {
      const server = openAttackedServer();
      const eve = await signUp(server, "cookie", "eve@example.com");
      await signUp(server, "cookie");
      const both = jarOf(eve);
      const cookie =
        planted === "both cookies"
          ? both
          : planted.includes("access")
            ? { cookie: `${ACCESS}=${eve.access}` }
            : { cookie: `${REFRESH}=${eve.refresh}` };
      const victim = await login(server, cookie);
      const { sessionId, access, refresh } = {
        sessionId: idOf(victim),
        access: victim.access,
        refresh: victim.refresh,
      };
      expect({
        sameAccess: access === eve.access,
        sameRefresh: refresh === eve.refresh,
        sameSession: sessionId === eve.sessionId,
      }).toEqual({ sameAccess: false, sameRefresh: false, sameSession: false });
      expect(await endReasonOf(server, eve.sessionId)).toBe("replaced");
      expect((await present(server, "cookie", eve.refresh)).code).toBe("session_revoked");
      const shown = await server.send("/auth/session", { headers: withAccess("cookie", access ?? "") });
      expect((await shown.json()).session).toMatchObject({ id: sessionId });
    },
  );

  it.each(["x", "AAAAAAAAAAAAAAAAAAAAAA", "", "__proto__"])(
    "FIX-01 FIX-05 a session id that an attacker chose (%j) is not used",
    async (id) => {
      const server = openAttackedServer();
      const ann = await signUp(server, "cookie");
      const ids = {
        sid: id,
        session_id: id,
        sessionId: id,
        session: { id, userId: "eve" },
        id,
        userId: "eve",
      };
      const headers = {
        cookie: `sid=${id}; session=${id}; ${ACCESS}=${id}; ${REFRESH}=${id}`,
        "x-session-id": id,
      };
      const body = { ...ids, email: "ann@example.com", password: PASSWORD };
      const answer = await read(
        await server.send(`/auth/login?sid=${id}&session_id=${id}`, { method: "POST", headers, body }),
      );
      expect(answer.status).toBe(200);
      expect(answer.body["session"]).toMatchObject({ userId: ann.userId });
      expect(idOf(answer)).not.toBe(id);
      expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    },
  );

  it("FIX-02 a second sign-in ends the earlier session of the browser, and no other device's", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const phone = await signIn(server, "cookie");
    const again = await login(server, jarOf(ann));
    expect(await endReasonOf(server, ann.sessionId)).toBe("replaced");
    expect(await endReasonOf(server, phone.sessionId)).toBeNull();
    expect((await whoAmI(server, "cookie", again.access ?? "")).status).toBe(200);
  });

  it("FIX-02 a sign-in as another user mixes no sessions", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const bob = await signUp(server, "cookie", "bob@example.com");
    const answer = await login(server, jarOf(ann), "bob@example.com");
    expect(answer.body["session"]).toMatchObject({ userId: bob.userId });
    expect(answer.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual([ACCESS, REFRESH]);
    expect(await endReasonOf(server, ann.sessionId)).toBe("replaced");
    expect(await endReasonOf(server, bob.sessionId)).toBeNull();
  });

  it.each(modes)("FIX-01 a session id proves nothing, so naming one ends no session (%s)", async (mode) => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    await signUp(server, "cookie", "eve@example.com");
    // The right session id under a wrong family secret, and a token whose signature is not ours.
    const bytes = Buffer.from(ann.refresh.slice(4), "base64url");
    bytes.fill(7, 21);
    const headers = {
      cookie: `${ACCESS}=${ann.access.slice(0, -6)}AAAAAA; ${REFRESH}=lkr_${bytes.toString("base64url")}`,
    };
    expect((await login(server, headers, "eve@example.com")).status).toBe(200);
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    expect((await present(server, mode, ann.refresh)).status).toBe(200);
  });

  it.each(modes)("FIX-01 a failed sign-in changes nothing (%s)", async (mode) => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const body = { email: "ann@example.com", password: "wrong password" };
    const headers = mode === "cookie" ? jarOf(ann) : withAccess(mode, ann.access);
    const answer = await read(await server.send("/auth/login", { method: "POST", headers, body }));
    expect({ status: answer.status, code: answer.code, cookies: answer.headers.getSetCookie() }).toEqual({
      status: 401,
      code: "invalid_credentials",
      cookies: [],
    });
    expect(await endReasonOf(server, ann.sessionId)).toBeNull();
    expect(countOf(server, "session.ended")).toBe(0);
  });

  it("FIX-06 two tabs that sign in at once get one session each, and each answer holds tokens of one session", async () => {
    const server = openAttackedServer();
    await signUp(server, "cookie");
    const answers = await Promise.all([login(server, {}), login(server, {})]);
    for (const answer of answers) {
      const found = await server.auth.sessions.verify(answer.access ?? "");
      expect(found.ok && found.session.id).toBe(idOf(answer));
      expect((await present(server, "cookie", answer.refresh ?? "")).body["session"]).toMatchObject({
        id: idOf(answer),
      });
    }
    expect(new Set(answers.map(idOf)).size).toBe(2);
  });

  it("FIX-07 a sign-in whose answer is lost leaves a session that expires by itself", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    await login(server, {});
    expect((await server.auth.sessions.list(ann.userId)).length).toBe(2);
    server.clock.advance(14 * 86_400);
    expect(await server.auth.sessions.list(ann.userId)).toEqual([]);
    server.clock.advance(600);
    expect(await server.auth.sessions.prune({})).toBe(2);
  });
});

function idOf({ body }: { readonly body: Readonly<Record<string, unknown>> }): string {
  const session = body["session"];
  if (typeof session !== "object" || session === null || !("id" in session)) throw new Error("no session");
  return String(session.id);
}
