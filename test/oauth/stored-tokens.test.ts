import type { DatabaseSync } from "node:sqlite";
import type { ProviderTokens, Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { type Desk, expectSentTo, linkAt, openDesk, signInAt, whoIs } from "../fixtures/oauth-server.ts";
import { ANN_THERE, type PaperProvider, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { SECRET } from "../fixtures/server.ts";
import { migrated, open } from "../stores/files.ts";

const NEWER = "another-9f8e7d6c5b4a39281706f5e4d3c2b1a0";

interface Kept {
  readonly desk: Desk;
  readonly paper: PaperProvider;
  readonly id: string;
  /** Everything in the database, as text. */
  readonly dump: () => string;
  again(secret: string | readonly string[]): Desk;
}

async function keep(storeTokens = true): Promise<Kept> {
  const database = open(":memory:");
  const store: Store = await migrated(database);
  const paper = paperProvider({ storeTokens });
  const desk = openDesk({ store, papers: [paper] });
  const browser = desk.browser();
  expectSentTo(await desk.signIn(browser), "/welcome");
  const again = (secret: string | readonly string[]): Desk =>
    openDesk({ store, papers: [paper], clock: desk.clock, secret });
  return { desk, paper, id: String(await whoIs(browser)), dump: () => dumpOf(database), again };
}

function dumpOf(database: DatabaseSync): string {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const rows = tables.map(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
  return JSON.stringify(rows);
}

function told(tokens: ProviderTokens | null): readonly (string | null)[] {
  return [tokens?.accessToken ?? null, tokens?.refreshToken ?? null, tokens?.idToken ?? null];
}

describe("OAU-24 the provider's tokens", () => {
  it("OAU-24 are kept sealed, and read by the application alone", async () => {
    const { desk, paper, id, dump } = await keep();
    expect(paper.issued).toHaveLength(3);
    for (const token of paper.issued) expect(dump()).not.toContain(token);
    expect(dump()).toContain(ANN_THERE.subject);
    expect(told(await desk.auth.users.providerTokens(id, "paper"))).toEqual(paper.issued);
    expect(await desk.auth.users.providerTokens(id, "other")).toBeNull();
    expect(await desk.auth.users.providerTokens("unknown", "paper")).toBeNull();
  });

  it("are those of the last sign-in, by whatever way it came", async () => {
    const { desk, paper, id } = await keep();
    await desk.signIn(desk.browser());
    expect(told(await desk.auth.users.providerTokens(id, "paper"))).toEqual(paper.issued.slice(3));
    const browser = desk.browser();
    await comeBack(browser, paper.agree(await begin(browser, "paper"), ANN_THERE));
    await linkAt(paper, browser);
    expect(told(await desk.auth.users.providerTokens(id, "paper"))).toEqual(paper.issued.slice(9));
  });

  it("are not kept unless the provider is told to", async () => {
    const { desk, paper, id, dump } = await keep(false);
    expect(await desk.auth.users.providerTokens(id, "paper")).toBeNull();
    for (const token of paper.issued) expect(dump()).not.toContain(token);
  });

  it("go with the link, and with the user", async () => {
    const { desk, paper, id, dump } = await keep();
    const browser = desk.browser();
    await desk.signIn(browser);
    const sealed = await desk.store.users.keptTokens({ provider: "paper", subject: ANN_THERE.subject });
    expect(dump()).toContain(String(sealed));
    await desk.auth.users.setPassword(id, "an altogether new one");
    const login = { email: ANN_THERE.email, password: "an altogether new one" };
    await browser.post("/auth/login", login);
    expect((await browser.send("/auth/oauth/paper/link", { method: "DELETE" })).status).toBe(204);
    expect(await desk.auth.users.providerTokens(id, "paper")).toBeNull();
    expect(dump()).not.toContain(String(sealed));
    const other = desk.browser();
    await signInAt(paper, other, { subject: "another" });
    await desk.auth.users.delete(String(await whoIs(other)));
    expect(await desk.store.users.keptTokens({ provider: "paper", subject: "another" })).toBeNull();
  });

  it("are read with an older secret, and lost with a removed one until the next sign-in", async () => {
    const { paper, id, again } = await keep();
    expect(told(await again([NEWER, SECRET]).auth.users.providerTokens(id, "paper"))).toEqual(paper.issued);
    const fresh = again(NEWER);
    expect(await fresh.auth.users.providerTokens(id, "paper")).toBeNull();
    expectSentTo(await fresh.signIn(fresh.browser()), "/welcome");
    expect(told(await fresh.auth.users.providerTokens(id, "paper"))).toEqual(paper.issued.slice(3));
  });

  it("sealed for one purpose open for no other", async () => {
    const { desk, id } = await keep();
    const account = { provider: "paper", subject: ANN_THERE.subject };
    const browser = desk.browser();
    await begin(browser, "paper");
    const flow = browser.request("/").headers.get("cookie")?.split("=")[1] ?? "";
    for (const text of [flow, "", "rubbish", "A".repeat(100)]) {
      await desk.store.users.keepTokens(account, text);
      expect(await desk.auth.users.providerTokens(id, "paper")).toBeNull();
    }
  });
});
