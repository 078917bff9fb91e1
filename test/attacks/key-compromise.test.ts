import type { Store } from "@latchkey/core";
import { describe, expect, it, vi } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import type { TestServer } from "../fixtures/server.ts";
import { counted, faulty } from "../fixtures/wrapped-store.ts";
import { base64url } from "./forger.ts";
import { openAttackedServer } from "./server.ts";
import { modes, present, signIn, signUp, whoAmI } from "./session.ts";

function kidOf(token: string): string {
  const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  return String(kid);
}

function withKid(token: string, kid: string): string {
  const [, payload = "", signature = ""] = token.split(".");
  return `${base64url(JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid }))}.${payload}.${signature}`;
}

async function listed(server: TestServer): Promise<readonly string[]> {
  return (await server.auth.keys.jwks()).keys.map(({ kid }) => kid);
}

describe.each(modes)("T9 signing-key compromise (%s)", (mode) => {
  it("KEY-07 a revoked key's tokens are refused at once, and sessions recover by refreshing", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const kid = kidOf(ann.access);
    await server.auth.keys.revoke(kid);
    expect((await whoAmI(server, mode, ann.access)).code).toBe("unauthenticated");
    const answer = await present(server, mode, ann.refresh);
    expect({ status: answer.status, isOldKey: kidOf(answer.access ?? "") === kid }).toEqual({
      status: 200,
      isOldKey: false,
    });
    expect((await whoAmI(server, mode, answer.access ?? "")).status).toBe(200);
    expect(await listed(server)).not.toContain(kid);
    expect(server.events.some((event) => event.type === "key.revoked" && event.kid === kid)).toBe(true);
  });

  it("KEY-07 another process refuses its tokens within ten minutes", async () => {
    const store = newStore();
    const [here, there] = [openAttackedServer({ store }), openAttackedServer({ store })];
    const ann = await signUp(here, mode);
    expect((await whoAmI(there, mode, ann.access)).status).toBe(200);
    await here.auth.keys.revoke(kidOf(ann.access));
    expect((await whoAmI(there, mode, ann.access)).status).toBe(200);
    there.clock.advance(601);
    const longer = await there.auth.sessions.create(ann.userId, { transport: mode, accessLifetime: 3_600 });
    expect(kidOf(longer.accessToken)).not.toBe(kidOf(ann.access));
    expect((await whoAmI(there, mode, ann.access)).code).toBe("unauthenticated");
  });

  it("KEY-01 KEY-03 KEY-06 a rotation of keys ends no session; the old key verifies exactly until its last token has expired", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const { accessToken } = await server.auth.sessions.create(ann.userId, {
      transport: mode,
      accessLifetime: 86_400,
    });
    const old = kidOf(accessToken);
    const [, next] = await listed(server);
    await server.auth.keys.rotate();
    const answer = await present(server, mode, ann.refresh);
    expect(kidOf(answer.access ?? "")).toBe(next);
    server.clock.advance(86_399);
    expect((await whoAmI(server, mode, accessToken)).status).toBe(200);
    expect(await listed(server)).toContain(old);
    server.clock.advance(1_000);
    await present(server, mode, answer.refresh ?? "");
    expect(await listed(server)).not.toContain(old);
  });

  it("KEY-05 a rotation of keys under load refuses no request, and issues no second child", async () => {
    const server = openAttackedServer();
    await signUp(server, mode);
    const holders = await Promise.all(Array.from({ length: 40 }, () => signIn(server, mode)));
    const refreshing = holders.map(async (holder, n) => {
      if (n % 10 === 0) await server.auth.keys.rotate();
      return [
        await present(server, mode, holder.refresh),
        await present(server, mode, holder.refresh),
      ] as const;
    });
    for (const [first, second] of await Promise.all(refreshing)) {
      expect({
        first: first.status,
        second: second.status,
        firstHasRefresh: first.refresh !== null,
        secondRefresh: second.refresh,
      }).toEqual({ first: 200, second: 200, firstHasRefresh: true, secondRefresh: null });
      expect((await whoAmI(server, mode, first.access ?? "")).status).toBe(200);
    }
  });
});

describe("keys in several processes", () => {
  it("KEY-02 KEY-04 are known to every process before they sign, in both directions", async () => {
    const store = newStore();
    const [here, there] = [openAttackedServer({ store }), openAttackedServer({ store })];
    const ann = await signUp(here, "bearer");
    expect((await whoAmI(there, "bearer", ann.access)).status).toBe(200);
    expect((await listed(here)).length).toBe(2);
    const counting = counted(store);
    const third = openAttackedServer({ store: counting.store });
    expect((await whoAmI(third, "bearer", ann.access)).status).toBe(200);
    const loads = counting.calls.filter((call) => call === "keys.load").length;
    await here.auth.keys.rotate();
    const answer = await present(here, "bearer", ann.refresh);
    expect(kidOf(answer.access ?? "")).not.toBe(kidOf(ann.access));
    expect((await whoAmI(third, "bearer", answer.access ?? "")).status).toBe(200);
    expect(counting.calls.filter((call) => call === "keys.load").length).toBe(loads);
    const old = await present(there, "bearer", ann.refresh);
    expect((await whoAmI(here, "bearer", old.access ?? "")).status).toBe(200);
  });

  it("JWT-05 are loaded once for ten thousand unknown key ids, until the pause has passed", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const ann = await signUp(server, "bearer");
    const loads = (): number => counting.calls.filter((call) => call === "keys.load").length;
    const before = loads();
    const tokens = Array.from({ length: 10_000 }, (_, n) => withKid(ann.access, `random-${n}`));
    const found = await Promise.all(tokens.map((token) => server.auth.sessions.verify(token)));
    expect(found.filter(({ ok }) => ok)).toEqual([]);
    // Those that were on their way when the first look ended may share a second one.
    expect(loads() - before).toBeLessThanOrEqual(2);
    const paused = loads();
    for (const token of tokens.slice(0, 100)) await server.auth.sessions.verify(token);
    expect(loads()).toBe(paused);
    server.clock.advance(5);
    for (const token of tokens.slice(0, 100)) await server.auth.sessions.verify(token);
    expect(loads()).toBe(paused + 1);
    expect((await whoAmI(server, "bearer", ann.access)).status).toBe(200);
  });

  it("JWT-05 are loaded once for many unknown key ids at once, also where requests share no load", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const ann = await signUp(server, "bearer");
    const loads = (): number => counting.calls.filter((call) => call === "keys.load").length;
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    try {
      const before = loads();
      const tokens = Array.from({ length: 500 }, (_, n) => withKid(ann.access, `random-${n}`));
      const found = await Promise.all(tokens.map((token) => server.auth.sessions.verify(token)));
      expect(found.filter(({ ok }) => ok)).toEqual([]);
      expect(loads() - before).toBe(1);
      expect((await whoAmI(server, "bearer", ann.access)).status).toBe(200);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("KEY-07 CON-12 stay revoked where a slow load of the store ends later", async () => {
    const inner = newStore();
    const held: (() => void)[] = [];
    let holding = false;
    const slow: Store = {
      ...inner,
      keys: {
        ...inner.keys,
        async load() {
          const read = await inner.keys.load();
          if (!holding) return read;
          holding = false;
          // What was read stays what it was, however long the answer takes.
          await new Promise<void>((release) => held.push(release));
          return read;
        },
      },
    };
    const server = openAttackedServer({ store: slow });
    const ann = await signUp(server, "bearer");
    holding = true;
    const looking = server.auth.sessions.verify(withKid(ann.access, "unknown"));
    while (held.length === 0) await new Promise((next) => setImmediate(next));
    await server.auth.keys.revoke(kidOf(ann.access));
    for (const release of held) release();
    await looking;
    expect((await whoAmI(server, "bearer", ann.access)).code).toBe("unauthenticated");
  });

  it("JWT-05 stay in use while the store is down", async () => {
    let down = false;
    const store = faulty(newStore(), (call) =>
      down && call.startsWith("keys.") ? Promise.reject(new Error("down")) : null,
    );
    const server = openAttackedServer({ store });
    const ann = await signUp(server, "bearer");
    down = true;
    server.clock.advance(599);
    expect((await whoAmI(server, "bearer", ann.access)).status).toBe(200);
    expect((await present(server, "bearer", ann.refresh)).status).toBe(200);
  });
});
