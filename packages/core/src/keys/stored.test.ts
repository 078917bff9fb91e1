import { expect, it } from "vitest";
import { memory } from "../memory.ts";
import { platformEnv } from "../platform/env.ts";
import { parseRing, SIGNING_RING_AGE } from "./key-ring.ts";
import { storedKeys } from "./stored.ts";

const SECRET = "a secret of the newest kind, 32 bytes";

function openKeys(algorithm: "EdDSA" | "ES256" = "EdDSA", { keys: store } = memory()) {
  let time = 1_900_000_000_000;
  const env = { ...platformEnv, clock: () => time };
  const changed = () => undefined;
  const keys = storedKeys({ store, env, algorithm, rotateEvery: 86_400, secrets: [SECRET], changed });
  return {
    store,
    keys,
    reload: () => {
      time += (SIGNING_RING_AGE + 1) * 1_000;
      return keys.signing();
    },
  };
}

it("an unchanged private key is imported once", async () => {
  const { keys, reload } = openKeys();
  const { key, kid } = await keys.signing();
  for (let load = 0; load < 3; load++) expect((await reload()).key).toBe(key);
  await keys.rotate();
  const next = await reload();
  expect(next.kid).not.toBe(kid);
  expect(next.key).not.toBe(key);
  expect((await reload()).key).toBe(next.key);
});

it("a key that another process revokes signs no more after the next load", async () => {
  const { store, keys, reload } = openKeys();
  const { kid } = await keys.signing();
  const other = openKeys("EdDSA", { ...memory(), keys: store });
  await other.keys.revoke(kid);
  expect((await reload()).kid).not.toBe(kid);
  expect(await keys.find(kid)).toBeNull();
});

it("a private key signs with its own algorithm alone, also after a load", async () => {
  const { store, keys, reload } = openKeys();
  const { kid } = await keys.signing();
  const stored = await store.load();
  const ring = parseRing(stored?.document ?? "").map((key) => ({ ...key, algorithm: "ES256" as const }));
  await store.save(stored?.version ?? 0, JSON.stringify(ring));
  const next = await reload();
  expect(next.kid).not.toBe(kid);
  expect(next.algorithm).toBe("EdDSA");
});
