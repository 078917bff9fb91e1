import type { DatabaseSync } from "node:sqlite";
import type { ProviderTokens, Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer, signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE, type StubProvider, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { SECRET } from "../fixtures/server.ts";
import { migrated, open } from "../stores/files.ts";

const NEWER = "another-9f8e7d6c5b4a39281706f5e4d3c2b1a0";

interface Kept {
  readonly server: StubServer;
  readonly stub: StubProvider;
  readonly id: string;
  /** Everything in the database, as text. */
  readonly dump: () => string;
  again(secret: string | readonly string[]): StubServer;
}

async function keep(storeTokens = true): Promise<Kept> {
  const database = open(":memory:");
  const store: Store = await migrated(database);
  const stub = stubProvider({ storeTokens });
  const server = openStubServer({ store, stubs: [stub] });
  const browser = server.browser();
  expectSentTo(await server.signIn(browser), "/welcome");
  const again = (secret: string | readonly string[]): StubServer =>
    openStubServer({ store, stubs: [stub], clock: server.clock, secret });
  return { server, stub, id: String(await whoIs(browser)), dump: () => dumpOf(database), again };
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
  it("OAU-24 are stored sealed, and only the application reads them", async () => {
    const { server, stub, id, dump } = await keep();
    expect(stub.issued).toHaveLength(3);
    for (const token of stub.issued) expect(dump()).not.toContain(token);
    expect(dump()).toContain(ANN_THERE.subject);
    expect(told(await server.auth.users.providerTokens(id, "stub"))).toEqual(stub.issued);
    expect(await server.auth.users.providerTokens(id, "other")).toBeNull();
    expect(await server.auth.users.providerTokens("unknown", "stub")).toBeNull();
  });

  it("are those of the last sign-in, by either transport", async () => {
    const { server, stub, id } = await keep();
    await server.signIn(server.browser());
    expect(told(await server.auth.users.providerTokens(id, "stub"))).toEqual(stub.issued.slice(3));
    const browser = server.browser();
    await comeBack(browser, stub.agree(await begin(browser, "stub"), ANN_THERE));
    await linkAt(stub, browser);
    expect(told(await server.auth.users.providerTokens(id, "stub"))).toEqual(stub.issued.slice(9));
  });

  it("are not stored unless storeTokens is true", async () => {
    const { server, stub, id, dump } = await keep(false);
    expect(await server.auth.users.providerTokens(id, "stub")).toBeNull();
    for (const token of stub.issued) expect(dump()).not.toContain(token);
  });

  it("are deleted with the link, and with the user", async () => {
    const { server, stub, id, dump } = await keep();
    const browser = server.browser();
    await server.signIn(browser);
    const sealed = await server.store.users.keptTokens({ provider: "stub", subject: ANN_THERE.subject });
    expect(dump()).toContain(String(sealed));
    await server.auth.users.setPassword(id, "an altogether new one");
    const login = { email: ANN_THERE.email, password: "an altogether new one" };
    await browser.post("/auth/login", login);
    expect((await browser.send("/auth/oauth/stub/link", { method: "DELETE" })).status).toBe(204);
    expect(await server.auth.users.providerTokens(id, "stub")).toBeNull();
    expect(dump()).not.toContain(String(sealed));
    const other = server.browser();
    await signInAt(stub, other, { subject: "another" });
    await server.auth.users.delete(String(await whoIs(other)));
    expect(await server.store.users.keptTokens({ provider: "stub", subject: "another" })).toBeNull();
  });

  it("are opened with an older secret, and lost with a removed one until the next sign-in", async () => {
    const { stub, id, again } = await keep();
    expect(told(await again([NEWER, SECRET]).auth.users.providerTokens(id, "stub"))).toEqual(stub.issued);
    const fresh = again(NEWER);
    expect(await fresh.auth.users.providerTokens(id, "stub")).toBeNull();
    expectSentTo(await fresh.signIn(fresh.browser()), "/welcome");
    expect(told(await fresh.auth.users.providerTokens(id, "stub"))).toEqual(stub.issued.slice(3));
  });

  it("are sealed for one purpose, and open for no other", async () => {
    const { server, id } = await keep();
    const account = { provider: "stub", subject: ANN_THERE.subject };
    const browser = server.browser();
    await begin(browser, "stub");
    const flow = browser.request("/").headers.get("cookie")?.split("=")[1] ?? "";
    for (const text of [flow, "", "rubbish", "A".repeat(100)]) {
      await server.store.users.keepTokens(account, text);
      expect(await server.auth.users.providerTokens(id, "stub")).toBeNull();
    }
  });
});
