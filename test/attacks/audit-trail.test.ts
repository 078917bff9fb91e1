import { describe, expect, it } from "vitest";
import { modes, present, read, rotated, signIn, signUp, withAccess } from "./session.ts";
import { openStage, PASSWORD } from "./stage.ts";

describe.each(modes)("the audit trail of an attack (%s)", (mode) => {
  it("LOG-03 tells each step once, by ids and in UTC seconds, without an address or a password", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const headers = withAccess(mode, ann.access);
    const wrong = { email: "ann@example.com", password: "wrong password" };
    await stage.send("/auth/login", { method: "POST", body: wrong });
    await stage.send("/auth/login", { method: "POST", body: { ...wrong, email: "nobody@example.com" } });
    const tokens = await rotated(stage, ann, 2);
    await present(stage, mode, tokens[0] ?? "");
    const phone = await signIn(stage, mode);
    await stage.send("/auth/logout", { method: "POST", headers: withAccess(mode, phone.access) });
    await stage.auth.keys.rotate();
    await stage.auth.users.disable(ann.userId);
    expect((await read(await stage.send("/auth/me", { headers }))).status).toBe(401);
    const types = stage.events.map(({ type }) => type).filter((type) => type !== "key.created");
    expect(types).toEqual([
      "user.created",
      "session.started",
      "sign_in.failed",
      "sign_in.failed",
      "session.refreshed",
      "session.refreshed",
      "session.reuse_detected",
      "session.ended",
      "session.started",
      "session.ended",
      "key.rotated",
      "user.disabled",
    ]);
    const failures = stage.events.filter(({ type }) => type === "sign_in.failed");
    expect(failures).toMatchObject([{ userId: ann.userId }, { userId: null }]);
    for (const { at } of stage.events) expect([Number.isInteger(at), at < 1e11]).toEqual([true, true]);
    const text = JSON.stringify(stage.events);
    for (const secret of [
      ...tokens,
      ann.access,
      phone.access,
      phone.refresh,
      PASSWORD,
      "wrong password",
      "@example.com",
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  it("LOG-02 LOG-04 a fault is told to the developer by its name, to the client by a code alone", async () => {
    const claims = (): never => {
      throw new RangeError(`SELECT * FROM users -- ${PASSWORD} \u001b[31m`);
    };
    const stage = openStage({ accessToken: { claims } });
    const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
    const answer = await read(await stage.send("/auth/signup", { method: "POST", body }));
    expect([answer.status, answer.body]).toEqual([
      500,
      { error: "internal_error", message: expect.stringMatching(/^[A-Z][^{}<>:]*\.$/) },
    ]);
    expect(stage.events.at(-1)).toMatchObject({ type: "internal_error", error: "RangeError" });
    expect(JSON.stringify(stage.events)).not.toMatch(/SELECT|\\u001b|correct horse/);
  });
});
