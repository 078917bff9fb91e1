import { describe, expect, it } from "vitest";
import {
  endReasonOf,
  type Holder,
  modes,
  present,
  read,
  signIn,
  signUp,
  told,
  whoAmI,
  withAccess,
} from "./session.ts";
import { ACCESS, openStage, PASSWORD, REFRESH, type Stage } from "./stage.ts";

function jarOf(holder: Holder): Record<string, string> {
  return { cookie: `${ACCESS}=${holder.access}; ${REFRESH}=${holder.refresh}` };
}

async function login(
  stage: Stage,
  headers: Readonly<Record<string, string>>,
  email = "ann@example.com",
): ReturnType<typeof read> {
  return read(
    await stage.send("/auth/login", { method: "POST", headers, body: { email, password: PASSWORD } }),
  );
}

describe("T9 session fixation", () => {
  it.each(["both cookies", "the access cookie", "the refresh cookie"])(
    "FIX-01 %s that an attacker planted before sign-in",
    async (planted) => {
      const stage = openStage();
      const eve = await signUp(stage, "cookie", "eve@example.com");
      await signUp(stage, "cookie");
      const both = jarOf(eve);
      const cookie =
        planted === "both cookies"
          ? both
          : planted.includes("access")
            ? { cookie: `${ACCESS}=${eve.access}` }
            : { cookie: `${REFRESH}=${eve.refresh}` };
      const victim = await login(stage, cookie);
      const { sessionId, access, refresh } = {
        sessionId: idOf(victim),
        access: victim.access,
        refresh: victim.refresh,
      };
      expect([access === eve.access, refresh === eve.refresh, sessionId === eve.sessionId]).toEqual([
        false,
        false,
        false,
      ]);
      expect(await endReasonOf(stage, eve.sessionId)).toBe("replaced");
      expect((await present(stage, "cookie", eve.refresh)).code).toBe("session_revoked");
      expect((await whoAmI(stage, "cookie", access ?? "")).body["session"]).toMatchObject({ id: sessionId });
    },
  );

  it.each(["x", "AAAAAAAAAAAAAAAAAAAAAA", "", "__proto__"])(
    "FIX-01 FIX-05 a session id of the attacker's choice (%j) is not taken up",
    async (id) => {
      const stage = openStage();
      const ann = await signUp(stage, "cookie");
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
        await stage.send(`/auth/login?sid=${id}&session_id=${id}`, { method: "POST", headers, body }),
      );
      expect(answer.status).toBe(200);
      expect(answer.body["session"]).toMatchObject({ userId: ann.userId });
      expect(idOf(answer)).not.toBe(id);
      expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
    },
  );

  it("FIX-02 signing in again ends what the browser had, and no other device", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const phone = await signIn(stage, "cookie");
    const again = await login(stage, jarOf(ann));
    expect(await endReasonOf(stage, ann.sessionId)).toBe("replaced");
    expect(await endReasonOf(stage, phone.sessionId)).toBeNull();
    expect((await whoAmI(stage, "cookie", again.access ?? "")).status).toBe(200);
  });

  it("FIX-02 signing in as another user mixes no sessions", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const bob = await signUp(stage, "cookie", "bob@example.com");
    const answer = await login(stage, jarOf(ann), "bob@example.com");
    expect(answer.body["session"]).toMatchObject({ userId: bob.userId });
    expect(answer.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual([ACCESS, REFRESH]);
    expect(await endReasonOf(stage, ann.sessionId)).toBe("replaced");
    expect(await endReasonOf(stage, bob.sessionId)).toBeNull();
  });

  it.each(modes)(
    "FIX-01 the id of a session proves nothing: naming it ends no session (%s)",
    async (mode) => {
      const stage = openStage();
      const ann = await signUp(stage, mode);
      await signUp(stage, "cookie", "eve@example.com");
      // The right session id under a wrong family secret, and a token whose signature is not ours.
      const bytes = Buffer.from(ann.refresh.slice(4), "base64url");
      bytes.fill(7, 21);
      const headers = {
        cookie: `${ACCESS}=${ann.access.slice(0, -6)}AAAAAA; ${REFRESH}=lkr_${bytes.toString("base64url")}`,
      };
      expect((await login(stage, headers, "eve@example.com")).status).toBe(200);
      expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
      expect((await present(stage, mode, ann.refresh)).status).toBe(200);
    },
  );

  it.each(modes)("FIX-01 a failed sign-in leaves everything as it was (%s)", async (mode) => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const body = { email: "ann@example.com", password: "wrong password" };
    const headers = mode === "cookie" ? jarOf(ann) : withAccess(mode, ann.access);
    const answer = await read(await stage.send("/auth/login", { method: "POST", headers, body }));
    expect([answer.status, answer.code, answer.headers.getSetCookie()]).toEqual([
      401,
      "invalid_credentials",
      [],
    ]);
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
    expect(told(stage, "session.ended")).toBe(0);
  });

  it("FIX-06 two tabs that sign in at once get a session each, and each answer is of one piece", async () => {
    const stage = openStage();
    await signUp(stage, "cookie");
    const answers = await Promise.all([login(stage, {}), login(stage, {})]);
    for (const answer of answers) {
      const found = await stage.auth.sessions.verify(answer.access ?? "");
      expect(found.ok && found.session.id).toBe(idOf(answer));
      expect((await present(stage, "cookie", answer.refresh ?? "")).body["session"]).toMatchObject({
        id: idOf(answer),
      });
    }
    expect(new Set(answers.map(idOf)).size).toBe(2);
  });

  it("FIX-07 a sign-in whose answer is lost leaves a session that ends by itself", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    await login(stage, {});
    expect((await stage.auth.sessions.list(ann.userId)).length).toBe(2);
    stage.pass(14 * 86_400);
    expect(await stage.auth.sessions.list(ann.userId)).toEqual([]);
    stage.pass(600);
    expect(await stage.auth.sessions.prune({})).toBe(2);
  });
});

function idOf({ body }: { readonly body: Readonly<Record<string, unknown>> }): string {
  const session = body["session"];
  if (typeof session !== "object" || session === null || !("id" in session)) throw new Error("no session");
  return String(session.id);
}
