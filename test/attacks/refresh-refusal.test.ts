import { describe, expect, it } from "vitest";
import { countingStore } from "./faulty-store.ts";
import { endReasonOf, type Holder, modes, present, read, rotated, signUp, told, whoAmI } from "./session.ts";
import { ACCESS, type Call, openStage, REFRESH, requestTo, type Stage } from "./stage.ts";

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

async function state(stage: Stage, holder: Holder): Promise<unknown> {
  return (await stage.store.sessions.get(holder.sessionId, 0))?.row;
}

describe.each(modes)("refusals of a refresh token (%s)", (mode) => {
  it("REF-09 refuses an unknown session and another environment's token, without an alarm", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const before = await state(stage, ann);
    const elsewhere = await signUp(openStage(OTHER), mode);
    expect((await present(stage, mode, elsewhere.refresh)).code).toBe("session_expired");
    expect((await present(stage, mode, edited(ann.refresh, ID_AT))).code).toBe("session_expired");
    expect(told(stage, "session.reuse_detected")).toBe(0);
    expect(await state(stage, ann)).toEqual(before);
  });

  it("REF-20 gives a guesser of the family secret nothing, and ends nothing", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const before = await state(stage, ann);
    for (let at = FAMILY_AT; at < ROTATING_AT; at++) {
      expect((await present(stage, mode, edited(ann.refresh, at))).code).toBe("refresh_token_invalid");
    }
    expect(await state(stage, ann)).toEqual(before);
    expect(told(stage, "session.reuse_detected")).toBe(0);
    await stage.auth.sessions.revoke(ann.sessionId);
    // Also after the end: the id alone tells nothing.
    expect((await present(stage, mode, edited(ann.refresh, FAMILY_AT))).code).toBe("refresh_token_invalid");
  });

  it("REF-20 judges an edited rotating secret as reuse, because the family secret is right", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    expect((await present(stage, mode, edited(ann.refresh, ROTATING_AT))).code).toBe("refresh_token_reused");
    expect(await endReasonOf(stage, ann.sessionId)).toBe("reuse");
  });

  it("REF-09 an edited generation never matches: ahead is a lost write, behind is reuse", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const before = await state(stage, ann);
    expect((await present(stage, mode, edited(ann.refresh, GENERATION_AT))).code).toBe(
      "refresh_token_invalid",
    );
    expect((await present(stage, mode, edited(ann.refresh, GENERATION_AT - 3, 128))).code).toBe(
      "refresh_token_invalid",
    );
    expect(await state(stage, ann)).toEqual(before);
    expect([told(stage, "session.rolled_back"), told(stage, "session.reuse_detected")]).toEqual([2, 0]);
    const [, child = ""] = await rotated(stage, ann, 1);
    expect((await present(stage, mode, edited(child, GENERATION_AT, 255))).code).toBe("refresh_token_reused");
  });

  it("REF-12 CLK-09 refuses at the very second of the idle expiry, without an alarm", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    stage.pass(14 * 86_400 - 1);
    const last = await present(stage, mode, ann.refresh);
    expect(last.status).toBe(200);
    stage.pass(14 * 86_400);
    expect((await present(stage, mode, last.refresh ?? "")).code).toBe("session_expired");
    expect(told(stage, "session.reuse_detected")).toBe(0);
  });

  it("REF-13 CLK-09 never lives past the absolute expiry, nor does anything that it issues", async () => {
    const stage = openStage({ refreshToken: { lifetime: 1_000, maxLifetime: 2_000 } });
    const ann = await signUp(stage, mode);
    const end = Math.floor(stage.time() / 1_000) + 2_000;
    stage.pass(999);
    const one = await present(stage, mode, ann.refresh);
    stage.pass(999);
    const two = await present(stage, mode, one.refresh ?? "");
    expect(two.body).toMatchObject({ expires_in: 2, session: { expiresAt: end } });
    const found = await stage.auth.sessions.verify(two.access ?? "");
    expect(found.ok && [found.claims.exp, found.session.expiresAt]).toEqual([end, end]);
    stage.pass(2);
    expect((await present(stage, mode, two.refresh ?? "")).code).toBe("session_expired");
    expect((await whoAmI(stage, mode, two.access ?? "")).code).toBe("unauthenticated");
  });

  it.each(["disable", "delete", "setPassword", "revokeAll"] as const)(
    "REF-14 CON-04 refuses after %s",
    async (act) => {
      const stage = openStage();
      const ann = await signUp(stage, mode);
      const child = await present(stage, mode, ann.refresh);
      if (act === "setPassword") await stage.auth.users.setPassword(ann.userId, "another long password");
      else if (act === "revokeAll") await stage.auth.sessions.revokeAll(ann.userId);
      else await stage.auth.users[act](ann.userId);
      for (const token of [ann.refresh, child.refresh ?? ""]) {
        expect((await present(stage, mode, token)).code).toBe("session_revoked");
      }
    },
  );

  it("REF-18 mints each access token from the claims as they are now", async () => {
    let role = "admin";
    const stage = openStage({ accessToken: { claims: () => ({ role }) } });
    const ann = await signUp(stage, mode);
    role = "reader";
    const answer = await present(stage, mode, ann.refresh);
    const found = await stage.auth.sessions.verify(answer.access ?? "");
    expect(found.ok && found.claims["role"]).toBe("reader");
  });

  it("REF-24 BRR-07 hands out tokens by one transport only", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const answer = await present(stage, mode, ann.refresh);
    const members = ["access_token", "refresh_token", "token_type"].filter((name) => name in answer.body);
    expect(members.length).toBe(mode === "cookie" ? 0 : 3);
    expect(answer.headers.getSetCookie().length).toBe(mode === "cookie" ? 2 : 0);
    if (mode === "cookie") expect(JSON.stringify(answer.body)).not.toContain("lkr_");
  });

  it("REF-09 A4 refuses the token of the other transport, and changes nothing", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const before = await state(stage, ann);
    const other = mode === "cookie" ? "bearer" : "cookie";
    expect((await present(stage, other, ann.refresh)).code).toBe("transport_mismatch");
    expect((await whoAmI(stage, other, ann.access)).code).toBe("transport_mismatch");
    expect(await state(stage, ann)).toEqual(before);
  });
});

describe("refusals before the token is looked at", () => {
  it("REF-15 refuses a cookie and a body together", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const bob = await signUp(stage, "bearer", "bob@example.com");
    const headers = { cookie: `${REFRESH}=${ann.refresh}` };
    const both = { method: "POST", headers, body: { refresh_token: bob.refresh } };
    expect((await read(await stage.send("/auth/refresh", both))).code).toBe("invalid_request");
    expect((await present(stage, "cookie", ann.refresh)).refresh).not.toBeNull();
    expect((await present(stage, "bearer", bob.refresh)).refresh).not.toBeNull();
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
  ])("%s: the token is not consumed, no cookie cleared", async (_, call, status, code) => {
    const counting = countingStore();
    const stage = openStage({ store: counting.store });
    const ann = await signUp(stage, "cookie");
    const before = counting.calls.length;
    const headers = { ...call.headers, cookie: `${ACCESS}=x; ${REFRESH}=${ann.refresh}` };
    const answer = await read(await stage.send("/auth/refresh", { ...call, headers }));
    expect([answer.status, answer.code, answer.cleared]).toEqual([status, code, []]);
    expect(counting.calls.slice(before)).toEqual([]);
    expect((await present(stage, "cookie", ann.refresh)).refresh).not.toBeNull();
  });

  it("REF-25 an access cookie alone is refused, and both are cleared", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const headers = { cookie: `${ACCESS}=${ann.access}` };
    const answer = await read(await stage.send("/auth/refresh", { method: "POST", headers }));
    expect([answer.status, answer.code, answer.cleared]).toEqual([401, "unauthenticated", [ACCESS, REFRESH]]);
  });

  it("clears cookies only where no token will ever be good again", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const tokens = await rotated(stage, ann, 2);
    const reused = await present(stage, "cookie", tokens[0] ?? "");
    expect([reused.code, reused.cleared]).toEqual(["refresh_token_reused", [ACCESS, REFRESH]]);
    const late = await stage.auth.validate(
      requestTo("/", { headers: { cookie: `${REFRESH}=${tokens[1]}` } }),
    );
    expect([late.ok, late.headers.getSetCookie()]).toEqual([false, []]);
  });
});
