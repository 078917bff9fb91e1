import type { Store } from "@latchkey/core";
import { describe, expect, it, vi } from "vitest";
import { countingStore, faultyStore } from "./faulty-store.ts";
import { base64url } from "./forger.ts";
import { modes, present, signIn, signUp, whoAmI } from "./session.ts";
import { openStage, type Stage } from "./stage.ts";
import { newStore } from "./store.ts";

function kidOf(token: string): string {
  const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  return String(kid);
}

function withKid(token: string, kid: string): string {
  const [, payload = "", signature = ""] = token.split(".");
  return `${base64url(JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid }))}.${payload}.${signature}`;
}

async function listed(stage: Stage): Promise<readonly string[]> {
  return (await stage.auth.keys.jwks()).keys.map(({ kid }) => kid);
}

describe.each(modes)("T9 signing-key compromise (%s)", (mode) => {
  it("KEY-07 a revoked key's tokens are refused at once, and sessions recover by refreshing", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const kid = kidOf(ann.access);
    await stage.auth.keys.revoke(kid);
    expect((await whoAmI(stage, mode, ann.access)).code).toBe("unauthenticated");
    const answer = await present(stage, mode, ann.refresh);
    expect([answer.status, kidOf(answer.access ?? "") === kid]).toEqual([200, false]);
    expect((await whoAmI(stage, mode, answer.access ?? "")).status).toBe(200);
    expect(await listed(stage)).not.toContain(kid);
    expect(stage.events.some((event) => event.type === "key.revoked" && event.kid === kid)).toBe(true);
  });

  it("KEY-07 another process refuses them within ten minutes", async () => {
    const store = newStore();
    const [here, there] = [openStage({ store }), openStage({ store })];
    const ann = await signUp(here, mode);
    expect((await whoAmI(there, mode, ann.access)).status).toBe(200);
    await here.auth.keys.revoke(kidOf(ann.access));
    expect((await whoAmI(there, mode, ann.access)).status).toBe(200);
    there.pass(601);
    const longer = await there.auth.sessions.create(ann.userId, { transport: mode, accessLifetime: 3_600 });
    expect(kidOf(longer.accessToken)).not.toBe(kidOf(ann.access));
    expect((await whoAmI(there, mode, ann.access)).code).toBe("unauthenticated");
  });

  it("KEY-01 KEY-03 KEY-06 a rotation of keys ends no session; the old key verifies until its last token has expired, and no longer", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const { accessToken } = await stage.auth.sessions.create(ann.userId, {
      transport: mode,
      accessLifetime: 86_400,
    });
    const old = kidOf(accessToken);
    const [, next] = await listed(stage);
    await stage.auth.keys.rotate();
    const answer = await present(stage, mode, ann.refresh);
    expect(kidOf(answer.access ?? "")).toBe(next);
    stage.pass(86_399);
    expect((await whoAmI(stage, mode, accessToken)).status).toBe(200);
    expect(await listed(stage)).toContain(old);
    stage.pass(1_000);
    await present(stage, mode, answer.refresh ?? "");
    expect(await listed(stage)).not.toContain(old);
  });

  it("KEY-05 rotation of keys under load refuses no request and forks no session", async () => {
    const stage = openStage();
    await signUp(stage, mode);
    const holders = await Promise.all(Array.from({ length: 40 }, () => signIn(stage, mode)));
    const refreshing = holders.map(async (holder, n) => {
      if (n % 10 === 0) await stage.auth.keys.rotate();
      return [
        await present(stage, mode, holder.refresh),
        await present(stage, mode, holder.refresh),
      ] as const;
    });
    for (const [first, second] of await Promise.all(refreshing)) {
      expect([first.status, second.status, first.refresh === null, second.refresh]).toEqual([
        200,
        200,
        false,
        null,
      ]);
      expect((await whoAmI(stage, mode, first.access ?? "")).status).toBe(200);
    }
  });
});

describe("keys between processes", () => {
  it("KEY-02 KEY-04 the next key is known everywhere before it signs, in both directions", async () => {
    const store = newStore();
    const [here, there] = [openStage({ store }), openStage({ store })];
    const ann = await signUp(here, "bearer");
    expect((await whoAmI(there, "bearer", ann.access)).status).toBe(200);
    expect((await listed(here)).length).toBe(2);
    const counting = countingStore(store);
    const third = openStage({ store: counting.store });
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

  it("JWT-05 ten thousand unknown names cost one look at the store, until the pause is over", async () => {
    const counting = countingStore();
    const stage = openStage({ store: counting.store });
    const ann = await signUp(stage, "bearer");
    const loads = (): number => counting.calls.filter((call) => call === "keys.load").length;
    const before = loads();
    const tokens = Array.from({ length: 10_000 }, (_, n) => withKid(ann.access, `random-${n}`));
    const found = await Promise.all(tokens.map((token) => stage.auth.sessions.verify(token)));
    expect(found.filter(({ ok }) => ok)).toEqual([]);
    // Those that were on their way when the first look ended may share a second one.
    expect(loads() - before).toBeLessThanOrEqual(2);
    const paused = loads();
    for (const token of tokens.slice(0, 100)) await stage.auth.sessions.verify(token);
    expect(loads()).toBe(paused);
    stage.pass(5);
    for (const token of tokens.slice(0, 100)) await stage.auth.sessions.verify(token);
    expect(loads()).toBe(paused + 1);
    expect((await whoAmI(stage, "bearer", ann.access)).status).toBe(200);
  });

  it("JWT-05 many unknown names at once cost one look, also where requests share none", async () => {
    const counting = countingStore();
    const stage = openStage({ store: counting.store });
    const ann = await signUp(stage, "bearer");
    const loads = (): number => counting.calls.filter((call) => call === "keys.load").length;
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    try {
      const before = loads();
      const tokens = Array.from({ length: 500 }, (_, n) => withKid(ann.access, `random-${n}`));
      const found = await Promise.all(tokens.map((token) => stage.auth.sessions.verify(token)));
      expect(found.filter(({ ok }) => ok)).toEqual([]);
      expect(loads() - before).toBe(1);
      expect((await whoAmI(stage, "bearer", ann.access)).status).toBe(200);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("KEY-07 CON-12 a slow look at the store never brings a revoked key back", async () => {
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
    const stage = openStage({ store: slow });
    const ann = await signUp(stage, "bearer");
    holding = true;
    const looking = stage.auth.sessions.verify(withKid(ann.access, "unknown"));
    while (held.length === 0) await new Promise((next) => setImmediate(next));
    await stage.auth.keys.revoke(kidOf(ann.access));
    for (const release of held) release();
    await looking;
    expect((await whoAmI(stage, "bearer", ann.access)).code).toBe("unauthenticated");
  });

  it("JWT-05 a store that is down leaves the known keys in use", async () => {
    let down = false;
    const store = faultyStore((call) =>
      down && call.startsWith("keys.") ? Promise.reject(new Error("down")) : null,
    );
    const stage = openStage({ store });
    const ann = await signUp(stage, "bearer");
    down = true;
    stage.pass(599);
    expect((await whoAmI(stage, "bearer", ann.access)).status).toBe(200);
    expect((await present(stage, "bearer", ann.refresh)).status).toBe(200);
  });
});
