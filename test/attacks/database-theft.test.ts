import { createHash } from "node:crypto";
import type { Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { SECRET } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, present, rotated, signUp, whoAmI } from "./session.ts";

/** Everything that a thief of the database reads, as text. */
async function dump(store: Store, sessionId: string, userId: string): Promise<string> {
  const [session, user, keys] = [
    await store.sessions.get(sessionId, 0),
    await store.users.get(userId),
    await store.keys.load(),
  ];
  return JSON.stringify({ session, user, keys });
}

describe.each(modes)("T9 T3 a stolen database (%s)", (mode) => {
  it("REF-19 contains no token, no part of one, and no password", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const tokens = await rotated(server, ann, 3);
    const text = await dump(server.store, ann.sessionId, ann.userId);
    for (const token of tokens) {
      const bytes = Buffer.from(token.slice(4), "base64url");
      const secrets = [bytes.subarray(21, 37), bytes.subarray(37)];
      for (const secret of secrets) {
        for (const form of ["base64url", "base64", "hex"] as const)
          expect(text).not.toContain(secret.toString(form));
        // Not even under a hash without a label.
        expect(text).not.toContain(createHash("sha256").update(secret).digest("base64url"));
      }
      expect(text).not.toContain(token.slice(40));
    }
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(ann.access.split(".")[2]);
    expect(text).toMatch(/\$scrypt\$/);
  });

  it("REF-19 gives no value that opens a session when it is presented", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    await rotated(server, ann, 1);
    const row = (await server.store.sessions.get(ann.sessionId, 0))?.row;
    const [family = "", root = "", child = ""] = [row?.familyHash, row?.rootHash ?? "", row?.childHash ?? ""];
    const digest = (text: string): Buffer => Buffer.from(text, "base64url");
    for (const rotating of [root, child, family]) {
      const bytes = Buffer.concat([
        Buffer.from([1]),
        digest(ann.sessionId),
        Buffer.from([0, 0, 0, 1]),
        digest(family).subarray(0, 16),
        digest(rotating),
      ]);
      expect((await present(server, mode, `lkr_${bytes.toString("base64url")}`)).code).toBe(
        "refresh_token_invalid",
      );
      expect((await whoAmI(server, mode, rotating)).code).toBe("unauthenticated");
    }
  });

  it("KEY-09 contains only sealed private keys, which cannot sign without the secret", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const document = (await server.store.keys.load())?.document ?? "";
    const records: readonly { readonly privateKey: string; readonly publicJwk: object }[] =
      JSON.parse(document);
    expect(records.length).toBe(2);
    for (const { privateKey, publicJwk } of records) {
      expect(privateKey).toMatch(/^[A-Za-z0-9_-]{40,}$/);
      expect(Object.keys(publicJwk)).not.toContain("d");
      expect(Buffer.from(privateKey, "base64url").toString("latin1")).not.toContain("kty");
    }
    // The thief runs the same code on the copy: it verifies, but what it signs is another key's.
    const thief = openAttackedServer({
      store: server.store,
      secret: "a secret that the thief has made up 1",
    });
    const made = await thief.auth.sessions.create(ann.userId, { transport: mode });
    const kid = (token: string): unknown =>
      JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
    expect(records.map((record) => JSON.stringify(record.publicJwk)).join()).not.toContain(
      String(kid(made.accessToken)),
    );
  });

  it("KEY-14 KEY-15 SEC-05 opens with older secrets, seals with the newest, and opens nothing with a removed one", async () => {
    const store = newStore();
    const newer = "9fQ2mL7xR4tZ8vB1nK6wD3sH5jP0cY-gA";
    const first = openAttackedServer({ store, secret: SECRET });
    const ann = await signUp(first, mode);
    const both = openAttackedServer({ store, secret: [newer, SECRET] });
    expect((await whoAmI(both, mode, ann.access)).status).toBe(200);
    const kids = async (server: typeof both): Promise<number> => (await server.auth.keys.jwks()).keys.length;
    expect(await kids(both)).toBe(2);
    const only = openAttackedServer({ store, secret: newer });
    expect((await whoAmI(only, mode, ann.access)).status).toBe(200);
    const answer = await present(only, mode, ann.refresh);
    expect({ refresh: answer.status, me: (await whoAmI(only, mode, answer.access ?? "")).status }).toEqual({
      refresh: 200,
      me: 200,
    });
    expect((await whoAmI(first, mode, answer.access ?? "")).status).toBe(200);
  });

  it("SEC-03 gives no HS256 key, because the key is derived: the secret itself signs nothing", async () => {
    const server = openAttackedServer({ accessToken: { algorithm: "HS256" } });
    const ann = await signUp(server, mode);
    expect((await whoAmI(server, mode, ann.access)).status).toBe(200);
    const { createHmac } = await import("node:crypto");
    const data = ann.access.split(".").slice(0, 2).join(".");
    const forged = `${data}.${createHmac("sha256", SECRET).update(data).digest("base64url")}`;
    expect((await whoAmI(server, mode, forged)).code).toBe("unauthenticated");
    expect(await dump(server.store, ann.sessionId, ann.userId)).not.toContain(SECRET);
  });
});

describe("REF-21 random tokens", () => {
  it("have one form, no repeats, and evenly distributed bytes, in ten thousand", async () => {
    const server = openAttackedServer();
    const { id } = await server.auth.users.create({ email: "ann@example.com" });
    const seen = new Set<string>();
    const counts = new Uint32Array(256);
    for (let n = 0; n < 10_000; n++) {
      const { refreshToken } = await server.auth.sessions.create(id, { transport: "bearer" });
      expect(refreshToken).toMatch(/^lkr_[A-Za-z0-9_-]{92}$/);
      const secrets = Buffer.from((refreshToken ?? "").slice(4), "base64url").subarray(21);
      seen.add(secrets.toString("hex"));
      for (const byte of secrets) counts[byte] = (counts[byte] ?? 0) + 1;
    }
    expect(seen.size).toBe(10_000);
    const expected = (10_000 * 48) / 256;
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: beyond 400 once in some ten million runs.
    expect(chi).toBeLessThan(400);
  });

  it("are not issued where the generator fails", async () => {
    let broken = false;
    const random = (length: number): Uint8Array => {
      if (broken) throw new Error("no entropy");
      return crypto.getRandomValues(new Uint8Array(length));
    };
    const server = openAttackedServer({ env: { random } });
    const ann = await signUp(server, "cookie");
    broken = true;
    const answer = await present(server, "cookie", ann.refresh);
    expect({ status: answer.status, code: answer.code, cookies: answer.headers.getSetCookie() }).toEqual({
      status: 500,
      code: "internal_error",
      cookies: [],
    });
    const login = await server.send("/auth/login", {
      method: "POST",
      body: { email: "ann@example.com", password: PASSWORD },
    });
    expect({ status: login.status, cookies: login.headers.getSetCookie() }).toEqual({
      status: 500,
      cookies: [],
    });
    broken = false;
    expect((await present(server, "cookie", ann.refresh)).status).toBe(200);
  });
});
