import { describe, expect, it } from "vitest";
import { faultyStore } from "./faulty-store.ts";
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
import { ACCESS, openStage, REFRESH, type Stage } from "./stage.ts";

type Answer = Awaited<ReturnType<typeof read>>;

/** Signs out with everything that the client holds. */
async function logout(
  stage: Stage,
  holder: Holder,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const cookie = `${ACCESS}=${holder.access}; ${REFRESH}=${holder.refresh}`;
  const call =
    holder.mode === "cookie"
      ? { headers: { cookie }, body }
      : { headers: withAccess("bearer", holder.access), body: { refresh_token: holder.refresh, ...body } };
  return read(await stage.send("/auth/logout", { method: "POST", ...call }));
}

describe.each(modes)("signing out (%s)", (mode) => {
  it("LGO-01 LGO-02 ends the family, clears every cookie, and nothing captured lives on", async () => {
    const stage = openStage({ revocation: "store" });
    const ann = await signUp(stage, mode);
    const child = await present(stage, mode, ann.refresh);
    const answer = await logout(stage, ann);
    expect([answer.status, answer.cleared]).toEqual([200, mode === "cookie" ? [ACCESS, REFRESH] : []]);
    expect(answer.headers.get("cache-control")).toContain("no-store");
    expect(await endReasonOf(stage, ann.sessionId)).toBe("logout");
    for (const token of [ann.refresh, child.refresh ?? ""]) {
      expect((await present(stage, mode, token)).code).toBe("session_revoked");
    }
    expect((await whoAmI(stage, mode, ann.access)).code).toBe("session_revoked");
  });

  it("LGO-02 JWT-30 JWT-31 unchecked, a captured access token dies by its expiry; checked, at once", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    await logout(stage, ann, { scope: "all" });
    const carried = withAccess(mode, ann.access);
    const ask = async (fresh: boolean): Promise<boolean> =>
      (await stage.auth.validate(new Request("https://app.example.com/", { headers: carried }), { fresh }))
        .ok;
    expect([await ask(false), await ask(true)]).toEqual([true, false]);
    stage.pass(599);
    expect(await ask(false)).toBe(true);
    stage.pass(1);
    expect(await ask(false)).toBe(false);
  });

  it("LGO-03 succeeds with expired, old, unknown and broken tokens, twice, and at once", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const tokens = await rotated(stage, ann, 2);
    stage.pass(700);
    // Superseded, but the family secret is right: it signs out, and raises no alarm.
    expect((await logout(stage, { ...ann, refresh: tokens[0] ?? "" })).status).toBe(200);
    expect(await endReasonOf(stage, ann.sessionId)).toBe("logout");
    for (const junk of ["", "x", "lkr_", "a.b.c", "%", "x".repeat(3_000)]) {
      expect((await logout(stage, { ...ann, access: junk, refresh: junk })).status).toBe(200);
    }
    const phone = await signIn(stage, mode);
    const answers = await Promise.all(Array.from({ length: 20 }, () => logout(stage, phone)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await read(await stage.send("/auth/logout", { method: "POST" }))).status).toBe(200);
    expect(stage.events.filter(({ type }) => type === "session.reuse_detected")).toEqual([]);
  });

  it("LGO-04 says so when the store is down, clears the cookies, and can be repeated", async () => {
    let down = false;
    const stage = openStage({
      store: faultyStore((call) =>
        down && call === "sessions.end" ? Promise.reject(new Error("down")) : null,
      ),
    });
    const ann = await signUp(stage, mode);
    down = true;
    const failed = await logout(stage, ann);
    expect([failed.status, failed.code, failed.cleared]).toEqual([
      503,
      "store_unavailable",
      mode === "cookie" ? [ACCESS, REFRESH] : [],
    ]);
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
    down = false;
    expect((await logout(stage, ann)).status).toBe(200);
    expect(await endReasonOf(stage, ann.sessionId)).toBe("logout");
  });

  it("LGO-06 everywhere, or everywhere else, and no other user", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const phone = await signIn(stage, mode);
    const bob = await signUp(stage, mode, "bob@example.com");
    const others = await logout(stage, phone, { scope: "others" });
    expect([others.status, others.cleared]).toEqual([200, []]);
    expect([await endReasonOf(stage, ann.sessionId), await endReasonOf(stage, phone.sessionId)]).toEqual([
      "logout",
      null,
    ]);
    expect((await logout(stage, phone, { scope: "all" })).status).toBe(200);
    expect([await endReasonOf(stage, phone.sessionId), await endReasonOf(stage, bob.sessionId)]).toEqual([
      "logout",
      null,
    ]);
    expect(await stage.auth.sessions.list(ann.userId)).toEqual([]);
  });

  it("LGO-06 neither an old token nor an id alone signs the user out everywhere", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const phone = await signIn(stage, mode);
    const tokens = await rotated(stage, ann, 2);
    stage.pass(700);
    const stolen = await logout(stage, { ...ann, refresh: tokens[0] ?? "" }, { scope: "all" });
    expect([stolen.status, stolen.code]).toEqual([401, "unauthenticated"]);
    expect(stolen.cleared).toEqual(mode === "cookie" ? [ACCESS, REFRESH] : []);
    const guessed = Buffer.from(ann.refresh.slice(4), "base64url").fill(1, 21).toString("base64url");
    expect((await logout(stage, { ...ann, access: "x", refresh: `lkr_${guessed}` })).status).toBe(200);
    expect([await endReasonOf(stage, ann.sessionId), await endReasonOf(stage, phone.sessionId)]).toEqual([
      null,
      null,
    ]);
  });

  it("LGO-07 a user neither sees nor ends another user's session", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const eve = await signUp(stage, mode, "eve@example.com");
    const headers = withAccess(mode, eve.access);
    const end = async (id: string): Promise<Answer> =>
      read(await stage.send(`/auth/sessions/${id}`, { method: "DELETE", headers }));
    for (const id of [
      ann.sessionId,
      "AAAAAAAAAAAAAAAAAAAAAA",
      "x",
      "__proto__",
      eve.sessionId.slice(0, -1),
    ]) {
      const answer = await end(id);
      expect([answer.status, answer.code, answer.body]).toEqual([404, "not_found", (await end("x")).body]);
    }
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
    const listed = await read(await stage.send("/auth/sessions", { headers }));
    expect(JSON.stringify(listed.body)).not.toContain(ann.sessionId);
    expect((await end(eve.sessionId)).status).toBe(204);
  });

  it("LGO-08 the list shows no secret, and its ids are no tokens", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const listed = await read(await stage.send("/auth/sessions", { headers: withAccess(mode, ann.access) }));
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
    expect((await present(stage, mode, ann.sessionId)).code).toBe("refresh_token_invalid");
    expect((await whoAmI(stage, mode, ann.sessionId)).code).toBe("unauthenticated");
  });
});
