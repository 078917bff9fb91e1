import type { User } from "@latchkey/core/store";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridged } from "./objects-bridge.ts";
import { digestOf, START, session, sessionIdOf } from "./sessions.ts";
import { bundle, workerd } from "./workerd.ts";

// What spans two objects can be cut in two: here it is, at each of its calls.
const CUTS = [1, 2, 3, 4, 5, 6, 7].flatMap((call) => [
  { call, late: false },
  { call, late: true },
]);
const atEachCut = (check: (failing: (typeof CUTS)[number]) => Promise<void>): Promise<unknown> =>
  Promise.all(CUTS.map(check));
const github = { provider: "github", subject: "1001" };

let host: Miniflare;
beforeAll(async () => {
  host = workerd(await bundle("objects"));
  await host.ready;
});
afterAll(() => host.dispose());

function user(id: string): User {
  const blank = { name: null, picture: null, emailVerified: false, passwordHash: null, disabledAt: null };
  return { id, email: "a@example.com", username: "a", credentialsVersion: 1, createdAt: START, ...blank };
}

function cut(
  name: string,
  failing: (typeof CUTS)[number],
): Record<"whole" | "broken", ReturnType<typeof bridged>> {
  const world = `${name} ${failing.call} ${failing.late}`;
  return { whole: bridged(host, { world }), broken: bridged(host, { world, failing }) };
}

test("an interrupted sign-up blocks no identifier", async () => {
  let failures = 0;
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("sign-up", failing);
    const first = await broken.users.create(user("bob")).catch(() => null);
    if (first === null) failures++;
    const second = await whole.users.create(user("eve"));
    const found = await whole.users.find({ email: "a@example.com" });
    // A sign-up is refused only because another user signs in by that identifier.
    expect(found?.id, JSON.stringify(failing)).toBe(second ? "eve" : "bob");
    if (second) expect((await whole.users.find({ username: "a" }))?.id).toBe("eve");
    if (first === true) expect(second).toBe(false);
    const listed = await whole.users.list?.({ by: "email", prefix: "", after: null, limit: 9 });
    // The row of an interrupted sign-up stays, and only its identifiers are free.
    const rows = await Promise.all((listed ?? []).map(({ id }) => whole.users.get(id)));
    expect(listed, JSON.stringify(failing)).toEqual(rows);
    if (found !== null) expect(listed).toContainEqual(found);
  });
  expect(failures).toBeGreaterThan(5);
});

test("a repeated deletion after an interrupted one frees the identifiers and the accounts", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("deletion", failing);
    await whole.users.create(user("bob"));
    await whole.users.link("bob", github);
    await broken.users.delete("bob").catch(() => null);
    await whole.users.delete("bob");
    expect(await whole.users.find({ email: "a@example.com" })).toBeNull();
    expect(await whole.users.findByAccount(github)).toBeNull();
    expect(await whole.users.create(user("eve")), JSON.stringify(failing)).toBe(true);
    expect(await whole.users.link("eve", github)).toBe(true);
    expect((await whole.users.findByAccount(github))?.id).toBe("eve");
    const listed = await whole.users.list?.({ by: "id", prefix: "", after: null, limit: 9 });
    expect(listed?.map(({ id }) => id)).toEqual(["eve"]);
  });
});

test("an interrupted change of address leaves the user with one address, by which the user is found", async () => {
  let failures = 0;
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("address", failing);
    const { users } = whole;
    await users.create(user("bob"));
    const answer = await broken.users.changeEmail("bob", "new@example.com", 1).catch(() => null);
    if (answer === null) failures++;
    const bob = await users.get("bob");
    const isChanged = bob?.email === "new@example.com";
    const changed = { ...user("bob"), email: "new@example.com", emailVerified: true, credentialsVersion: 2 };
    expect(bob, JSON.stringify(failing)).toEqual(isChanged ? changed : user("bob"));
    if (answer !== null) expect(answer).toEqual(changed);
    const found = [
      await users.find({ email: "a@example.com" }),
      await users.find({ email: "new@example.com" }),
    ];
    expect(found).toEqual(isChanged ? [null, changed] : [user("bob"), null]);
    const eve = { ...user("eve"), username: null };
    expect(await users.create(eve)).toBe(isChanged);
    expect(await users.create({ ...user("joe"), username: null, email: bob?.email ?? null })).toBe(false);
    if (isChanged) expect((await users.find({ email: "a@example.com" }))?.id).toBe("eve");
    const listed = (await users.list?.({ by: "email", prefix: "", after: null, limit: 9 })) ?? [];
    expect(listed.map(({ id, email }) => `${id} ${email}`)).toEqual(
      isChanged ? ["eve a@example.com", "bob new@example.com"] : ["bob a@example.com"],
    );
    // The third call reserves the new address, and the fifth writes the row.
    const isReserved = failing.call === 3 ? failing.late : failing.call === 4 || failing.call === 5;
    const zoe = { ...user("zoe"), username: null, email: "new@example.com" };
    if (!isChanged) expect(await users.create(zoe), JSON.stringify(failing)).toBe(!isReserved);
  });
  expect(failures).toBeGreaterThan(5);
});

test("a token in a slot whose use is interrupted is used at most once", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("slot", failing);
    const token = { slot: digestOf("s"), purpose: "code", secret: "d", tries: 2, userId: "bob", data: {} };
    await whole.tokens.fillSlot({ ...token, expiresAt: START + 9 });
    const one = await broken.tokens.redeemSlot(token.slot, "d", START).catch(() => null);
    const two = await whole.tokens.redeemSlot(token.slot, "d", START);
    const isCarriedOut = failing.call > 1 || failing.late;
    expect([one !== null, two !== null], JSON.stringify(failing)).toEqual([failing.call > 1, !isCarriedOut]);
  });
});

test("an interrupted link can be repeated, and has one holder", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("link", failing);
    await whole.users.create(user("bob"));
    await whole.users.create({ ...user("eve"), email: null, username: null });
    await broken.users.link("bob", github).catch(() => null);
    const holder = (await whole.users.findByAccount(github))?.id;
    const again = await whole.users.link("bob", github);
    expect({ holder, again }, JSON.stringify(failing)).toEqual(
      holder === "bob" ? { holder: "bob", again: false } : { holder: undefined, again: true },
    );
    expect((await whole.users.findByAccount(github))?.id).toBe("bob");
    expect(await whole.users.link("eve", github)).toBe(false);
    await broken.users.unlink("bob", github).catch(() => null);
    await whole.users.unlink("bob", github);
    expect(await whole.users.findByAccount(github)).toBeNull();
    expect(await whole.users.link("eve", github)).toBe(true);
  });
});

test("an interrupted call leaves either the old or the new provider tokens, and they are deleted with the link", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("kept", failing);
    const { users } = whole;
    await users.create(user("bob"));
    await users.create({ ...user("eve"), email: null, username: null });
    await users.link("bob", github);
    await users.keepTokens(github, "old");
    const answer = await broken.users.keepTokens(github, "new").catch(() => null);
    const kept = await users.keptTokens(github);
    expect(answer === true ? ["new"] : ["old", "new"], JSON.stringify(failing)).toContain(kept);
    await broken.users.unlink("bob", github).catch(() => null);
    const left = (await users.findByAccount(github)) === null ? null : kept;
    expect(await users.keptTokens(github)).toBe(left);
    await users.unlink("bob", github);
    expect(await users.keepTokens(github, "late")).toBe(false);
    expect(await users.link("eve", github)).toBe(true);
    expect(await users.keptTokens(github)).toBeNull();
  });
});

test("a one-time secret whose use is interrupted is used at most once", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("spent", failing);
    const one = await broken.tokens.spend(digestOf("s"), "state", START + 9, START).catch(() => null);
    const two = await whole.tokens.spend(digestOf("s"), "state", START + 9, START);
    const three = await whole.tokens.spend(digestOf("s"), "state", START + 9, START);
    expect([one, two].filter((got) => got === true).length).toBeLessThan(2);
    expect(three).toBe(false);
  });
});

test("a one-time token whose use is interrupted is used at most once", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("token", failing);
    const token = { hash: digestOf("t"), purpose: "reset", userId: "bob", data: {}, expiresAt: START + 9 };
    await whole.tokens.put(token);
    const one = await broken.tokens.redeem(token.hash, "reset", START).catch(() => null);
    const two = await whole.tokens.redeem(token.hash, "reset", START);
    expect([one, two].filter((got) => got !== null).length).toBeLessThan(2);
    if (failing.call > 2) expect(one).toEqual(token);
    await broken.tokens.put({ ...token, hash: digestOf("u") }).catch(() => null);
    await whole.tokens.revoke("bob", "reset");
    expect(await whole.tokens.redeem(digestOf("u"), "reset", START)).toBeNull();
  });
});

test("an end that answers is in the feed, and one that fails at the feed is there after one repetition", async () => {
  await atEachCut(async (failing) => {
    const { whole, broken } = cut("end", failing);
    await whole.sessions.create(session("phone"), { ifVersion: null, limit: null, replaces: [] });
    const options = { reason: "logout", now: START } as const;
    const ended = await broken.sessions.end(sessionIdOf("phone"), null, options).catch(() => null);
    const { entries } = await whole.sessions.endedSince(null, 10, START);
    const ids = new Set(entries.map((entry) => ("sessionId" in entry ? entry.sessionId : "")));
    // Cut at the first call, the answer with the entry is lost.
    expect(ids, JSON.stringify(failing)).toEqual(new Set(failing.call === 1 ? [] : [sessionIdOf("phone")]));
    expect(ended === null).toBe(failing.call === 1);
  });
});

test("an identifier of no user costs as many calls of objects as one of a user", async () => {
  const world = "look-up";
  await bridged(host, { world }).users.create(user("bob"));
  for (const email of ["a@example.com", "none@example.com"]) {
    const cutAt = (call: number) =>
      bridged(host, { world, failing: { call, late: false } }).users.find({ email });
    await expect(cutAt(2)).rejects.toThrow("the network fails");
    expect((await cutAt(3))?.id ?? null).toBe(email.startsWith("a@") ? "bob" : null);
  }
});
