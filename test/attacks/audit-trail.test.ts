import { describe, expect, it } from "vitest";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, present, read, rotated, signIn, signUp, withAccess } from "./session.ts";

describe.each(modes)("the audit trail of an attack (%s)", (mode) => {
  it("LOG-03 has one event for each step, with ids and UTC seconds, without an address or a password", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const headers = withAccess(mode, ann.access);
    const wrong = { email: "ann@example.com", password: "wrong password" };
    await server.send("/auth/login", { method: "POST", body: wrong });
    await server.send("/auth/login", { method: "POST", body: { ...wrong, email: "nobody@example.com" } });
    const tokens = await rotated(server, ann, 2);
    await present(server, mode, tokens[0] ?? "");
    const phone = await signIn(server, mode);
    await server.send("/auth/logout", { method: "POST", headers: withAccess(mode, phone.access) });
    await server.auth.keys.rotate();
    await server.auth.users.disable(ann.userId);
    expect((await read(await server.send("/auth/me", { headers }))).status).toBe(401);
    const types = server.events.map(({ type }) => type).filter((type) => type !== "key.created");
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
    const failures = server.events.filter(({ type }) => type === "sign_in.failed");
    expect(failures).toMatchObject([{ userId: ann.userId }, { userId: null }]);
    for (const { at } of server.events) {
      expect({ at, isInteger: Number.isInteger(at), isInSeconds: at < 1e11 }).toEqual({
        at,
        isInteger: true,
        isInSeconds: true,
      });
    }
    const text = JSON.stringify(server.events);
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

  it("LOG-02 LOG-04 the developer learns the name of a fault, and the client only its code", async () => {
    const claims = (): never => {
      throw new RangeError(`SELECT * FROM users -- ${PASSWORD} \u001b[31m`);
    };
    const server = openAttackedServer({ accessToken: { claims } });
    const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
    const answer = await read(await server.send("/auth/signup", { method: "POST", body }));
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 500,
      body: { error: "internal_error", message: expect.stringMatching(/^[A-Z][^{}<>:]*\.$/) },
    });
    expect(server.events.at(-1)).toMatchObject({ type: "internal_error", error: "RangeError" });
    expect(JSON.stringify(server.events)).not.toMatch(/SELECT|\\u001b|correct horse/);
  });
});
