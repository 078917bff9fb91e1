import { describe, expect, it } from "vitest";
import { endReasonOf, modes, present, rotated, signIn, signUp, told, whoAmI } from "./session.ts";
import { LEASE, openStage } from "./stage.ts";

describe.each(modes)("theft of a refresh token (%s)", (mode) => {
  it("REF-01 T9 rotates, and takes the old token until the child was presented, never after", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const first = await present(stage, mode, ann.refresh);
    expect([first.status, first.refresh === ann.refresh, first.refresh?.length]).toEqual([200, false, 96]);
    const again = await present(stage, mode, ann.refresh);
    expect([again.status, again.refresh, again.access === null]).toEqual([200, null, false]);
    stage.pass(LEASE);
    const second = await present(stage, mode, first.refresh ?? "");
    expect([second.status, second.refresh === null]).toEqual([200, false]);
    const old = await present(stage, mode, ann.refresh);
    expect([old.status, old.code]).toEqual([401, "refresh_token_reused"]);
  });

  it("REF-02 REF-04 ends the family when the thief was first, and tells it once", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const [, stolen = ""] = await rotated(stage, ann, 1);
    const thief = await rotated(stage, { ...ann, refresh: stolen }, 2);
    const victim = await present(stage, mode, stolen);
    expect([victim.status, victim.code]).toEqual([401, "refresh_token_reused"]);
    for (const token of [...thief, ann.refresh]) {
      expect((await present(stage, mode, token)).code).toBe("session_revoked");
    }
    expect(await endReasonOf(stage, ann.sessionId)).toBe("reuse");
    expect(told(stage, "session.reuse_detected")).toBe(1);
    const alarm = stage.events.find((event) => event.type === "session.reuse_detected");
    expect(alarm).toMatchObject({
      sessionId: ann.sessionId,
      userId: ann.userId,
      generation: 3,
      presentedGeneration: 1,
    });
  });

  it("REF-05 ends the family when the victim was first", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const tokens = await rotated(stage, ann, 3);
    const thief = await present(stage, mode, tokens[1] ?? "");
    expect([thief.status, thief.code, thief.access, thief.refresh]).toEqual([
      401,
      "refresh_token_reused",
      null,
      null,
    ]);
    expect((await present(stage, mode, tokens[3] ?? "")).code).toBe("session_revoked");
  });

  it("REF-06 knows a token of a thousand generations ago, in one row", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    await rotated(stage, ann, 1_000);
    expect((await stage.auth.sessions.list(ann.userId)).length).toBe(1);
    expect((await present(stage, mode, ann.refresh)).code).toBe("refresh_token_reused");
    expect(told(stage, "session.reuse_detected")).toBe(1);
  });

  it("REF-03 REF-07 forgives a lost answer: access only in the lease, one new child after it", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const lost = await present(stage, mode, ann.refresh);
    const before = await stage.store.sessions.get(ann.sessionId, 0);
    for (let n = 0; n < 5; n++) {
      const retry = await present(stage, mode, ann.refresh);
      expect([retry.status, retry.access === null, retry.refresh]).toEqual([200, false, null]);
    }
    expect(await stage.store.sessions.get(ann.sessionId, 0)).toEqual(before);
    stage.pass(2 * 86_400);
    const late = await present(stage, mode, ann.refresh);
    expect([late.status, late.refresh === null]).toEqual([200, false]);
    expect(told(stage, "session.reissued")).toBe(1);
    expect(told(stage, "session.reuse_detected")).toBe(0);
    stage.pass(LEASE);
    // The lost token is presented after all, by the thief that read it.
    expect((await present(stage, mode, lost.refresh ?? "")).code).toBe("refresh_token_reused");
  });

  it("REF-08 two holders in turn get one refresh token between them, and then an alarm", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const issued: string[] = [];
    for (let n = 0; n < 10; n++) {
      const answer = await present(
        stage,
        mode,
        issued.length > 0 && n % 2 === 0 ? (issued[0] ?? "") : ann.refresh,
      );
      expect(answer.status).toBe(200);
      if (answer.refresh !== null) issued.push(answer.refresh);
    }
    expect(issued.length).toBe(1);
    stage.pass(LEASE);
    expect((await present(stage, mode, issued[0] ?? "")).status).toBe(200);
    expect((await present(stage, mode, ann.refresh)).code).toBe("refresh_token_reused");
    expect(await endReasonOf(stage, ann.sessionId)).toBe("reuse");
  });

  it("REF-08 a thief who keeps up gets no refresh token after two rotations of the victim", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    let [victim, thief] = [ann.refresh, ann.refresh];
    let rotations = 0;
    for (let n = 0; n < 10 && rotations < 2; n++) {
      const stolen = await present(stage, mode, thief);
      thief = stolen.refresh ?? thief;
      const honest = await present(stage, mode, victim);
      if (honest.refresh !== null) rotations += 1;
      victim = honest.refresh ?? victim;
      stage.pass(LEASE);
      if (honest.status === 401) break;
    }
    expect((await present(stage, mode, thief)).refresh).toBeNull();
    expect(told(stage, "session.reuse_detected")).toBe(1);
  });

  it("REF-10 judges a token for its own session, whatever other credentials the request carries", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const bob = await signUp(stage, mode, "bob@example.com");
    const old = await rotated(stage, ann, 2);
    expect((await present(stage, mode, old[0] ?? "")).code).toBe("refresh_token_reused");
    expect(await endReasonOf(stage, bob.sessionId)).toBeNull();
    expect((await whoAmI(stage, mode, bob.access)).status).toBe(200);
    const answer = await present(stage, mode, bob.refresh);
    expect(answer.body["session"]).toMatchObject({ userId: bob.userId, id: bob.sessionId });
  });

  it("REF-22 leaves the user's other devices alone", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const phone = await signIn(stage, mode);
    const tokens = await rotated(stage, ann, 2);
    expect((await present(stage, mode, tokens[0] ?? "")).code).toBe("refresh_token_reused");
    expect(await endReasonOf(stage, phone.sessionId)).toBeNull();
    expect((await present(stage, mode, phone.refresh)).status).toBe(200);
  });

  it("REF-23 LOG-05 ends the family whatever the listener does", async () => {
    const listeners: readonly ((event: { readonly type: string }) => unknown)[] = [
      () => {
        throw new Error("listener");
      },
      () => Promise.reject(new Error("listener")),
      () => new Promise(() => undefined),
    ];
    for (const onEvent of listeners) {
      const stage = openStage({ onEvent });
      const ann = await signUp(stage, mode);
      const tokens = await rotated(stage, ann, 2);
      expect((await present(stage, mode, tokens[0] ?? "")).code).toBe("refresh_token_reused");
      expect(await endReasonOf(stage, ann.sessionId)).toBe("reuse");
    }
  });

  it("REF-27 an ended family beats the lease", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const first = await present(stage, mode, ann.refresh);
    expect(await stage.auth.sessions.revoke(ann.sessionId)).toBe(true);
    for (const token of [ann.refresh, first.refresh ?? ""]) {
      const answer = await present(stage, mode, token);
      expect([answer.status, answer.code, answer.access]).toEqual([401, "session_revoked", null]);
    }
  });
});
