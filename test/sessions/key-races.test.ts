import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { expect, test } from "vitest";
import { openServer } from "../fixtures/server.ts";
import { kidOf } from "../fixtures/tokens.ts";

/** A store whose next look at the key ring can be held back after it has read. */
interface HeldStore {
  readonly store: Store;
  /** Holds the next load; returns the function that releases it. */
  hold(): { readonly reached: Promise<void>; readonly release: () => void };
}

function held(store: Store): HeldStore {
  let next: { readonly reach: () => void; readonly released: Promise<void> } | null = null;
  return {
    store: {
      ...store,
      keys: {
        save: (...args) => store.keys.save(...args),
        load: async () => {
          const holding = next;
          next = null;
          const loaded = await store.keys.load();
          holding?.reach();
          await holding?.released;
          return loaded;
        },
      },
    },
    hold: () => {
      const [reached, reach] = signal();
      const [released, release] = signal();
      next = { reach, released };
      return { reached, release };
    },
  };
}

function signal(): readonly [Promise<void>, () => void] {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return [given, () => give()];
}

/** A token of an unknown key. */
function foreign(token: string): string {
  const [, payload, signature] = token.split(".");
  const header = { alg: "EdDSA", typ: "at+jwt", kid: "unknown" };
  return `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`;
}

test("a revoked key stays revoked in this process, whichever load of the ring ends last", async () => {
  const { store, hold } = held(memory());
  const { auth, signedIn } = openServer({ store });
  const token = (await signedIn()).cookie("access");
  const { reached, release } = hold();
  const looking = auth.sessions.verify(foreign(token));
  await reached;
  await auth.keys.revoke(kidOf(token));
  release();
  expect(await looking).toMatchObject({ ok: false, code: "unauthenticated" });
  expect(await auth.sessions.verify(token)).toMatchObject({ ok: false, code: "unauthenticated" });
});

test("a key that a rotation activated stays active, whichever load of the ring ends last", async () => {
  const { store, hold } = held(memory());
  const { auth, signedIn } = openServer({ store });
  const token = (await signedIn()).cookie("access");
  const { reached, release } = hold();
  const looking = auth.sessions.verify(foreign(token));
  await reached;
  await auth.keys.rotate();
  const rotated = kidOf((await signedIn()).cookie("access"));
  release();
  await looking;
  expect(rotated).not.toBe(kidOf(token));
  expect(kidOf((await signedIn()).cookie("access"))).toBe(rotated);
});

test("a valid token of a new key is accepted while an older load of the ring is pending", async () => {
  const shared = memory();
  const { store, hold } = held(shared);
  const here = openServer({ store });
  const old = (await here.signedIn()).cookie("access");
  const there = openServer({ store: shared, clock: here.clock });
  const { reached, release } = hold();
  const looking = here.auth.sessions.verify(foreign(old));
  await reached;
  await there.auth.keys.rotate();
  await there.auth.keys.rotate();
  const token = (await there.signedIn()).cookie("access");
  const found = here.auth.sessions.verify(token);
  release();
  expect((await looking).ok).toBe(false);
  expect((await found).ok).toBe(true);
});
