import { hash } from "bcryptjs";
import { describe, expect, it } from "vitest";
import { bcryptHashes } from "../legacy-hashes.ts";
import { memory } from "../memory.ts";
import { password } from "../password.ts";
import { createTestAuth } from "./auth.ts";
import { signInAs } from "./sign-in.ts";

const ADA = { email: "ada@example.com", password: "correct horse battery" };

function post(path: string, body: object): Request {
  const headers = { "content-type": "application/json", origin: "http://localhost" };
  return new Request(`http://localhost/auth${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

describe("an auth for tests", () => {
  it("signs up and in over the routes, with real tokens and a cheap hash", async () => {
    const store = memory();
    const { auth } = createTestAuth({ store });
    expect((await auth.handle(post("/signup", ADA))).status).toBe(201);
    expect((await store.users.find({ email: ADA.email }))?.passwordHash).toMatch(/^\$pbkdf2-sha256\$i=1\$/);
    expect((await auth.handle(post("/login", ADA))).status).toBe(200);
    expect((await auth.handle(post("/login", { ...ADA, password: "another one" }))).status).toBe(401);
  });

  it("keeps the rules of the given password provider, and its older hashes", async () => {
    const provider = password({ minLength: 15, legacy: [bcryptHashes()] });
    const { auth } = createTestAuth({ providers: [provider] });
    const stored = await hash(ADA.password, 4);
    const imported = await auth.users.import([{ email: ADA.email, passwordHash: stored }]);
    expect(imported).toMatchObject([{ status: "created" }]);
    expect((await auth.handle(post("/login", ADA))).status).toBe(200);
    const short = await auth.handle(post("/signup", { email: "bob@example.com", password: "correct horse" }));
    expect(short.status).toBe(422);
  });

  it("has a clock that stands still until it is advanced", async () => {
    const { auth, clock, signInAs: as } = createTestAuth({ env: { clock: () => 1_800_000_000_000 } });
    const { id } = await auth.users.create({ email: ADA.email });
    const { headers } = await as(id);
    const found = () => auth.validate(new Request("http://localhost/", { headers }));
    expect(await found()).toMatchObject({ ok: true, refreshed: false, claims: { iat: 1_800_000_000 } });
    clock.advance(601);
    expect(await found()).toMatchObject({ ok: true, refreshed: true, claims: { iat: 1_800_000_601 } });
    expect(clock.now()).toBe(1_800_000_601_000);
  });

  it("lists events, and passes them to the application", async () => {
    const heard: string[] = [];
    const { auth, events } = createTestAuth({ onEvent: ({ type }) => void heard.push(type) });
    await auth.handle(post("/signup", ADA));
    const types = events.map(({ type }) => type);
    expect(types).toEqual(["user.created", "key.created", "key.created", "session.started"]);
    expect(heard).toEqual(types);
  });

  it("captures messages in place of the mail system, with the tokens of their links", async () => {
    const send = (): never => {
      throw new Error("a test sends no mail");
    };
    const { auth, mail } = createTestAuth({ mail: { send, pages: { reset: "/new-password" } } });
    await auth.handle(post("/signup", ADA));
    await auth.handle(post("/password/forgot", { email: ADA.email }));
    const { url, token, to } = await mail.next("reset");
    expect(url).toBe(`http://localhost/new-password?token=${token}`);
    expect(to).toBe(ADA.email);
    const answer = await auth.handle(post("/password/reset", { token, newPassword: "a different staple" }));
    expect(answer.status).toBe(200);
    const notice = await mail.next("password_changed");
    expect(notice.token).toBeNull();
    expect(mail.messages.map(({ type }) => type)).toEqual(["reset", "password_changed"]);
  });

  it("returns each message once, in the order of sending", async () => {
    const { auth, mail } = createTestAuth();
    await auth.handle(post("/signup", ADA));
    await auth.users.forgotPassword(ADA.email);
    await auth.users.forgotPassword(ADA.email);
    const [first, second] = [await mail.next("reset"), await mail.next("reset")];
    expect(first).not.toBe(second);
    expect(mail.messages).toEqual([first, second]);
  });
});

describe("signInAs", () => {
  it("signs in by a session of the store, with the given context and methods", async () => {
    const { auth } = createTestAuth();
    const { id } = await auth.users.create({ email: ADA.email });
    const { headers, session } = await signInAs(auth, id, { context: { role: "admin" }, amr: ["pwd"] });
    const found = await auth.validate(new Request("http://localhost/", { headers }), { amr: ["pwd"] });
    expect(found).toMatchObject({ ok: true, userId: id, session: { context: { role: "admin" } } });
    expect((await auth.sessions.list(id)).map((each) => each.id)).toEqual([session.id]);
    await expect(signInAs(auth, "unknown")).rejects.toMatchObject({ code: "not_found" });
  });

  it("has an authorization header with bearer transport", async () => {
    const { auth } = createTestAuth();
    const { id } = await auth.users.create({ email: ADA.email });
    const { headers, cookies, accessToken, fetch } = await signInAs(auth, id, { transport: "bearer" });
    expect([...headers]).toEqual([["authorization", `Bearer ${accessToken}`]]);
    expect(cookies).toEqual([]);
    expect(await (await fetch("/auth/me")).json()).toMatchObject({ id });
  });

  it("has a fetch that keeps the cookies of a refresh and of a sign-out", async () => {
    const { auth, clock, signInAs: as } = createTestAuth({ requireFetchMetadata: true });
    const { id } = await auth.users.create({ email: ADA.email });
    const ada = await as(id, { origin: "http://localhost:3000" });
    const names = () => ada.cookies.map(({ name }) => name);
    expect(names()).toEqual(["latchkey.access.3000", "latchkey.refresh.3000"]);
    const before = ada.headers.get("cookie");
    clock.advance(601);
    expect(names()).toEqual(["latchkey.refresh.3000"]);
    expect((await ada.fetch("/auth/me")).status).toBe(200);
    expect(names().toSorted()).toEqual(["latchkey.access.3000", "latchkey.refresh.3000"]);
    expect(ada.headers.get("cookie")).not.toBe(before);
    expect((await ada.fetch("/auth/logout", { method: "POST" })).status).toBe(200);
    expect(names()).toEqual([]);
    expect((await ada.fetch(new URL("http://localhost:3000/auth/me"))).status).toBe(401);
  });

  it("sends to the application, and sends nothing of the session to another origin", async () => {
    const { auth, signInAs: as } = createTestAuth({ baseURL: "https://app.example.com" });
    const { id } = await auth.users.create({ email: ADA.email });
    const seen: (string | null)[] = [];
    const app = async (request: Request): Promise<Response> => {
      seen.push(request.headers.get("cookie"));
      const found = await auth.validate(request);
      return Response.json(
        { userId: found.ok ? found.userId : null },
        { headers: { "set-cookie": "theme=dark" } },
      );
    };
    const ada = await as(id, { fetch: app });
    expect(await (await ada.fetch("/shop")).json()).toEqual({ userId: id });
    await ada.fetch(new Request("https://app.example.com/shop"));
    await ada.fetch("https://elsewhere.example/shop");
    expect(seen[0]).toContain("__Host-Http-latchkey.access=");
    expect(seen[1]).toContain("theme=dark");
    expect(seen[2]).toBeNull();
    expect(ada.storageState.cookies.map(({ domain, secure }) => ({ domain, secure }))).toEqual([
      { domain: "app.example.com", secure: true },
      { domain: "app.example.com", secure: true },
      { domain: "app.example.com", secure: false },
    ]);
  });
});
