import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { ANN, BOB, countOf, openServer } from "../fixtures/server.ts";
import {
  type MailingServer,
  openMailingServer,
  SIGN_UP,
  signUpIn,
  told,
} from "../fixtures/verified-server.ts";
import { counted, faulty, wrapped } from "../fixtures/wrapped-store.ts";

const later = { verifyEmail: "later" } as const;
const required = { verifyEmail: "required" } as const;

/** Redeems the newest link, and returns the answer. */
async function verifyIn(
  { inbox }: MailingServer,
  browser: Browser,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return browser.post("/auth/email/verify", { token: await inbox.token("verify"), ...more });
}

onEveryStore((make) => {
  describe("the first proof of a user's address", () => {
    it("keeps everything for a live session of the user", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const [ann, phone] = [server.browser(), server.browser()];
      await signUpIn(ann);
      await phone.post("/auth/login", ANN);
      const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
      await server.store.users.link(id, { provider: "other", subject: "mine" });
      expect(await told(await verifyIn(server, ann))).toMatchObject({
        status: 200,
        body: { password: "kept" },
      });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect((await phone.get("/auth/me")).status).toBe(200);
      expect(await server.auth.users.accounts(id)).toHaveLength(1);
      expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: true });
    });

    it("keeps everything for the right password, and a wrong one leaves the token valid", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      await signUpIn(server.browser());
      const other = server.browser();
      await expectError(
        await verifyIn(server, other, { password: "not the right one" }),
        401,
        "invalid_credentials",
      );
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: false });
      const answer = await told(await verifyIn(server, other, { password: ANN.password }));
      expect(answer).toEqual({ status: 200, body: { password: "kept" }, set: [], deleted: [] });
      expect((await other.post("/auth/login", ANN)).status).toBe(200);
    });

    it("removes the password, links and sessions for any other request", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const [ann, bob] = [server.browser(), server.browser()];
      await signUpIn(bob, BOB);
      await signUpIn(ann);
      const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
      await server.store.users.link(id, { provider: "other", subject: "mine" });
      // A session of another user proves nothing, and stays.
      const answer = await told(await verifyIn(server, bob));
      expect(answer).toMatchObject({ status: 200, body: { password: "removed" } });
      expect((await bob.get("/auth/me")).status).toBe(200);
      expect((await ann.post("/auth/refresh")).status).toBe(401);
      expect((await ann.post("/auth/login", ANN)).status).toBe(401);
      expect(await server.auth.users.accounts(id)).toEqual([]);
      expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: true });
    });

    it("keeps everything for a session whose access token has expired", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const ann = server.browser();
      await signUpIn(ann);
      server.clock.advance(3_600);
      expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
      expect((await ann.get("/auth/me")).status).toBe(200);
    });

    it("removes the password for a session that has ended, although its access token lives", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const ann = server.browser();
      const { body } = await told(await signUpIn(ann));
      const { id } = { id: "", ...(body["session"] as object) };
      expect(await server.auth.sessions.revoke(id)).toBe(true);
      expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "removed" } });
    });

    it("changes nothing if the credentials change while the token is redeemed", async () => {
      const paused: { run: (() => Promise<unknown>) | null } = { run: null };
      const store = wrapped(await make(), async (operation, call) => {
        const { run } = paused;
        const result = await call();
        if (operation !== "tokens.redeemSlot" || run === null) return result;
        paused.run = null;
        await run();
        return result;
      });
      const server = openMailingServer({ store, password: later });
      const ann = server.browser();
      await signUpIn(ann);
      const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
      paused.run = () => server.auth.users.setPassword(id, "another long password");
      await expectError(await verifyIn(server, ann), 400, "mail_token_invalid");
      expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: false });
      expect((await ann.post("/auth/login", { ...ANN, password: "another long password" })).status).toBe(200);
    });

    it("is void after any change of the credentials or a disabling", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const ann = server.browser();
      await signUpIn(ann);
      const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
      await server.auth.users.setPassword(id, "another long password");
      await expectError(await verifyIn(server, ann), 400, "mail_token_invalid");
      await server.auth.users.requestEmailVerification(ANN.email);
      await server.auth.users.disable(id);
      await expectError(await verifyIn(server, ann), 400, "mail_token_invalid");
      await server.auth.users.enable(id);
      await server.auth.users.requestEmailVerification(ANN.email);
      expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "removed" } });
    });

    it("of a user without a password answers none, and a repeated proof removes nothing", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      const { id } = await server.auth.users.create({ email: ANN.email });
      await server.auth.users.requestEmailVerification(ANN.email);
      expect(await told(await verifyIn(server, server.browser()))).toMatchObject({
        body: { password: "none" },
      });
      await server.auth.users.delete(id);
      await signUpIn(server.browser());
      // Another proof that keeps the credentials leaves the token valid.
      const user = await server.auth.users.find(ANN);
      const marked = { ifVersion: null, raiseVersion: false };
      await server.store.users.update(String(user?.id), { emailVerified: true }, marked);
      expect(await told(await verifyIn(server, server.browser()))).toMatchObject({
        body: { password: "kept" },
      });
      expect((await server.browser().post("/auth/login", ANN)).status).toBe(200);
    });

    it("is redeemed once by 20 requests at the same time", async () => {
      const server = openMailingServer({ store: await make(), password: later });
      await signUpIn(server.browser());
      const token = await server.inbox.token("verify");
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => server.browser().post("/auth/email/verify", { token })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(400)]);
    });
  });

  describe("the proof of a sign-up", () => {
    it("by the password from another browser keeps it and signs in there", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      await signUpIn(server.browser());
      const phone = server.browser();
      await expectError(
        await verifyIn(server, phone, { password: "not the right one" }),
        401,
        "invalid_credentials",
      );
      expect(await server.auth.users.find(ANN)).toBeNull();
      const answer = await told(await verifyIn(server, phone, { password: ANN.password }));
      expect(answer).toMatchObject({ status: 200, body: { password: "kept" } });
      expect((await phone.get("/auth/me")).status).toBe(200);
    });

    it("by another browser creates the account without the password, and starts no session", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      await signUpIn(server.browser());
      const phone = server.browser();
      const answer = await told(await verifyIn(server, phone));
      expect(answer).toEqual({ status: 200, body: { password: "removed" }, set: [], deleted: [] });
      expect(await server.auth.users.find(ANN)).toMatchObject({ emailVerified: true });
      expect((await phone.post("/auth/login", ANN)).status).toBe(401);
    });

    it("is void if the address has an account by now, and tells nothing else", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const ann = server.browser();
      await signUpIn(ann);
      const { id } = await server.auth.users.create({ email: ANN.email });
      await expectError(await verifyIn(server, ann), 400, "mail_token_invalid");
      expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: false });
    });

    it("can be asked for again, and keeps the password and the browser of the sign-up", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const ann = server.browser();
      await signUpIn(ann);
      const earlier = await server.inbox.token("verify");
      const asked = await server.browser().post("/auth/email/verify/request", { email: ANN.email });
      expect(await told(asked)).toEqual({ status: 200, body: {}, set: [], deleted: [] });
      await expectError(await ann.post("/auth/email/verify", { token: earlier }), 400, "mail_token_invalid");
      expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
    });

    it("is not replaced by the token of a request that began before the sign-up", async () => {
      const paused: { run: (() => Promise<unknown>) | null } = { run: null };
      const store = wrapped(await make(), async (operation, call) => {
        const { run } = paused;
        const result = await call();
        if (operation !== "tokens.readSlot" || run === null) return result;
        paused.run = null;
        await run();
        return result;
      });
      const server = openMailingServer({ store, password: required });
      const ann = server.browser();
      paused.run = () => signUpIn(ann);
      const asked = await server.browser().post("/auth/email/verify/request", { email: ANN.email });
      expect(asked.status).toBe(200);
      expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
    });

    it("by 20 requests at the same time creates one user", async () => {
      const server = openMailingServer({ store: await make(), password: required });
      const ann = server.browser();
      await signUpIn(ann);
      const token = await server.inbox.token("verify");
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => ann.copy().post("/auth/email/verify", { token })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(400)]);
      expect(countOf(server, "user.created")).toBe(1);
    });

    it("leaves no user if the application refuses the sign-in", async () => {
      const hooks = { signedIn: () => false as const };
      const server = openMailingServer({ store: await make(), password: required, hooks });
      const ann = server.browser();
      await signUpIn(ann);
      await expectError(await verifyIn(server, ann), 403, "forbidden");
      expect(await server.auth.users.find(ANN)).toBeNull();
      expect((await signUpIn(ann)).status).toBe(202);
    });
  });

  it("a request with GET, as of a mail scanner, spends nothing", async () => {
    const server = openMailingServer({ store: await make(), password: required });
    const ann = server.browser();
    await signUpIn(ann);
    const token = await server.inbox.token("verify");
    for (const method of ["GET", "HEAD"]) {
      const scan = await server.send(`/auth/email/verify?token=${token}`, { method });
      expect(scan.status).toBe(405);
    }
    expect((await verifyIn(server, ann)).status).toBe(200);
  });

  it("a request for a message without an address is for the user of the session", async () => {
    const server = openMailingServer({ store: await make(), password: later });
    const ann = server.browser();
    await signUpIn(ann);
    await server.inbox.clear();
    for (const body of [undefined, {}]) {
      expect(await told(await ann.post("/auth/email/verify/request", body))).toMatchObject({
        status: 200,
        body: {},
      });
      await expectError(
        await server.browser().post("/auth/email/verify/request", body),
        401,
        "unauthenticated",
      );
    }
    expect(await server.inbox.messages()).toMatchObject([{ type: "verify" }, { type: "verify" }]);
    expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
    await server.inbox.clear();
    expect((await ann.post("/auth/email/verify/request")).status).toBe(200);
    expect(await server.inbox.messages()).toEqual([]);
  });
});

describe("the routes that verify an address", () => {
  it("refuse a request of another site, and spend nothing", async () => {
    const server = openMailingServer({ password: required });
    const ann = server.browser();
    await signUpIn(ann);
    const token = await server.inbox.token("verify");
    const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    await expectError(await ann.post("/auth/email/verify", { token }, headers), 403, "csrf_rejected");
    const request = await ann.post("/auth/email/verify/request", { email: ANN.email }, headers);
    await expectError(request, 403, "csrf_rejected");
    expect((await ann.post("/auth/signup", BOB, headers)).status).toBe(403);
    expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
  });

  it("answer wrong input with one code each", async () => {
    const { post } = openMailingServer({ password: required }).browser();
    for (const token of ["", "x", "A".repeat(86), "A".repeat(100_000).slice(0, 9_000), "\u0000"]) {
      await expectError(await post("/auth/email/verify", { token }), 400, "mail_token_invalid");
    }
    for (const body of [
      {},
      { token: 1 },
      { token: null },
      { token: "x", transport: "pigeon" },
      { token: "x", password: 1 },
    ]) {
      await expectError(await post("/auth/email/verify", body), 400, "invalid_request");
    }
    await expectError(await post("/auth/email/verify"), 400, "invalid_request");
    for (const email of ["", "ann", 1, null]) {
      await expectError(await post("/auth/email/verify/request", { email }), 400, "invalid_request");
    }
  });

  it("are not found without the option mail", async () => {
    const { auth, browser } = (await import("../fixtures/server.ts")).openSecureServer();
    for (const path of ["/auth/email/verify", "/auth/email/verify/request"]) {
      await expectError(await browser().post(path, { token: "x", email: ANN.email }), 404, "not_found");
    }
    await expect(auth.users.requestEmailVerification(ANN.email)).rejects.toThrow(TypeError);
    await expect(auth.users.invite(ANN.email)).rejects.toThrow(TypeError);
  });

  it("answer the same for every address, after the same calls to the store", async () => {
    const { store, calls } = counted(memory());
    const server = openMailingServer({ store, password: required, rateLimit: {} });
    const names = ["unknown", "unproven", "proven", "disabled", "pending"];
    for (const name of names.slice(1, 4)) {
      const emailVerified = name === "proven";
      const { id } = await server.auth.users.create({ ...ANN, email: `${name}@example.com`, emailVerified });
      if (name === "disabled") await server.auth.users.disable(id);
    }
    await signUpIn(server.browser(), { ...ANN, email: "pending@example.com" });
    await server.inbox.clear();
    const seen = new Set<string>();
    for (const name of names) {
      calls.length = 0;
      const answer = await server
        .browser()
        .post("/auth/email/verify/request", { email: `${name}@example.com` });
      seen.add(JSON.stringify([answer.status, await answer.text(), [...answer.headers], calls]));
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toContain('["users.find","throttle.hit","tokens.readSlot","tokens.fillSlot"]');
    expect((await server.inbox.messages()).map(({ to }) => to).toSorted()).toEqual([
      "pending@example.com",
      "unproven@example.com",
    ]);
  });

  it("send at most 5 messages an hour to an address, also under 200 requests at the same time", async () => {
    const server = openMailingServer({ password: later, rateLimit: {} });
    await server.auth.users.create(ANN);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        server.browser().post("/auth/email/verify/request", { email: ANN.email }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(195);
    expect(await server.inbox.messages()).toHaveLength(5);
  });

  it("count the requests of a signed-in user", async () => {
    const server = openMailingServer({ password: later, rateLimit: {} });
    const ann = server.browser();
    await signUpIn(ann);
    await server.inbox.clear();
    for (const status of [200, 200, 200, 200, 200, 429]) {
      expect((await ann.post("/auth/email/verify/request")).status).toBe(status);
    }
    expect(await server.inbox.messages()).toHaveLength(5);
  });

  it("count a wrong password as a failed sign-in", async () => {
    const server = openMailingServer({
      password: required,
      rateLimit: { accountTotal: { limit: 2, window: 60 } },
    });
    await signUpIn(server.browser());
    const other = server.browser();
    for (const status of [401, 401, 429]) {
      expect((await verifyIn(server, other, { password: "not the right one" })).status).toBe(status);
    }
    expect(countOf(server, "sign_in.failed")).toBe(2);
  });

  it("count a wrong token as a failed sign-in of the client's network", async () => {
    const server = openMailingServer({
      password: required,
      rateLimit: { signIn: { limit: 3, window: 60 } },
      clientAddress: () => "203.0.113.7",
    });
    const ann = server.browser();
    await signUpIn(ann);
    for (const status of [400, 400, 400, 429]) {
      expect((await ann.post("/auth/email/verify", { token: "A".repeat(86) })).status).toBe(status);
    }
    server.clock.advance(60);
    for (let n = 0; n < 5; n++) {
      expect((await ann.post("/auth/email/verify", { token: 1 })).status).toBe(400);
    }
    expect((await verifyIn(server, ann)).status).toBe(200);
  });

  it("remove the password if the application refuses the session", async () => {
    let isRefused = false;
    const hooks = { validated: () => (isRefused ? (false as const) : undefined) };
    const server = openMailingServer({ password: later, hooks });
    const ann = server.browser();
    await signUpIn(ann);
    isRefused = true;
    expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "removed" } });
  });

  it("remove nothing while the store does not tell whether there is a session", async () => {
    const store = memory();
    const server = openMailingServer({ store, password: later });
    const ann = server.browser();
    await signUpIn(ann);
    const token = await server.inbox.token("verify");
    const down = faulty(store, (operation) =>
      operation === "sessions.get" ? Promise.reject(new Error("down")) : null,
    );
    const broken = openMailingServer({ store: down, password: later, clock: server.clock });
    const answer = await broken.auth.handle(
      ann.request("/auth/email/verify", { method: "POST", body: { token } }),
    );
    await expectError(answer, 503, "store_unavailable");
    expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
  });

  it("leave the cookie of a sign-up to this host alone", async () => {
    const server = openMailingServer({ password: required });
    const [line = ""] = (await signUpIn(server.browser())).headers.getSetCookie();
    expect(line.replace(/=[^;]*/, "=…")).toBe(
      `${SIGN_UP}=…; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
  });
});

describe("the store", () => {
  it("gets neither a token, nor the secret of a cookie, nor a password", async () => {
    const seen: string[] = [];
    const store = wrapped(memory(), (_, call, given) => {
      seen.push(JSON.stringify(given));
      return call();
    });
    const server = openMailingServer({ store, password: required });
    const ann = server.browser();
    const [line = ""] = (await signUpIn(ann)).headers.getSetCookie();
    const secret = line.slice(line.indexOf("=") + 1).split(";")[0] ?? "";
    const first = await server.inbox.token("verify");
    await ann.post("/auth/email/verify/request", { email: ANN.email });
    const second = await server.inbox.token("verify");
    expect((await ann.post("/auth/email/verify", { token: second })).status).toBe(200);
    await server.auth.users.invite(BOB.email);
    const invitation = await server.inbox.token("invitation");
    expect((await signUpIn(server.browser(), { ...BOB, invitation })).status).toBe(201);
    expect(secret).toMatch(/^[\w-]{43}$/);
    const all = seen.join("\n");
    for (const token of [first, second, invitation]) {
      // The second half is the secret. The first names the slot.
      expect(all).not.toContain(token.slice(44));
    }
    for (const text of [secret, ANN.password, BOB.password]) expect(all).not.toContain(text);
  });

  it("may have the users of another place", async () => {
    const elsewhere = memory();
    for (const options of [{ password: required }, { password: later }, { signUp: "invited" }] as const) {
      const server = openMailingServer({ store: memory(), users: elsewhere.users, ...options });
      const ann = server.browser();
      const isClosed = "signUp" in options;
      if (isClosed) await server.auth.users.invite(ANN.email);
      const more = isClosed ? { invitation: await server.inbox.token("invitation") } : {};
      expect((await signUpIn(ann, { ...ANN, ...more })).ok).toBe(true);
      if (!isClosed) {
        expect(await told(await verifyIn(server, ann))).toMatchObject({ body: { password: "kept" } });
      }
      expect((await ann.get("/auth/me")).status).toBe(200);
      const user = await elsewhere.users.find(ANN);
      expect(user).toMatchObject({ emailVerified: true });
      await server.auth.users.delete(user?.id ?? "");
    }
  });
});

describe("auth.users.verifyEmail", () => {
  it("keeps the password with it, refuses a wrong one, and removes it without one", async () => {
    const server = openMailingServer({ password: required });
    const { users } = server.auth;
    await signUpIn(server.browser());
    const token = await server.inbox.token("verify");
    const wrong = users.verifyEmail(token, { password: "not the right one" });
    await expect(wrong).rejects.toMatchObject({ code: "invalid_credentials" });
    const user = await users.verifyEmail(token, { password: ANN.password });
    expect(user).toMatchObject({ email: ANN.email, emailVerified: true });
    expect(user).not.toHaveProperty("passwordHash");
    await expect(users.verifyEmail(token)).rejects.toMatchObject({ code: "mail_token_invalid" });
    await signUpIn(server.browser(), BOB);
    await users.verifyEmail(await server.inbox.token("verify"));
    expect(await server.store.users.find(BOB)).toMatchObject({ emailVerified: true, passwordHash: null });
  });
});

it("a proof takes no password where there are none", async () => {
  const inbox = openInbox();
  const server = openServer({ mail: inbox.mail, providers: [] });
  await server.auth.users.create({ email: ANN.email });
  await server.auth.users.requestEmailVerification(ANN.email);
  const body = { token: await inbox.token("verify"), password: ANN.password };
  expect((await server.browser().post("/auth/email/verify", body)).status).toBe(200);
});
