import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, countOf, REFRESH, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer } from "./server.ts";
import { endReasonOf, type Holder, present, read, rotated, signIn, signUp } from "./session.ts";
import { codeOf } from "./verdicts.ts";

function jar(name: string, ...values: readonly string[]): Record<string, string> {
  return { cookie: values.map((value) => `${name}=${value}`).join("; ") };
}

async function whoseIs(server: TestServer, headers: Record<string, string>): Promise<string> {
  const found = await server.auth.validate(requestTo("/", { headers }));
  return found.ok ? found.userId : codeOf(found);
}

async function two(server: TestServer): Promise<readonly [Holder, Holder]> {
  return [await signUp(server, "cookie"), await signUp(server, "cookie", "eve@example.com")];
}

describe("CKP-01 two access cookies", () => {
  it("are answered by the one that verifies, in any order", async () => {
    const server = openAttackedServer();
    const [ann] = await two(server);
    for (const junk of ["x", "", "a.b.c", `${ann.access}=`, "x".repeat(5_000)]) {
      expect(await whoseIs(server, jar(ACCESS, junk, ann.access))).toBe(ann.userId);
      expect(await whoseIs(server, jar(ACCESS, ann.access, junk))).toBe(ann.userId);
    }
  });

  it("of different sessions authenticate no user, even if both are of one user, in any order", async () => {
    const server = openAttackedServer();
    const [ann, eve] = await two(server);
    const phone = await signIn(server, "cookie");
    for (const [a, b] of [
      [ann, eve],
      [eve, ann],
      [ann, phone],
    ] as const) {
      expect(await whoseIs(server, jar(ACCESS, a.access, b.access))).toBe("unauthenticated");
    }
  });

  it("of one session are answered as that session", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const answer = await present(server, "cookie", ann.refresh);
    expect(await whoseIs(server, jar(ACCESS, ann.access, answer.access ?? ""))).toBe(ann.userId);
  });
});

describe("several refresh cookies", () => {
  const refresh = async (server: TestServer, ...tokens: readonly string[]): ReturnType<typeof read> =>
    read(await server.send("/auth/refresh", { method: "POST", headers: jar(REFRESH, ...tokens) }));

  it("CKP-01 raise no alarm where a stale copy is beside the current token, in any order", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const tokens = await rotated(server, ann, 3);
    const [stale = "", , , newest = ""] = tokens;
    const first = await refresh(server, stale, newest);
    expect({ status: first.status, hasRefresh: first.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    const again = await refresh(server, newest, stale);
    expect({ status: again.status, refresh: again.refresh }).toEqual({ status: 200, refresh: null });
    expect(countOf(server, "session.reuse_detected")).toBe(0);
    // Alone, the same copy is what it is.
    expect((await refresh(server, stale)).code).toBe("refresh_token_reused");
  });

  it("CKP-01 of two live sessions are answered with 401, and neither cookie nor session ends", async () => {
    const server = openAttackedServer();
    const [ann, eve] = await two(server);
    const answer = await refresh(server, eve.refresh, ann.refresh);
    expect({ status: answer.status, cleared: answer.cleared, access: answer.access }).toEqual({
      status: 401,
      cleared: [],
      access: null,
    });
    expect({
      ann: await endReasonOf(server, ann.sessionId),
      eve: await endReasonOf(server, eve.sessionId),
    }).toEqual({ ann: null, eve: null });
    expect(await whoseIs(server, jar(REFRESH, ann.refresh, eve.refresh))).toBe("unauthenticated");
  });

  it("CKP-01 are answered by the valid token where a planted one is dead or malformed", async () => {
    const server = openAttackedServer();
    const [ann, eve] = await two(server);
    await server.auth.sessions.revoke(eve.sessionId);
    const answer = await refresh(server, eve.refresh, "x", ann.refresh);
    expect({ status: answer.status, session: answer.body["session"] }).toMatchObject({
      status: 200,
      session: { userId: ann.userId },
    });
    expect(answer.cleared).toEqual([]);
  });

  it("CKP-01 are answered by the valid token, without an alarm, where a superseded one of another session is planted", async () => {
    const server = openAttackedServer();
    const [ann, eve] = await two(server);
    const [old = ""] = await rotated(server, eve, 2);
    const answer = await refresh(server, old, ann.refresh);
    expect({ status: answer.status, session: answer.body["session"] }).toMatchObject({
      status: 200,
      session: { userId: ann.userId },
    });
    expect(await endReasonOf(server, eve.sessionId)).toBeNull();
  });

  it("CKP-10 are tried up to four", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const many = Array.from({ length: 4 }, (_, n) => `x${n}`);
    expect((await refresh(server, ...many.slice(1), ann.refresh)).status).toBe(200);
    expect((await refresh(server, ...many, ann.refresh)).code).toBe("refresh_token_invalid");
  });

  it("with the same token count as one", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const answer = await refresh(server, ann.refresh, ann.refresh);
    expect({ status: answer.status, hasRefresh: answer.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
  });
});

describe("REF-10 the access cookie of one session beside the refresh cookie of another", () => {
  it("is answered as that session while it lives, and the token of the other is not used", async () => {
    const server = openAttackedServer();
    const [ann, eve] = await two(server);
    server.clock.advance(590);
    const headers = { cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${eve.refresh}` };
    const found = await server.auth.validate(requestTo("/", { headers }));
    expect(found.ok && [found.userId, found.refreshed]).toEqual([ann.userId, false]);
    expect(found.headers.getSetCookie()).toEqual([]);
    expect(countOf(server, "session.refreshed")).toBe(0);
    expect((await present(server, "cookie", eve.refresh)).refresh).not.toBeNull();
  });
});

describe("cookies of former names", () => {
  const options = {
    cookies: {
      domain: "app.example.com",
      previous: [
        { name: "old.sid", domain: "example.com" },
        { name: "__Secure-latchkey.refresh", domain: "example.com" },
      ],
    },
  };
  const CURRENT = "__Secure-latchkey.refresh";

  async function enter(
    server: TestServer,
    email: string,
  ): Promise<{ readonly userId: string; readonly refresh: string }> {
    const user = await server.auth.users.create({ email });
    const { refreshToken } = await server.auth.sessions.create(user.id);
    return { userId: user.id, refresh: refreshToken ?? "" };
  }

  it("CKP-01 give way to the current name, and are expired", async () => {
    const server = openAttackedServer(options);
    const [ann, eve] = [await enter(server, "ann@example.com"), await enter(server, "eve@example.com")];
    const headers = { cookie: `old.sid=${eve.refresh}; ${CURRENT}=${ann.refresh}` };
    const response = await server.send("/auth/refresh", { method: "POST", headers });
    expect(await response.clone().json()).toMatchObject({ session: { userId: ann.userId } });
    const gone = response.headers.getSetCookie().filter((line) => line.includes("Max-Age=0"));
    expect(gone).toEqual([
      "old.sid=; Max-Age=0; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax",
      `${CURRENT}=; Max-Age=0; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ]);
  });

  it("still sign in where the current name is absent", async () => {
    const server = openAttackedServer(options);
    const ann = await enter(server, "ann@example.com");
    expect(await whoseIs(server, jar("old.sid", ann.refresh))).toBe(ann.userId);
  });

  it("CKS-10 the jar after a refresh keeps the new cookie where the same name is deleted on another domain", async () => {
    const server = openAttackedServer(options);
    const ann = await enter(server, "ann@example.com");
    const found = await server.auth.validate(requestTo("/", { headers: jar(CURRENT, ann.refresh) }));
    if (!found.ok) throw new Error(found.code);
    const sent = found.headers.getSetCookie().find((line) => line.startsWith(`${CURRENT}=lkr_`));
    expect(found.cookies.get(CURRENT)).toBe(sent?.slice(CURRENT.length + 1).split(";")[0]);
  });
});

it("CKS-10 a sign-out deletes the current cookie last, for hosts that keep one line of a name", async () => {
  const name = "__Secure-latchkey.access";
  const server = openAttackedServer({
    cookies: { domain: "example.com", previous: [{ name, domain: "app.example.com" }] },
  });
  const headers = { cookie: `${name}=x` };
  const response = await server.send("/auth/logout", { method: "POST", headers });
  const lines = response.headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
  expect(lines.map((line) => /Domain=([^;]+)/.exec(line)?.[1])).toEqual(["app.example.com", "example.com"]);
});
