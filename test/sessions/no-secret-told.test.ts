import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { AuthError, createAuth, type MailMessage, magicLink } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { chatty, collectSecrets, listening, printed, type Secrets } from "../fixtures/secrets.ts";
import {
  ANN,
  BOB,
  cheapPassword,
  openServer,
  SECRET,
  type ServerOptions,
  type TestServer,
} from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { migrated, temporaryFile } from "../stores/files.ts";

const NEW_PASSWORD = "an altogether new one";
const METHODS = ["log", "info", "warn", "error", "debug", "trace"] as const;

/** What was said where anybody may listen. */
interface Said {
  readonly text: () => string;
  add(...values: readonly unknown[]): void;
}

function listen(): Said {
  const parts: string[] = [];
  const add = (...values: readonly unknown[]): void => {
    for (const value of values) parts.push(typeof value === "string" ? value : printed(value));
  };
  for (const method of METHODS) vi.spyOn(console, method).mockImplementation(add);
  onTestFinished(() => void vi.restoreAllMocks());
  return { add, text: () => parts.join("\n") };
}

/** Hears every private key that is exported to be kept. */
function hearKeys(secrets: Secrets): void {
  const exportKey = crypto.subtle.exportKey.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, "exportKey").mockImplementation(async (format: string, key: CryptoKey) => {
    const exported = await exportKey(format === "jwk" ? "jwk" : "raw", key);
    if (!(exported instanceof ArrayBuffer) && exported.d !== undefined) {
      secrets.add(exported.d);
      secrets.addBytes(Buffer.from(exported.d, "base64url"));
    }
    return exported as JsonWebKey & ArrayBuffer;
  });
}

function waysOf(said: Said, secrets: Secrets): Ways {
  return {
    said,
    async keep(answer) {
      const response = await answer;
      await secrets.addAnswer(response);
      if (!response.ok) said.add(await response.clone().text(), [...response.headers]);
    },
    async attempt(work) {
      await work().catch((error: unknown) => said.add(error));
    },
  };
}

/** A busy day: all that can go well, and much that can go wrong. */
async function busyDay(
  server: TestServer,
  said: Said,
  secrets: Secrets,
  failing: { now: boolean },
): Promise<void> {
  const { auth, clock, browser } = server;
  const { keep, attempt } = waysOf(said, secrets);
  const ann = browser();
  await keep(ann.post("/auth/signup", ANN));
  const [old, thief] = [ann.copy(), ann.copy()];
  await keep(browser().post("/auth/signup", { ...BOB, transport: "bearer" }));
  await keep(browser().post("/auth/signup", ANN));
  await keep(browser().post("/auth/login", { ...ANN, password: BOB.password }));
  await keep(browser().post("/auth/login", `{"email":"${ANN.email}","password":"${ANN.password}"`));
  await keep(browser().post("/auth/login", { ...ANN, password: [ANN.password] }));
  await keep(browser().post("/auth/signup", { email: ANN.password, password: ANN.password }));
  await keep(browser().post("/auth/refresh", { refresh_token: `${ann.cookie("refresh")}x` }));
  await keep(ann.copy().post("/auth/refresh", { refresh_token: ann.cookie("refresh") }));
  await keep(ann.get(`/auth/${ann.cookie("refresh")}`));
  await keep(ann.get("/auth/me", { authorization: `Bearer ${ann.cookie("access")}` }));
  await keep(ann.post("/auth/refresh"));
  clock.advance(601);
  const found = await auth.validate(ann.request("/page"));
  await secrets.addAnswer(new Response(null, { headers: found.headers }));
  if (found.ok) said.add(found.session, found.claims, found.userId);
  ann.take(found.headers);
  failing.now = true;
  await failingStore(server, ann, { keep, attempt, said });
  failing.now = false;
  await keep(thief.post("/auth/refresh"));
  await keep(old.post("/auth/refresh"));
  await keep(ann.post("/auth/login", ANN));
  const id = String((await auth.users.find(ANN))?.id);
  await attempt(() => auth.users.setPassword(id, ANN.email));
  await auth.users.setPassword(id, NEW_PASSWORD);
  await keep(ann.post("/auth/logout"));
  await attempt(() => auth.sessions.create("unknown"));
  await attempt(() => auth.sessions.create(id, { accessLifetime: 1 }));
  said.add(auth, await auth.keys.jwks(), await auth.sessions.list(id));
  await attempt(() => auth.keys.rotate());
}

interface Ways {
  readonly keep: (answer: Promise<Response>) => Promise<void>;
  readonly attempt: (work: () => Promise<unknown>) => Promise<void>;
  readonly said: Said;
}

async function failingStore(
  { auth, clock }: TestServer,
  ann: Browser,
  { keep, attempt, said }: Ways,
): Promise<void> {
  clock.advance(61);
  await keep(ann.post("/auth/refresh"));
  await keep(ann.copy().post("/auth/login", ANN));
  await keep(ann.copy().post("/auth/signup", { ...BOB, email: "carol@example.com" }));
  await keep(ann.copy().post("/auth/logout"));
  said.add(await auth.validate(ann.request("/page"), { fresh: true }));
  await attempt(() => auth.sessions.create("unknown"));
  await attempt(() => auth.sessions.refresh(ann.cookie("refresh")));
  await attempt(() => auth.users.setPassword("unknown", NEW_PASSWORD));
  await attempt(() => auth.users.create({ email: "dan@example.com", password: NEW_PASSWORD }));
  await attempt(() => auth.keys.rotate());
}

/** Makes a server whose store listens for secrets and may fail loudly. */
function worldOf(
  said: Said,
  store: Store,
  secrets: Secrets,
  failing: { now: boolean },
  options: object,
): TestServer {
  // The driver of this store writes secrets into its errors: the application gets these, and nothing else does.
  const onError: ServerOptions<Record<string, never>, never>["onError"] = (error, context) =>
    said.add(context, error instanceof AuthError ? error : "");
  const given: ServerOptions<Record<string, never>, never> = { onError, ...options };
  return openServer({ ...given, store: chatty(listening(store, secrets), () => failing.now) });
}

for (const { name, make } of stores) {
  for (const [title, options] of [
    ["with a secret", { secret: SECRET }],
    ["without one", {}],
    ["with HS256", { secret: SECRET, accessToken: { algorithm: "HS256" } }],
  ] as const) {
    test(`no event, error or console line holds a secret, ${name}, ${title}`, async () => {
      const [said, secrets, failing] = [listen(), collectSecrets(), { now: false }];
      hearKeys(secrets);
      secrets.add(ANN.password, BOB.password, NEW_PASSWORD, SECRET);
      const server = worldOf(said, await make(), secrets, failing, options);
      await busyDay(server, said, secrets, failing);
      said.add(server.events);
      expect(secrets.size()).toBeGreaterThan(100);
      const types = new Set(server.events.map(({ type }) => type));
      const heard = [
        "session.reuse_detected",
        "store.failed",
        "sign_in.failed",
        "session.refreshed",
      ] as const;
      for (const type of heard) expect(types).toContain(type);
      expect(said.text()).toContain("store_unavailable");
      expect(secrets.foundIn(said.text())).toEqual([]);
    });
  }
}

/** Resets and changes of a password, with all that can go wrong. The tokens of the messages count as secrets. */
async function mailedDay(
  server: TestServer,
  ways: Ways,
  inbox: Inbox,
  failing: { now: boolean },
): Promise<void> {
  const { keep, attempt, said } = ways;
  const { auth, browser } = server;
  const ann = browser();
  await keep(ann.post("/auth/signup", ANN));
  const ask = (): Promise<void> => keep(ann.post("/auth/password/forgot", { email: ANN.email }));
  const reset = (token: unknown, newPassword: unknown): Promise<void> =>
    keep(browser().post("/auth/password/reset", { token, newPassword }));
  await ask();
  const older = await inbox.token("reset");
  await ask();
  const token = await inbox.token("reset");
  await reset(older, NEW_PASSWORD);
  await reset(token, "short");
  await reset([token], NEW_PASSWORD);
  await reset(`${token}=`, NEW_PASSWORD);
  await keep(browser().post("/auth/password/reset", `{"token":"${token}"`));
  await keep(browser().get(`/auth/password/reset?token=${token}`));
  await keep(browser().get(`/auth/${token}`));
  await keep(ann.post("/auth/password/change", { currentPassword: BOB.password, newPassword: NEW_PASSWORD }));
  failing.now = true;
  await ask();
  await reset(token, NEW_PASSWORD);
  await attempt(() => auth.users.resetPassword(token, NEW_PASSWORD));
  await attempt(() => auth.users.forgotPassword(ANN.email));
  failing.now = false;
  await reset(token, NEW_PASSWORD);
  await reset(token, NEW_PASSWORD);
  await attempt(() => auth.users.resetPassword(token, NEW_PASSWORD));
  await keep(ann.post("/auth/login", { ...ANN, password: NEW_PASSWORD }));
  await keep(ann.post("/auth/password/change", { currentPassword: NEW_PASSWORD, newPassword: ANN.password }));
  said.add(await auth.users.find(ANN), (await inbox.messages()).at(-1));
}

/** Changes of an address, links, and the deletion of the account, with all that can go wrong. */
async function movingDay(
  server: TestServer,
  { keep, attempt }: Ways,
  inbox: Inbox,
  failing: { now: boolean },
): Promise<void> {
  const { auth, browser } = server;
  await auth.users.create({ ...ANN, emailVerified: true });
  const ann = browser();
  await keep(ann.post("/auth/login", ANN));
  await keep(ann.post("/auth/email/change", { email: "ann@new.example" }));
  const change = await inbox.token("change");
  await keep(browser().post("/auth/email/change/confirm", { token: change }));
  await keep(ann.post("/auth/email/change/undo", { token: change }));
  failing.now = true;
  await keep(ann.post("/auth/email/change/confirm", { token: change }));
  await attempt(() => auth.users.confirmEmailChange(change));
  failing.now = false;
  await keep(ann.post("/auth/email/change/confirm", { token: change }));
  await keep(ann.post("/auth/email/change/confirm", { token: change }));
  const undo = await inbox.token("changed_notice");
  await keep(ann.post("/auth/link", { email: "ann@new.example" }));
  const link = await inbox.token("magic_link");
  await keep(ann.post("/auth/link/confirm", { token: [link] }));
  await keep(ann.get(`/auth/link/confirm?token=${link}`));
  failing.now = true;
  await keep(browser().post("/auth/email/change/undo", { token: undo }));
  await keep(browser().post("/auth/link/confirm", { token: link }));
  await attempt(() => auth.users.redeemLink(link));
  await attempt(() => auth.users.undoEmailChange(undo));
  failing.now = false;
  await keep(browser().post("/auth/link/confirm", { token: undo }));
  await keep(ann.post("/auth/link/confirm", { token: link }));
  await keep(browser().post("/auth/email/change/undo", { token: undo }));
  await keep(browser().post("/auth/email/change/undo", { token: undo }));
  await keep(ann.send("/auth/account", { method: "DELETE" }));
}

const MAIL_DAYS = { "of a reset": mailedDay, "of a change or a link": movingDay };

for (const { name, make, title, day } of stores.flatMap((kind) =>
  Object.entries(MAIL_DAYS).map(([title, day]) => ({ ...kind, title, day })),
)) {
  test(`no event, error or console line holds the token ${title}, ${name}`, async () => {
    const [said, secrets, failing] = [listen(), collectSecrets(), { now: false }];
    secrets.add(ANN.password, BOB.password, NEW_PASSWORD, SECRET);
    const inbox = openInbox();
    const send = (message: MailMessage): never => {
      inbox.mail.send(message);
      throw new Error("the mail system is down");
    };
    const providers = [cheapPassword(), magicLink()];
    const options = { secret: SECRET, mail: { send }, providers };
    const server = worldOf(said, await make(), secrets, failing, options);
    const before = secrets.size();
    await day(server, waysOf(said, secrets), inbox, failing);
    for (const message of await inbox.messages()) {
      if (!("url" in message) || message.url === null) continue;
      const token = new URL(message.url).searchParams.get("token") ?? "";
      secrets.add(message.url, token);
      secrets.addBytes(Buffer.from(token, "base64url").subarray(32));
    }
    said.add(server.events);
    expect(secrets.size()).toBeGreaterThan(before + 6);
    expect(said.text()).toContain("mail_token_invalid");
    expect(said.text()).toContain("mail.send");
    expect(said.text()).toContain("store_unavailable");
    expect(secrets.foundIn(said.text())).toEqual([]);
  });
}

test("the search finds a token that an event holds", async () => {
  const secrets = collectSecrets();
  const ann = await openServer().signedIn();
  secrets.addRefreshToken(ann.cookie("refresh"));
  const bytes = Buffer.from(ann.cookie("refresh").slice(4), "base64url").subarray(37);
  expect(secrets.foundIn(printed({ deep: [{ hash: bytes.toString("hex") }] })).length).toBe(1);
  const error = new Error("outer", { cause: new Error(ann.cookie("refresh")) });
  expect(secrets.foundIn(printed(error)).length).toBeGreaterThan(0);
});

test("the bytes of the SQLite file contain no token, no password and no private key", async () => {
  const [said, secrets, failing] = [listen(), collectSecrets(), { now: false }];
  hearKeys(secrets);
  secrets.add(ANN.password, BOB.password, NEW_PASSWORD, SECRET);
  const file = temporaryFile();
  const database = new DatabaseSync(file);
  const store = await migrated(database);
  const given = openServer({ store: chatty(store, () => failing.now), secret: SECRET });
  await busyDay(given, said, secrets, failing);
  const kept = [file, `${file}-wal`].map((path) => readFileSync(path));
  database.close();
  const bytes = Buffer.concat([...kept, readFileSync(file)]);
  expect(bytes.length).toBeGreaterThan(10_000);
  expect(bytes.includes(ANN.email)).toBe(true);
  expect(secrets.foundIn(bytes.toString("latin1"))).toEqual([]);
  expect(secrets.rawIn(bytes)).toBe(0);
});

test("the error for a wrong configuration never contains a secret", () => {
  const url = "postgres://app:hunter2hunter2@db.example.com/app";
  const jwk = {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11",
    kid: "k",
  };
  const configurations: readonly object[] = [
    { store: url },
    { store: memory(), secret: "hunter2hunter2" },
    { store: memory(), secret: ["hunter2hunter2hunter2hunter2hunter2hunter2", 7] },
    { store: memory(), secret: { value: "hunter2hunter2" } },
    { store: memory(), secret: " hunter2hunter2hunter2hunter2hunter2" },
    { store: memory(), secret: [SECRET, SECRET] },
    { store: memory(), secrets: SECRET },
    { store: memory(), baseURL: "https://app:hunter2hunter2@app.example.com", secret: SECRET },
    { store: memory(), users: url },
    { store: memory(), providers: url },
    { store: memory(), keys: { provided: JSON.stringify([jwk]) } },
    { store: memory(), keys: { provided: [JSON.stringify(jwk)] } },
    { store: memory(), keys: { provided: [{ ...jwk, kty: "EC" }] } },
    { store: memory(), keys: JSON.stringify({ provided: [jwk] }) },
    { store: memory(), providers: [cheapPassword()], keys: { provided: [{ ...jwk, use: "enc" }] } },
  ];
  for (const options of configurations) {
    const error = faultOf(() => createAuth(options as Parameters<typeof createAuth>[0]));
    expect(error).toBeInstanceOf(TypeError);
    for (const secret of ["hunter2", jwk.d, SECRET]) expect(printed(error)).not.toContain(secret);
  }
});

function faultOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
