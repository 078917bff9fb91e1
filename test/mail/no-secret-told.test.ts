import { emailCode, type JsonObject, type MailMessage, magicLink, minutes, type User } from "@latchkey/core";
import { type PasswordOptions, password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { collectSecrets, printed, type Secrets } from "../fixtures/secrets.ts";
import {
  ANN,
  BOB,
  cheapHasher,
  openSecureServer,
  SECRET,
  type ServerOptions,
  type TestServer,
} from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { type Between, wrapped } from "../fixtures/wrapped-store.ts";

const NEW_PASSWORD = "an altogether new one";
const METHODS = ["log", "info", "warn", "error", "debug", "trace"] as const;
const MODES: readonly PasswordOptions["verifyEmail"][] = [false, "later", "required"];

/** Everything that was written where it may be read, by the place. */
interface Said {
  readonly logs: string[];
  readonly stored: string[];
  readonly answers: string[];
}

/** The secrets of messages. A code is too short to be told from other text, so it is searched as a word. */
interface Minted {
  readonly secrets: Secrets;
  readonly codes: Set<string>;
  readonly types: Set<string>;
  take(message: MailMessage): void;
  takeAnswer(response: Response): Promise<void>;
  foundIn(texts: readonly string[]): readonly string[];
}

function collectMinted(): Minted {
  const secrets = collectSecrets();
  const codes = new Set<string>();
  const types = new Set<string>();
  return {
    secrets,
    codes,
    types,
    take(message) {
      types.add(message.type);
      if ("code" in message) codes.add(message.code);
      const token =
        "url" in message && message.url !== null ? new URL(message.url).searchParams.get("token") : null;
      if (token === null) return;
      const bytes = Buffer.from(token, "base64url");
      expect(bytes.length).toBe(64);
      secrets.add(token);
      // The first half names the slot, and is no secret.
      secrets.addBytes(bytes.subarray(32));
    },
    async takeAnswer(response) {
      await secrets.addAnswer(response);
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/sign-up$/.test(name) && value.length >= 8) secrets.add(value);
      }
    },
    foundIn(texts) {
      const text = texts.join("\n");
      const words = [...codes].filter((code) => new RegExp(`(?<![\\w.-])${code}(?![\\w.-])`).test(text));
      return [...secrets.foundIn(text), ...words];
    },
  };
}

/** A store that writes down what it is given and what it returns. */
function writing(store: Store, stored: string[]): Store {
  const between: Between = async (_, call, given) => {
    stored.push(printed(given));
    const result = await call();
    stored.push(printed(result));
    return result;
  };
  return wrapped(store, between);
}

interface World {
  readonly server: TestServer;
  readonly said: Said;
  readonly minted: Minted;
  token(type: MailMessage["type"]): Promise<string>;
  code(): Promise<string>;
  post(browser: Browser, path: string, body?: object): Promise<Response>;
}

async function openWorld(
  store: Store,
  verifyEmail: PasswordOptions["verifyEmail"],
  isMailDown: () => boolean = () => false,
): Promise<World> {
  const said: Said = { logs: [], stored: [], answers: [] };
  const log = (...values: readonly unknown[]): void => void said.logs.push(...values.map(printed));
  for (const method of METHODS) vi.spyOn(console, method).mockImplementation(log);
  onTestFinished(() => void vi.restoreAllMocks());
  const minted = collectMinted();
  minted.secrets.add(ANN.password, BOB.password, NEW_PASSWORD, SECRET);
  const messages: MailMessage[] = [];
  const inbox = openInbox({
    send: (message) => {
      minted.take(message);
      messages.push(message);
      if (isMailDown()) throw new Error("no mail");
    },
  });
  const options: ServerOptions<JsonObject, User> = {
    store: writing(store, said.stored),
    providers: [
      password({ hasher: cheapHasher, verifyEmail: verifyEmail ?? false }),
      magicLink({ signUp: true }),
      emailCode({ signUp: true }),
    ],
    mail: inbox.mail,
    rateLimit: {
      mailbox: { limit: 100, window: 60 },
      signUp: { limit: 100, window: 60 },
      mail: { limit: 100, window: 60 },
    },
    clientAddress: () => "192.0.2.1",
    onError: log,
  };
  const server = openSecureServer(options);
  const newest = async (type: MailMessage["type"]): Promise<MailMessage | undefined> => {
    const found = (): MailMessage | undefined => messages.findLast((message) => message.type === type);
    // The message is sent after the answer, and on some stores its draft is read first.
    for (let tries = 0; tries < 2_000 && (tries === 0 || found() === undefined); tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return found();
  };
  return {
    server,
    said,
    minted,
    async token(type) {
      const found = await newest(type);
      if (found === undefined || !("url" in found)) throw new Error(`no message ${type}`);
      return new URL(found.url ?? "").searchParams.get("token") ?? "";
    },
    async code() {
      const found = await newest("code");
      return found !== undefined && "code" in found ? found.code : "";
    },
    async post(browser, path, body) {
      const response = await browser.post(`/auth${path}`, body);
      await minted.takeAnswer(response);
      const names = [...response.headers].filter(([name]) => name !== "set-cookie");
      // The answer of a sign-in has its own tokens, which no message has.
      said.answers.push(printed(names), response.ok ? "" : await response.clone().text());
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      return response;
    },
  };
}

/** Every flow of messages, with right tokens, wrong ones and used ones. */
async function everyFlow(world: World): Promise<void> {
  const { server, post, token } = world;
  const ann = server.browser();
  await post(ann, "/signup", ANN);
  await post(server.browser(), "/email/verify/request", { email: ANN.email });
  const verify = await token("verify").catch(() => "");
  await post(ann, "/email/verify", { token: verify, password: ANN.password });
  await post(ann, "/email/verify", { token: verify });
  await post(ann, "/login", ANN);
  await post(server.browser(), "/signup", ANN);
  await reset(world);
  await byMessage(world);
  server.clock.advance(minutes(1));
  await post(ann, "/login", { ...ANN, password: NEW_PASSWORD });
  await change(world, ann);
  await server.auth.users.invite("carol@example.com");
  const invitation = await token("invitation");
  const carol = { email: "carol@example.com", password: BOB.password };
  await post(server.browser(), "/signup", { ...carol, invitation: `${invitation.slice(0, -2)}AA` });
  await post(server.browser(), "/signup", { ...carol, invitation });
  await reuse(world, carol);
}

async function reset({ server, post, token }: World): Promise<void> {
  await post(server.browser(), "/password/forgot", { email: ANN.email });
  const first = await token("reset");
  await post(server.browser(), "/password/reset", { token: first, newPassword: "short" });
  await post(server.browser(), "/email/verify", { token: first });
  await server.browser().get(`/auth/password/reset?token=${first}`);
  await post(server.browser(), "/password/reset", { token: first, newPassword: NEW_PASSWORD });
  await post(server.browser(), "/password/reset", { token: first, newPassword: NEW_PASSWORD });
}

async function byMessage({ server, post, token, code }: World): Promise<void> {
  const browser = server.browser();
  await post(browser, "/link", { email: ANN.email });
  await post(browser, "/link/confirm", { token: await token("magic_link") });
  await post(browser, "/link/confirm", { token: await token("magic_link") });
  await post(browser, "/code", { email: ANN.email });
  const sent = await code();
  await post(browser, "/code/confirm", { email: BOB.email, code: sent });
  await post(browser, "/code/confirm", {
    email: ANN.email,
    code: `${(Number(sent) + 1) % 1_000_000}`.padStart(6, "0"),
  });
  await post(browser, "/code/confirm", { email: ANN.email, code: sent, transport: "bearer" });
}

async function change({ server, post, token }: World, ann: Browser): Promise<void> {
  await post(ann, "/email/change", { email: "ann@example.org" });
  const first = await token("change");
  await post(server.browser(), "/email/change/confirm", { token: first });
  expect((await post(ann, "/email/change/confirm", { token: first })).status).toBe(200);
  const undo = await token("changed_notice");
  await post(server.browser(), "/email/change/undo", { token: `${undo.slice(0, 60)}${"A".repeat(26)}` });
  expect((await post(server.browser(), "/email/change/undo", { token: undo })).status).toBe(200);
}

async function reuse({ server, post }: World, carol: { email: string; password: string }): Promise<void> {
  const browser = server.browser();
  server.clock.advance(minutes(2));
  expect((await post(browser, "/login", carol)).status).toBe(200);
  const thief = browser.copy();
  for (let index = 0; index < 2; index++) {
    server.clock.advance(minutes(10));
    await post(browser, "/refresh");
  }
  server.clock.advance(minutes(10));
  expect((await post(thief, "/refresh")).status).toBe(401);
  await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const { name, make } of stores) {
  for (const verifyEmail of MODES) {
    test(`LOG-01 no secret of a message is told or stored, ${name}, verifyEmail: ${verifyEmail}`, async () => {
      const world = await openWorld(await make(), verifyEmail);
      await everyFlow(world);
      const { server, said, minted } = world;
      const expected = ["verify", "reset", "change", "changed_notice", "magic_link", "code", "invitation"];
      const notices = ["new_device", "password_changed", "session_ended_by_reuse"];
      expect([...minted.types].toSorted()).toEqual([...expected, ...notices].toSorted());
      expect(minted.codes.size).toBe(1);
      expect(minted.secrets.size()).toBeGreaterThan(50);
      said.logs.push(printed(server.events), printed(server.auth), JSON.stringify(server.events));
      expect(minted.foundIn(said.logs)).toEqual([]);
      expect(minted.foundIn(said.answers)).toEqual([]);
      expect(said.stored.length).toBeGreaterThan(100);
      expect(minted.foundIn(said.stored)).toEqual([]);
    });
  }
}

test("LOG-01 a mail system that fails makes no secret known to onError", async () => {
  const [kind] = stores;
  if (kind === undefined) throw new Error("no store");
  const world = await openWorld(await kind.make(), "later", () => true);
  await everyFlow(world);
  expect(world.said.logs.filter((line) => line.includes("mail.send")).length).toBeGreaterThan(8);
  expect(world.minted.foundIn(world.said.logs)).toEqual([]);
});

test("the search finds a token, its secret half and a code", async () => {
  const minted = collectMinted();
  const token = Buffer.alloc(64, 7).toString("base64url");
  const base = { to: ANN.email, user: null, locale: null, subject: "", text: "", html: "", expiresAt: 0 };
  minted.take({ ...base, type: "verify", url: `https://app.example.com/verify-email?token=${token}` });
  minted.take({ ...base, type: "code", code: "012345" });
  const half = Buffer.alloc(32, 7);
  for (const text of [token, half.toString("hex"), half.toString("base64url"), 'code: "012345"'])
    expect(minted.foundIn([`a ${text} b`]).length).toBeGreaterThan(0);
  expect(minted.foundIn(["nothing of it, and 10123456"])).toEqual([]);
});
