import { describe, expect, it } from "vitest";
import { countOf } from "../fixtures/server.ts";
import { LEASE, openAttackedServer } from "./server.ts";
import { endReasonOf, modes, present, rotated, signIn, signUp, whoAmI } from "./session.ts";

describe.each(modes)("theft of a refresh token (%s)", (mode) => {
  it("REF-01 T9 the old token is accepted until the child is presented, and never after", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const first = await present(server, mode, ann.refresh);
    expect({
      status: first.status,
      isSameToken: first.refresh === ann.refresh,
      length: first.refresh?.length,
    }).toEqual({ status: 200, isSameToken: false, length: 96 });
    const again = await present(server, mode, ann.refresh);
    expect({ status: again.status, refresh: again.refresh, hasAccess: again.access !== null }).toEqual({
      status: 200,
      refresh: null,
      hasAccess: true,
    });
    server.clock.advance(LEASE);
    const second = await present(server, mode, first.refresh ?? "");
    expect({ status: second.status, hasRefresh: second.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    const old = await present(server, mode, ann.refresh);
    expect({ status: old.status, code: old.code }).toEqual({ status: 401, code: "refresh_token_reused" });
  });

  it("REF-02 REF-04 ends the family where the thief was first, with one event", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const [, stolen = ""] = await rotated(server, ann, 1);
    const thief = await rotated(server, { ...ann, refresh: stolen }, 2);
    const victim = await present(server, mode, stolen);
    expect({ status: victim.status, code: victim.code }).toEqual({
      status: 401,
      code: "refresh_token_reused",
    });
    for (const token of [...thief, ann.refresh]) {
      expect((await present(server, mode, token)).code).toBe("session_revoked");
    }
    expect(await endReasonOf(server, ann.sessionId)).toBe("reuse");
    expect(countOf(server, "session.reuse_detected")).toBe(1);
    const alarm = server.events.find((event) => event.type === "session.reuse_detected");
    expect(alarm).toMatchObject({
      sessionId: ann.sessionId,
      userId: ann.userId,
      generation: 3,
      presentedGeneration: 1,
    });
  });

  it("REF-05 ends the family where the victim was first", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const tokens = await rotated(server, ann, 3);
    const thief = await present(server, mode, tokens[1] ?? "");
    expect({ status: thief.status, code: thief.code, access: thief.access, refresh: thief.refresh }).toEqual({
      status: 401,
      code: "refresh_token_reused",
      access: null,
      refresh: null,
    });
    expect((await present(server, mode, tokens[3] ?? "")).code).toBe("session_revoked");
  });

  it("REF-06 is detected by a token of a thousand generations ago, from one row", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    await rotated(server, ann, 1_000);
    expect((await server.auth.sessions.list(ann.userId)).length).toBe(1);
    expect((await present(server, mode, ann.refresh)).code).toBe("refresh_token_reused");
    expect(countOf(server, "session.reuse_detected")).toBe(1);
  });

  it("REF-03 REF-07 is not assumed for a lost answer: access only in the lease, one new child after it", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const lost = await present(server, mode, ann.refresh);
    const before = await server.store.sessions.get(ann.sessionId, 0);
    for (let n = 0; n < 5; n++) {
      const retry = await present(server, mode, ann.refresh);
      expect({ status: retry.status, hasAccess: retry.access !== null, refresh: retry.refresh }).toEqual({
        status: 200,
        hasAccess: true,
        refresh: null,
      });
    }
    expect(await server.store.sessions.get(ann.sessionId, 0)).toEqual(before);
    server.clock.advance(2 * 86_400);
    const late = await present(server, mode, ann.refresh);
    expect({ status: late.status, hasRefresh: late.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    expect(countOf(server, "session.reissued")).toBe(1);
    expect(countOf(server, "session.reuse_detected")).toBe(0);
    server.clock.advance(LEASE);
    // The lost token is presented after all, by the thief that read it.
    expect((await present(server, mode, lost.refresh ?? "")).code).toBe("refresh_token_reused");
  });

  it("REF-08 two holders in turn share one refresh token, and then an alarm is raised", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const issued: string[] = [];
    for (let n = 0; n < 10; n++) {
      const answer = await present(
        server,
        mode,
        issued.length > 0 && n % 2 === 0 ? (issued[0] ?? "") : ann.refresh,
      );
      expect(answer.status).toBe(200);
      if (answer.refresh !== null) issued.push(answer.refresh);
    }
    expect(issued.length).toBe(1);
    server.clock.advance(LEASE);
    expect((await present(server, mode, issued[0] ?? "")).status).toBe(200);
    expect((await present(server, mode, ann.refresh)).code).toBe("refresh_token_reused");
    expect(await endReasonOf(server, ann.sessionId)).toBe("reuse");
  });

  it("REF-08 a thief that refreshes along gets no refresh token after two rotations of the victim", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    let [victim, thief] = [ann.refresh, ann.refresh];
    let rotations = 0;
    for (let n = 0; n < 10 && rotations < 2; n++) {
      const stolen = await present(server, mode, thief);
      thief = stolen.refresh ?? thief;
      const honest = await present(server, mode, victim);
      if (honest.refresh !== null) rotations += 1;
      victim = honest.refresh ?? victim;
      server.clock.advance(LEASE);
      if (honest.status === 401) break;
    }
    expect((await present(server, mode, thief)).refresh).toBeNull();
    expect(countOf(server, "session.reuse_detected")).toBe(1);
  });

  it("REF-10 is judged by the token's own session, whatever other credentials the request carries", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const bob = await signUp(server, mode, "bob@example.com");
    const old = await rotated(server, ann, 2);
    expect((await present(server, mode, old[0] ?? "")).code).toBe("refresh_token_reused");
    expect(await endReasonOf(server, bob.sessionId)).toBeNull();
    expect((await whoAmI(server, mode, bob.access)).status).toBe(200);
    const answer = await present(server, mode, bob.refresh);
    expect(answer.body["session"]).toMatchObject({ userId: bob.userId, id: bob.sessionId });
  });

  it("REF-22 does not affect the user's other devices", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const phone = await signIn(server, mode);
    const tokens = await rotated(server, ann, 2);
    expect((await present(server, mode, tokens[0] ?? "")).code).toBe("refresh_token_reused");
    expect(await endReasonOf(server, phone.sessionId)).toBeNull();
    expect((await present(server, mode, phone.refresh)).status).toBe(200);
  });

  it("REF-23 LOG-05 ends the family even if the event listener fails", async () => {
    const listeners: readonly ((event: { readonly type: string }) => unknown)[] = [
      () => {
        throw new Error("listener");
      },
      () => Promise.reject(new Error("listener")),
      () => new Promise(() => undefined),
    ];
    for (const onEvent of listeners) {
      const server = openAttackedServer({ onEvent });
      const ann = await signUp(server, mode);
      const tokens = await rotated(server, ann, 2);
      expect((await present(server, mode, tokens[0] ?? "")).code).toBe("refresh_token_reused");
      expect(await endReasonOf(server, ann.sessionId)).toBe("reuse");
    }
  });

  it("REF-27 an ended family refuses tokens also within the lease", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const first = await present(server, mode, ann.refresh);
    expect(await server.auth.sessions.revoke(ann.sessionId)).toBe(true);
    for (const token of [ann.refresh, first.refresh ?? ""]) {
      const answer = await present(server, mode, token);
      expect({ status: answer.status, code: answer.code, access: answer.access }).toEqual({
        status: 401,
        code: "session_revoked",
        access: null,
      });
    }
  });
});
