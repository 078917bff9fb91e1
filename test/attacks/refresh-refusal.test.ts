import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { type Call, requestTo } from "../fixtures/requests.ts";
import { ACCESS, countOf, REFRESH, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer } from "./server.ts";
import { endReasonOf, type Holder, modes, present, read, rotated, signUp, whoAmI } from "./session.ts";

const OTHER = { secret: "another environment with its own key 1" };

/** The same token with one byte changed, in canonical form. */
function edited(token: string, at: number, change = 1): string {
  const bytes = Buffer.from(token.slice(4), "base64url");
  bytes[at] = ((bytes[at] ?? 0) + change) % 256;
  return `lkr_${bytes.toString("base64url")}`;
}

const ID_AT = 1;
const GENERATION_AT = 20;
const FAMILY_AT = 21;
const ROTATING_AT = 37;

async function state(server: TestServer, holder: Holder): Promise<unknown> {
  return (await server.store.sessions.get(holder.sessionId, 0))?.row;
}

describe.each(modes)("refusals of a refresh token (%s)", (mode) => {
  it("REF-09 apply to an unknown session and to another environment's token, without an alarm", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const before = await state(server, ann);
    const elsewhere = await signUp(openAttackedServer(OTHER), mode);
    expect((await present(server, mode, elsewhere.refresh)).code).toBe("session_expired");
    expect((await present(server, mode, edited(ann.refresh, ID_AT))).code).toBe("session_expired");
    expect(countOf(server, "session.reuse_detected")).toBe(0);
    expect(await state(server, ann)).toEqual(before);
  });

  it("REF-20 give no information to a client that guesses the family secret, and end nothing", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const before = await state(server, ann);
    for (let at = FAMILY_AT; at < ROTATING_AT; at++) {
      expect((await present(server, mode, edited(ann.refresh, at))).code).toBe("refresh_token_invalid");
    }
    expect(await state(server, ann)).toEqual(before);
    expect(countOf(server, "session.reuse_detected")).toBe(0);
    await server.auth.sessions.revoke(ann.sessionId);
    // Also after the end: the id alone tells nothing.
    expect((await present(server, mode, edited(ann.refresh, FAMILY_AT))).code).toBe("refresh_token_invalid");
  });

  it("REF-20 treat a changed rotating secret as reuse where the family secret is right", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    expect((await present(server, mode, edited(ann.refresh, ROTATING_AT))).code).toBe("refresh_token_reused");
    expect(await endReasonOf(server, ann.sessionId)).toBe("reuse");
  });

  it("REF-09 treat a generation that is ahead as a lost write, and one that is behind as reuse", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const before = await state(server, ann);
    expect((await present(server, mode, edited(ann.refresh, GENERATION_AT))).code).toBe(
      "refresh_token_invalid",
    );
    expect((await present(server, mode, edited(ann.refresh, GENERATION_AT - 3, 128))).code).toBe(
      "refresh_token_invalid",
    );
    expect(await state(server, ann)).toEqual(before);
    expect({
      rolledBack: countOf(server, "session.rolled_back"),
      reused: countOf(server, "session.reuse_detected"),
    }).toEqual({ rolledBack: 2, reused: 0 });
    const [, child = ""] = await rotated(server, ann, 1);
    expect((await present(server, mode, edited(child, GENERATION_AT, 255))).code).toBe(
      "refresh_token_reused",
    );
  });

  it("REF-12 CLK-09 apply from the exact second of the idle expiry, without an alarm", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    server.clock.advance(14 * 86_400 - 1);
    const last = await present(server, mode, ann.refresh);
    expect(last.status).toBe(200);
    server.clock.advance(14 * 86_400);
    expect((await present(server, mode, last.refresh ?? "")).code).toBe("session_expired");
    expect(countOf(server, "session.reuse_detected")).toBe(0);
  });

  it("REF-13 CLK-09 apply after the absolute expiry, which no issued token outlives", async () => {
    const server = openAttackedServer({ refreshToken: { lifetime: 1_000, maxLifetime: 2_000 } });
    const ann = await signUp(server, mode);
    const end = Math.floor(server.clock.now() / 1_000) + 2_000;
    server.clock.advance(999);
    const one = await present(server, mode, ann.refresh);
    server.clock.advance(999);
    const two = await present(server, mode, one.refresh ?? "");
    expect(two.body).toMatchObject({ expires_in: 2, session: { expiresAt: end } });
    const found = await server.auth.sessions.verify(two.access ?? "");
    expect(found.ok && [found.claims.exp, found.session.expiresAt]).toEqual([end, end]);
    server.clock.advance(2);
    expect((await present(server, mode, two.refresh ?? "")).code).toBe("session_expired");
    expect((await whoAmI(server, mode, two.access ?? "")).code).toBe("unauthenticated");
  });

  it.each(["disable", "delete", "setPassword", "revokeAll"] as const)(
    "REF-14 CON-04 apply after %s",
    async (act) => {
      const server = openAttackedServer();
      const ann = await signUp(server, mode);
      const child = await present(server, mode, ann.refresh);
      if (act === "setPassword") await server.auth.users.setPassword(ann.userId, "another long password");
      else if (act === "revokeAll") await server.auth.sessions.revokeAll(ann.userId);
      else await server.auth.users[act](ann.userId);
      for (const token of [ann.refresh, child.refresh ?? ""]) {
        expect((await present(server, mode, token)).code).toBe("session_revoked");
      }
    },
  );

  it("REF-18 each access token is made from the current claims", async () => {
    let role = "admin";
    const server = openAttackedServer({ accessToken: { claims: () => ({ role }) } });
    const ann = await signUp(server, mode);
    role = "reader";
    const answer = await present(server, mode, ann.refresh);
    const found = await server.auth.sessions.verify(answer.access ?? "");
    expect(found.ok && found.claims["role"]).toBe("reader");
  });

  it("REF-24 BRR-07 tokens are returned by one transport only", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const answer = await present(server, mode, ann.refresh);
    const members = ["access_token", "refresh_token", "token_type"].filter((name) => name in answer.body);
    expect(members.length).toBe(mode === "cookie" ? 0 : 3);
    expect(answer.headers.getSetCookie().length).toBe(mode === "cookie" ? 2 : 0);
    if (mode === "cookie") expect(JSON.stringify(answer.body)).not.toContain("lkr_");
  });

  it("REF-09 A4 apply to a token of the other transport, and change nothing", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const before = await state(server, ann);
    const other = mode === "cookie" ? "bearer" : "cookie";
    expect((await present(server, other, ann.refresh)).code).toBe("transport_mismatch");
    expect((await whoAmI(server, other, ann.access)).code).toBe("transport_mismatch");
    expect(await state(server, ann)).toEqual(before);
  });
});

describe("refusals before the token is read", () => {
  it("REF-15 apply to a cookie and a body together", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const bob = await signUp(server, "bearer", "bob@example.com");
    const headers = { cookie: `${REFRESH}=${ann.refresh}` };
    const both = { method: "POST", headers, body: { refresh_token: bob.refresh } };
    expect((await read(await server.send("/auth/refresh", both))).code).toBe("invalid_request");
    expect((await present(server, "cookie", ann.refresh)).refresh).not.toBeNull();
    expect((await present(server, "bearer", bob.refresh)).refresh).not.toBeNull();
  });

  it.each<readonly [string, Call, number, string | null]>([
    ["REF-16 by GET", { method: "GET" }, 405, "method_not_allowed"],
    ["REF-16 by HEAD", { method: "HEAD" }, 405, null],
    [
      "REF-16 REF-26 from another site",
      { method: "POST", headers: { "sec-fetch-site": "cross-site" } },
      403,
      "csrf_rejected",
    ],
    [
      "REF-17 from a foreign origin",
      { method: "POST", headers: { origin: "https://evil.example" } },
      403,
      "csrf_rejected",
    ],
    [
      "REF-17 with a content type of its own",
      { method: "POST", body: "x", headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    [
      "REF-17 with broken JSON",
      { method: "POST", body: "{", headers: { "content-type": "application/json" } },
      400,
      "invalid_request",
    ],
  ])("use up no token and clear no cookie: %s", async (_, call, status, code) => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const ann = await signUp(server, "cookie");
    const before = counting.calls.length;
    const headers = { ...call.headers, cookie: `${ACCESS}=x; ${REFRESH}=${ann.refresh}` };
    const answer = await read(await server.send("/auth/refresh", { ...call, headers }));
    expect({ status: answer.status, code: answer.code, cleared: answer.cleared }).toEqual({
      status,
      code,
      cleared: [],
    });
    expect(counting.calls.slice(before)).toEqual([]);
    expect((await present(server, "cookie", ann.refresh)).refresh).not.toBeNull();
  });

  it("REF-25 apply to an access cookie without a refresh cookie, and clear both", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const headers = { cookie: `${ACCESS}=${ann.access}` };
    const answer = await read(await server.send("/auth/refresh", { method: "POST", headers }));
    expect({ status: answer.status, code: answer.code, cleared: answer.cleared }).toEqual({
      status: 401,
      code: "unauthenticated",
      cleared: [ACCESS, REFRESH],
    });
  });

  it("clear cookies only where the token can never be valid again", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const tokens = await rotated(server, ann, 2);
    const reused = await present(server, "cookie", tokens[0] ?? "");
    expect({ code: reused.code, cleared: reused.cleared }).toEqual({
      code: "refresh_token_reused",
      cleared: [ACCESS, REFRESH],
    });
    const late = await server.auth.validate(
      requestTo("/", { headers: { cookie: `${REFRESH}=${tokens[1]}` } }),
    );
    expect({ ok: late.ok, cookies: late.headers.getSetCookie() }).toEqual({ ok: false, cookies: [] });
  });
});
