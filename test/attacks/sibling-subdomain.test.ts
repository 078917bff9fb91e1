import type { AuthOptions, Validation } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { type Answer, endReasonOf, read, told } from "./session.ts";
import { ORIGIN, openStage, requestTo, type Stage } from "./stage.ts";
import { codeOf } from "./verdicts.ts";

interface Party {
  readonly userId: string;
  readonly sessionId: string;
  readonly access: string;
  readonly refresh: string;
}

const FORMER: AuthOptions["cookies"] = { previous: [{ name: "sid" }] };

/** Configurations whose cookies another host of the site can set, and the names in use there. */
const SHARED = [
  {
    name: "cookies.domain",
    cookies: { domain: "example.com" },
    access: "__Secure-latchkey.access",
    refresh: "__Secure-latchkey.refresh",
  },
  {
    name: "cookies.refreshPath",
    cookies: { refreshPath: "/auth" },
    access: "__Host-Http-latchkey.access",
    refresh: "__Secure-latchkey.refresh",
  },
] as const;

async function party(stage: Stage, email: string): Promise<Party> {
  const { id } = await stage.auth.users.create({ email });
  const { session, accessToken, refreshToken } = await stage.auth.sessions.create(id);
  return { userId: id, sessionId: session.id, access: accessToken, refresh: refreshToken ?? "" };
}

async function both(stage: Stage): Promise<{ readonly owner: Party; readonly thief: Party }> {
  return { owner: await party(stage, "owner@example.com"), thief: await party(stage, "thief@example.com") };
}

function cookie(...pairs: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  return { cookie: pairs.map(([name, value]) => `${name}=${value}`).join("; ") };
}

async function whoseIs(stage: Stage, headers: Record<string, string>, method = "GET"): Promise<string> {
  const found = await stage.auth.validate(requestTo("/auth/page", { method, headers }));
  return found.ok ? found.userId : codeOf(found);
}

function refresh(stage: Stage, headers: Record<string, string>): Promise<Answer> {
  return stage.send("/auth/refresh", { method: "POST", headers }).then(read);
}

/** The places that an answer deletes a cookie from. */
function deleted(headers: Headers): readonly string[] {
  return headers
    .getSetCookie()
    .filter((line) => line.includes("Max-Age=0"))
    .map((line) => line.replace(/=; Max-Age=0/, "").replace(/; Secure.*/, ""));
}

describe("a session of another party under a former name", () => {
  const ACCESS = "__Host-Http-latchkey.access";
  const REFRESH = "__Host-Http-latchkey.refresh";

  it.each(["GET", "POST"])("never stands in for the owner's own, by %s", async (method) => {
    const stage = openStage({ cookies: FORMER });
    const { owner, thief } = await both(stage);
    for (const planted of [thief.access, thief.refresh]) {
      for (const own of [
        [[ACCESS, owner.access]],
        [[REFRESH, owner.refresh]],
        [
          [ACCESS, owner.access],
          [REFRESH, owner.refresh],
        ],
      ] satisfies readonly (readonly (readonly [string, string])[])[]) {
        for (const sent of [cookie(["sid", planted], ...own), cookie(...own, ["sid", planted])]) {
          expect(await whoseIs(stage, sent, method)).toBe(owner.userId);
        }
      }
    }
  });

  it("is not taken when the owner's access token has run out", async () => {
    const stage = openStage({ cookies: FORMER });
    const owner = await party(stage, "owner@example.com");
    stage.pass(601);
    const thief = await party(stage, "thief@example.com");
    const sent = cookie(["sid", thief.access], [ACCESS, owner.access], [REFRESH, owner.refresh]);
    for (const method of ["GET", "POST"]) expect(await whoseIs(stage, sent, method)).toBe(owner.userId);
    const never = await stage.auth.validate(requestTo("/", { headers: sent }), { refresh: "never" });
    expect(never).toMatchObject({ ok: true, userId: owner.userId });
    expect((await refresh(stage, sent)).body["session"]).toMatchObject({ userId: owner.userId });
  });

  it("is not refreshed beside the owner's live access token", async () => {
    const stage = openStage({ cookies: FORMER });
    const { owner, thief } = await both(stage);
    const answer = await refresh(stage, cookie(["sid", thief.refresh], [ACCESS, owner.access]));
    expect([answer.status, answer.code, answer.access]).toEqual([401, "unauthenticated", null]);
    expect(told(stage, "session.conflict")).toBe(1);
    const own = await refresh(stage, cookie(["sid", owner.refresh], [ACCESS, owner.access]));
    expect(own.body["session"]).toMatchObject({ userId: owner.userId });
  });

  it("two of them under former names authenticate no one", async () => {
    const stage = openStage({ cookies: { previous: [{ name: "sid" }, { name: "old.sid" }] } });
    const { owner, thief } = await both(stage);
    expect(await whoseIs(stage, cookie(["sid", thief.refresh], ["old.sid", owner.refresh]))).toBe(
      "unauthenticated",
    );
    expect(await whoseIs(stage, cookie(["sid", thief.access], ["old.sid", owner.refresh]))).toBe(
      "unauthenticated",
    );
    expect(await whoseIs(stage, cookie(["sid", owner.access], ["old.sid", owner.refresh]))).toBe(
      owner.userId,
    );
  });

  it("costs no call to the store while the owner's access token lives", async () => {
    const stage = openStage({ cookies: FORMER });
    const { owner, thief } = await both(stage);
    const down = openStage({
      cookies: FORMER,
      store: { ...stage.store, sessions: { ...stage.store.sessions, get: fail } },
    });
    const sent = cookie(
      ["sid", thief.access],
      ["sid", thief.refresh],
      [ACCESS, owner.access],
      [REFRESH, owner.refresh],
    );
    expect(await whoseIs(down, sent)).toBe(owner.userId);
  });
});

function fail(): never {
  throw new Error("no call is expected");
}

describe.each(SHARED)(
  "cookies that a sibling subdomain has set, with $name",
  ({ cookies, access, refresh: name }) => {
    it("a tossed refresh cookie authenticates no one, deletes nothing of the owner's, and is gone with the answer", async () => {
      const stage = openStage({ cookies });
      const { owner, thief } = await both(stage);
      const answer = await refresh(stage, cookie([name, thief.refresh], [name, owner.refresh]));
      expect([answer.status, answer.code, answer.access, answer.refresh]).toEqual([
        401,
        "unauthenticated",
        null,
        null,
      ]);
      const own = "domain" in cookies ? `${name}; Domain=example.com; Path=/` : `${name}; Path=/auth`;
      const gone = deleted(answer.headers);
      expect(gone).not.toContain(own);
      for (const place of ["Path=/auth/refresh", "Path=/auth/"])
        expect(gone).toContain(`${name}; Domain=example.com; ${place}`);
      expect(gone).toContain(`${name}; Domain=app.example.com; Path=/`);
      expect(gone.every((line) => line.includes("Domain="))).toBe(true);
      // The next request carries the owner's cookie alone.
      expect((await refresh(stage, cookie([name, owner.refresh]))).body["session"]).toMatchObject({
        userId: owner.userId,
      });
      expect([await endReasonOf(stage, owner.sessionId), await endReasonOf(stage, thief.sessionId)]).toEqual([
        null,
        null,
      ]);
      const events = stage.events.filter(({ type }) => type === "session.conflict");
      expect(events).toMatchObject([
        { sessionIds: expect.arrayContaining([owner.sessionId, thief.sessionId]) },
      ]);
    });

    it("a live access token of the thief beside the owner's refresh cookie authenticates no one", async () => {
      const stage = openStage({ cookies });
      const { owner, thief } = await both(stage);
      for (const method of ["GET", "POST"]) {
        const sent = cookie([access, thief.access], [name, owner.refresh]);
        expect(await whoseIs(stage, sent, method)).toBe("unauthenticated");
        const whole = cookie([access, thief.access], [name, thief.refresh], [name, owner.refresh]);
        expect(await whoseIs(stage, whole, method)).toBe("unauthenticated");
      }
    });

    it("the same of a thief whose session has ended leaves the owner signed in", async () => {
      const stage = openStage({ cookies });
      const { owner, thief } = await both(stage);
      await stage.auth.sessions.revoke(thief.sessionId);
      const sent = cookie([access, thief.access], [name, thief.refresh], [name, owner.refresh]);
      expect(await whoseIs(stage, sent)).toBe(owner.userId);
      expect((await refresh(stage, sent)).body["session"]).toMatchObject({ userId: owner.userId });
    });

    it("more refresh cookies than count hide the owner's from no one", async () => {
      const stage = openStage({ cookies });
      const { owner, thief } = await both(stage);
      const tossed: [string, string][] = Array.from({ length: 5 }, (_, n) => [
        name,
        `lkr_AQ${`${n}`.repeat(90)}`,
      ]);
      const answer = await refresh(stage, cookie([name, thief.refresh], ...tossed, [name, owner.refresh]));
      expect([answer.status, answer.code, answer.access]).toEqual([401, "unauthenticated", null]);
      expect(deleted(answer.headers).every((line) => line.includes("Domain="))).toBe(true);
    });

    it("a validation tells the application what to delete", async () => {
      const stage = openStage({ cookies });
      const { owner, thief } = await both(stage);
      const headers = cookie([name, thief.refresh], [name, owner.refresh]);
      const found: Validation<unknown> = await stage.auth.validate(
        new Request(`${ORIGIN}/auth/x`, { headers }),
      );
      expect(found).toMatchObject({ ok: false, code: "unauthenticated" });
      expect(deleted(found.headers)).toContain(`${name}; Domain=example.com; Path=/auth/x`);
      if (!found.ok) expect(deleted(found.response().headers)).toEqual(deleted(found.headers));
    });
  },
);

it("a refresh cookie outside of its path was set by another host, and does not count", async () => {
  const stage = openStage({ cookies: { refreshPath: "/auth" } });
  const thief = await party(stage, "thief@example.com");
  const headers = cookie(["__Secure-latchkey.refresh", thief.refresh]);
  for (const path of ["/", "/page", "/authors", "/auth-page"]) {
    expect(codeOf(await stage.auth.validate(requestTo(path, { headers })))).toBe("unauthenticated");
  }
  expect((await stage.auth.validate(requestTo("/auth/page", { headers }))).ok).toBe(true);
});
