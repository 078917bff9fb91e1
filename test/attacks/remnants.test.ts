import type { AuthHooks, JsonObject, User } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { endReasonOf, modes, present, read, signIn, signUp, whoAmI, withAccess } from "./session.ts";
import { ORIGIN, openStage, PASSWORD, REFRESH, type Stage } from "./stage.ts";

const ANN = { email: "ann@example.com", password: PASSWORD };

function post(stage: Stage, path: string, body: object, headers: Record<string, string> = {}) {
  return stage.send(path, { method: "POST", headers, body });
}

describe.each(modes)("what is left of a session that has ended (%s)", (mode) => {
  it("LGO-06 ends no other session, not even while its access token lives", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const lost = await signIn(stage, mode);
    await stage.auth.sessions.revoke(lost.sessionId);
    const headers = withAccess(mode, lost.access);
    for (const scope of ["all", "others"]) {
      const answer = await read(await post(stage, "/auth/logout", { scope }, headers));
      expect([answer.status, answer.code]).toEqual([401, "unauthenticated"]);
    }
    const remote = await stage.send(`/auth/sessions/${ann.sessionId}`, { method: "DELETE", headers });
    expect((await read(remote)).code).toBe("session_revoked");
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
  });

  it("A10 a request that hooks.validated refuses ends no session", async () => {
    let refuse = false;
    const stage = openStage({ hooks: { validated: () => (refuse ? false : undefined) } });
    const ann = await signUp(stage, mode);
    refuse = true;
    const answer = await post(stage, "/auth/logout", { scope: "all" }, withAccess(mode, ann.access));
    expect((await read(answer)).code).toBe("unauthenticated");
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
  });

  it("A4 a token of the other transport ends no session", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const other = withAccess(mode === "cookie" ? "bearer" : "cookie", ann.access);
    expect((await read(await post(stage, "/auth/logout", { scope: "all" }, other))).status).toBe(401);
    expect(await endReasonOf(stage, ann.sessionId)).toBeNull();
  });
});

describe("what is left of a sign-in that fails", () => {
  const failures: Readonly<Record<string, AuthHooks<JsonObject, User>["signedIn"]>> = {
    "a hook that refuses": () => false,
    "a hook that throws": () => {
      throw new Error("no");
    },
    "a context that is too big": () => ({ context: { text: "漢".repeat(1_000) } }),
  };

  it.each(Object.entries(failures))("FIX-07 %s: the old sessions live on", async (_, signedIn) => {
    let fail = false;
    const stage = openStage({
      sessions: { limit: 1 },
      hooks: { signedIn: (event) => (fail ? signedIn?.(event) : undefined) },
    });
    const ann = await signUp(stage, "bearer");
    fail = true;
    expect((await post(stage, "/auth/login", ANN)).ok).toBe(false);
    expect(await stage.auth.sessions.list(ann.userId)).toHaveLength(1);
    expect((await present(stage, "bearer", ann.refresh)).status).toBe(200);
  });

  it.each(Object.entries(failures))("%s: no account is left of a sign-up", async (_, signedIn) => {
    let fail = true;
    const stage = openStage({ hooks: { signedIn: (event) => (fail ? signedIn?.(event) : undefined) } });
    expect((await post(stage, "/auth/signup", ANN)).ok).toBe(false);
    expect(await stage.auth.users.find(ANN)).toBeNull();
    fail = false;
    expect((await post(stage, "/auth/signup", ANN)).status).toBe(201);
  });

  it("STO-20 a context that no token could carry is refused before it is stored", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "bearer");
    const update = stage.auth.sessions.update(ann.sessionId, { context: { text: "漢".repeat(1_000) } });
    await expect(update).rejects.toMatchObject({ code: "internal_error" });
    expect((await present(stage, "bearer", ann.refresh)).status).toBe(200);
  });

  it("CKP-01 each of four sessions that a browser presents is replaced", async () => {
    const stage = openStage({ cookies: { previous: ["a", "b", "c"].map((name) => ({ name })) } });
    const held = [await signUp(stage, "cookie")];
    for (let more = 0; more < 3; more++) held.push(await signIn(stage, "cookie"));
    const names = [REFRESH, "a", "b", "c"];
    const cookie = held.map(({ refresh }, index) => `${names[index]}=${refresh}`).join("; ");
    expect((await post(stage, "/auth/login", ANN, { cookie })).status).toBe(200);
    const reasons = await Promise.all(held.map(({ sessionId }) => endReasonOf(stage, sessionId)));
    expect(reasons).toEqual(["replaced", "replaced", "replaced", "replaced"]);
  });
});

describe("what a fault leaves of a request", () => {
  it("a hook that throws near expiry does not take the live token away", async () => {
    const stage = openStage({
      hooks: {
        refreshed: () => {
          throw new Error("no");
        },
      },
    });
    const ann = await signUp(stage, "cookie");
    stage.pass(560);
    const cookie = `${withAccess("cookie", ann.access)["cookie"]}; ${REFRESH}=${ann.refresh}`;
    const found = await stage.auth.validate(new Request(ORIGIN, { headers: { cookie } }));
    expect(found).toMatchObject({ ok: true, refreshed: false });
    expect(stage.events.some(({ type }) => type === "internal_error")).toBe(true);
  });

  it("an asynchronous hooks.validated lets no request pass", async () => {
    const validated: () => void = async () => undefined;
    const stage = openStage({ hooks: { validated } });
    const ann = await signUp(stage, "cookie");
    expect((await whoAmI(stage, "cookie", ann.access)).status).toBe(500);
  });

  it("a device that is no text is unknown, and hides no session", async () => {
    const stage = openStage();
    const { id } = await stage.auth.users.create({ email: "ann@example.com" });
    await stage.auth.sessions.create(id, { device: JSON.parse('{ "address": 5, "userAgent": ["x"] }') });
    const device = { address: null, userAgent: null };
    expect(await stage.auth.sessions.list(id)).toMatchObject([{ device }]);
  });

  it("a cookie that is listed as its own past keeps what is set", async () => {
    const stage = openStage({ cookies: { previous: [{ name: REFRESH }] } });
    const ann = await signUp(stage, "cookie");
    const answer = await present(stage, "cookie", ann.refresh);
    expect([answer.status, answer.cleared, answer.refresh]).toEqual([
      200,
      [],
      expect.stringMatching(/^lkr_/),
    ]);
  });

  it.each(["accept-language", "content-type", "cookie", "Origin", "sec-fetch-site"])(
    "CSRF-14 the header %s, which a page can have sent, is no bearer's",
    (header) => {
      expect(() => openStage({ bearer: { header } })).toThrow(/bearer\.header/);
    },
  );
});
