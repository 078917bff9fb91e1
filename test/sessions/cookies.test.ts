import { minutes } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, test } from "vitest";
import { clearedIn } from "../fixtures/answers.ts";
import { ACCESS, ANN, openSecureServer, openServer, REFRESH } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("A5 cookies of former names are read, and deleted once the new ones are set", async () => {
      const store = await make();
      const before = openServer({ store, cookies: { names: { access: "old-a", refresh: "old-r" } } });
      const previous = [{ name: "old-a.3000" }, { name: "old-r.3000" }];
      const after = openServer({ store, clock: before.clock, cookies: { previous } });
      const ann = await before.signedIn();
      expect((await after.auth.validate(ann.request("/page"))).ok).toBe(true);
      before.clock.advance(601);
      const found = await after.auth.validate(ann.request("/page"));
      expect(found).toMatchObject({ ok: true, refreshed: true });
      expect(clearedIn(found.headers).map((line) => line.split("=")[0])).toEqual(["old-r.3000"]);
      ann.take(found.headers);
      expect(ann.names()).toEqual(["latchkey.access.3000", "latchkey.refresh.3000"]);
    });

    test("A5 logout also deletes the cookies of former names", async () => {
      const store = await make();
      const before = openServer({ store, cookies: { names: { access: "old-a", refresh: "old-r" } } });
      const previous = [{ name: "old-a.3000" }, { name: "old-r.3000" }];
      const after = openServer({ store, clock: before.clock, cookies: { previous } });
      const ann = (await before.signedIn()).copy(after.auth);
      expect((await ann.post("/auth/logout")).status).toBe(200);
      expect(ann.names()).toEqual([]);
    });
  });
}

test("J5 with refreshPath, only the routes get the refresh cookie, and validate cannot refresh", async () => {
  const { auth, clock, signedIn } = openSecureServer({ cookies: { refreshPath: "/auth" } });
  const ann = await signedIn();
  expect(ann.names("/page")).toEqual(["__Host-Http-latchkey.access"]);
  expect(ann.names("/authors")).toEqual(["__Host-Http-latchkey.access"]);
  expect(ann.names("/auth/refresh")).toContain("__Secure-latchkey.refresh");
  clock.advance(601);
  expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, code: "unauthenticated" });
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(clearedIn((await ann.post("/auth/logout")).headers)).toEqual([
    "__Host-Http-latchkey.access=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
    "__Secure-latchkey.refresh=; Max-Age=0; Path=/auth; Secure; HttpOnly; SameSite=Lax",
  ]);
});

test("J7 cookies have a prefix and Secure everywhere except on http://localhost, where their name has the port", async () => {
  const far = openSecureServer();
  expect((await far.signedIn()).names()).toEqual([
    "__Host-Http-latchkey.access",
    "__Host-Http-latchkey.refresh",
  ]);
  const near = openServer();
  const lines = async (origin: string): Promise<readonly string[]> =>
    (await near.browser(origin).post("/auth/login", ANN)).headers.getSetCookie();
  await near.auth.users.create(ANN);
  const plain = await lines("http://localhost:3000");
  expect(
    plain.every((line) => /^latchkey\.(access|refresh)\.3000=.*; HttpOnly; SameSite=Lax$/.test(line)),
  ).toBe(true);
  expect(plain.join()).not.toContain("Secure");
  const tls = await lines("https://localhost:3000");
  expect(tls.every((line) => /^__Host-Http-latchkey\..*; Secure; HttpOnly; SameSite=Lax$/.test(line))).toBe(
    true,
  );
});

test("S1 tokens are sent in HttpOnly, Secure, SameSite cookies and nowhere else", async () => {
  const { browser } = openSecureServer();
  const answer = await browser().post("/auth/signup", ANN);
  const lines = answer.headers.getSetCookie();
  expect(lines).toEqual([
    expect.stringMatching(
      /^__Host-Http-latchkey\.access=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    ),
    expect.stringMatching(
      /^__Host-Http-latchkey\.refresh=lkr_[\w-]{92}; Max-Age=1209600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    ),
  ]);
  const text = await answer.text();
  for (const line of lines) expect(text).not.toContain(line.slice(line.indexOf("=") + 1, line.indexOf(";")));
});

const PARTITIONED = { sameSite: "none", partitioned: true } as const;

test("an embedded page has partitioned cookies alone, also those from before cookies.partitioned", async () => {
  const store = memory();
  const before = openSecureServer({ store, cookies: { sameSite: "none" } });
  const after = openSecureServer({ store, clock: before.clock, cookies: PARTITIONED });
  const ann = (await before.signedIn()).copy(after.auth);
  const refreshed = (await ann.post("/auth/refresh")).headers;
  const kept = refreshed.getSetCookie().filter((line) => !line.includes("Max-Age=0"));
  expect(kept.every((line) => line.endsWith("; SameSite=None; Partitioned"))).toBe(true);
  expect(ann.names()).toEqual([ACCESS, REFRESH]);
  const cleared = clearedIn((await ann.post("/auth/logout")).headers);
  expect(cleared.filter((line) => line.endsWith("; Partitioned"))).toHaveLength(2);
  expect(ann.names()).toEqual([]);
});

test("a partitioned session that is left after cookies.partitioned gives way to the one of the other jar", async () => {
  const store = memory();
  const before = openSecureServer({ store, cookies: PARTITIONED });
  const after = openSecureServer({ store, clock: before.clock, cookies: { sameSite: "none" } });
  const embedded = await before.signedIn();
  // A sign-in on the page of the application itself, whose cookies are sent beside the partitioned ones.
  const page = await after.signedIn();
  const both = `${embedded.cookie("refresh")}; ${REFRESH}=${page.cookie("refresh")}`;
  const answer = await after.send("/auth/refresh", {
    method: "POST",
    headers: { cookie: `${REFRESH}=${both}` },
  });
  expect(answer.status).toBe(401);
  expect(clearedIn(answer.headers)).toEqual([
    `${REFRESH}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=None; Partitioned`,
  ]);
});

test("S8 lifetimes, names and SameSite are options", async () => {
  const { browser } = openSecureServer({
    accessToken: { lifetime: minutes(5) },
    refreshToken: { lifetime: 7_200 },
    cookies: { names: { access: "a", refresh: "r" }, sameSite: "strict", domain: "example.com" },
  });
  const lines = (await browser().post("/auth/signup", ANN)).headers.getSetCookie();
  expect(lines.map((line) => line.replace(/=[^;]+/, ""))).toEqual([
    "__Secure-a; Max-Age=300; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Strict",
    "__Secure-r; Max-Age=7200; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Strict",
  ]);
});
