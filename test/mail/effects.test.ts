import { describe, expect, it } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { codeIn, type MailedServer, openMailedServer } from "../fixtures/mailed-server.ts";
import { ANN } from "../fixtures/server.ts";

const NEW_PASSWORD = "an altogether new one";

/** What is left of an account, by the columns of the table in SECURITY.md. */
interface Effects {
  readonly password: "kept" | "removed" | "replaced";
  readonly links: "kept" | "removed";
  /** The session from before. */
  readonly session: "kept" | "ended";
  /** A device cookie is void as soon as the version of the credentials is another one. */
  readonly devices: "kept" | "ended";
}

interface Scene {
  readonly server: MailedServer;
  /** The browser with the session from before. */
  readonly browser: Browser;
  /** A browser of the holder of the mailbox, without a session. */
  readonly holder: Browser;
}

/** A redemption, by a name of the table, and whether the address was proved before. */
interface Row {
  readonly name: string;
  readonly proved: boolean;
  readonly redeem: (scene: Scene) => Promise<Response>;
  readonly effects: Effects;
}

const KEPT: Effects = { password: "kept", links: "kept", session: "kept", devices: "kept" };
const REMOVED: Effects = { password: "removed", links: "removed", session: "ended", devices: "ended" };

async function verify({ server, holder }: Scene, body: object): Promise<Response> {
  await holder.post("/auth/email/verify/request", { email: ANN.email });
  return holder.post("/auth/email/verify", { token: await server.inbox.token("verify"), ...body });
}

async function reset({ server, holder }: Scene): Promise<Response> {
  await holder.post("/auth/password/forgot", { email: ANN.email });
  const token = await server.inbox.token("reset");
  return holder.post("/auth/password/reset", { token, newPassword: NEW_PASSWORD });
}

async function byLink({ server, holder }: Scene, by: Browser = holder): Promise<Response> {
  await by.post("/auth/link", { email: ANN.email });
  return by.post("/auth/link/confirm", { token: await server.inbox.token("magic_link") });
}

async function byCode({ server, holder }: Scene): Promise<Response> {
  await holder.post("/auth/code", { email: ANN.email });
  return holder.post("/auth/code/confirm", { email: ANN.email, code: await codeIn(server.inbox) });
}

async function change({ server, browser }: Scene): Promise<Response> {
  await browser.post("/auth/email/change", { email: "ann@example.org" });
  return browser.post("/auth/email/change/confirm", { token: await server.inbox.token("change") });
}

async function undo(scene: Scene): Promise<Response> {
  await change(scene);
  return scene.holder.post("/auth/email/change/undo", {
    token: await scene.server.inbox.token("changed_notice"),
  });
}

const ROWS: readonly Row[] = [
  {
    name: "verify, by its owner",
    proved: false,
    redeem: (scene) => verify(scene, { password: ANN.password }),
    effects: KEPT,
  },
  { name: "verify, first proof", proved: false, redeem: (scene) => verify(scene, {}), effects: REMOVED },
  {
    name: "reset, proved address",
    proved: true,
    redeem: reset,
    effects: { ...REMOVED, password: "replaced", links: "kept" },
  },
  { name: "reset, first proof", proved: false, redeem: reset, effects: { ...REMOVED, password: "replaced" } },
  { name: "link, proved address", proved: true, redeem: (scene) => byLink(scene), effects: KEPT },
  { name: "code, proved address", proved: true, redeem: byCode, effects: KEPT },
  { name: "link, first proof", proved: false, redeem: (scene) => byLink(scene), effects: REMOVED },
  { name: "code, first proof", proved: false, redeem: byCode, effects: REMOVED },
  { name: "change", proved: true, redeem: change, effects: { ...KEPT, devices: "ended" } },
  { name: "undo", proved: true, redeem: undo, effects: REMOVED },
];

describe("a redeemed token has the effects of the table in SECURITY.md", () => {
  it.each(ROWS)("$name, proved before: $proved", async ({ proved, redeem, effects }) => {
    const server = openMailedServer();
    const { id } = await server.auth.users.create({ ...ANN, emailVerified: proved });
    await server.store.users.link(id, { provider: server.stub.provider.id, subject: "ann-there" });
    const browser = await server.signedIn();
    const before = await server.store.users.get(id);
    const response = await redeem({ server, browser, holder: server.browser() });
    expect(response.status).toBe(200);
    const after = await server.store.users.get(id);
    const links = await server.store.users.accounts(id);
    const passwordOf = (): Effects["password"] => {
      if (after?.passwordHash === null) return "removed";
      return after?.passwordHash === before?.passwordHash ? "kept" : "replaced";
    };
    const version = before?.credentialsVersion;
    expect({
      password: passwordOf(),
      links: links.length === 1 ? "kept" : "removed",
      session: (await browser.get("/auth/me")).status === 200 ? "kept" : "ended",
      devices: after?.credentialsVersion === version ? "kept" : "ended",
    }).toEqual(effects);
    expect(after?.emailVerified).toBe(true);
  });

  it("link, first proof in a browser with a live session of the user, keeps everything but that session", async () => {
    const server = openMailedServer();
    const { id } = await server.auth.users.create(ANN);
    const browser = await server.signedIn();
    const before = await server.store.users.get(id);
    expect((await byLink({ server, browser, holder: browser }, browser)).status).toBe(200);
    expect(await server.store.users.get(id)).toEqual({ ...before, emailVerified: true });
  });
});
