import { generateKeyPairSync } from "node:crypto";
import type { Transport } from "@latchkey/core";
import { apple, github, google, microsoft, type TrustEmail } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import { linkAt, openStubServer, type StubServer, type StubServerOptions } from "../fixtures/oauth-server.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { type Person, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { CLIENT, issue, type OAuthProvider, openRiggedServer, restore } from "../fixtures/rigged-sign-in.ts";
import { ANN, countOf } from "../fixtures/server.ts";

// An attacker buys the domain of a company that is gone, or had a mailbox once. Their account at a provider has an address of it
// that was verified long ago. The owner of that address has an account here.

const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const TENANT = "11111111-2222-4333-8444-555555555555";
const ISSUERS = {
  google: "https://accounts.google.com",
  apple: "https://appleid.apple.com",
  microsoft: `https://login.microsoftonline.com/${TENANT}/v2.0`,
} as const;
type Name = keyof typeof ISSUERS;

const FACTORIES: Readonly<Record<Name, (trustEmail?: TrustEmail) => OAuthProvider>> = {
  google: (trustEmail) => google({ ...CLIENT, ...optional(trustEmail) }),
  apple: (trustEmail) =>
    apple({
      clientId: CLIENT.clientId,
      teamId: "TEAM",
      keyId: "KEY",
      privateKey: PEM,
      ...optional(trustEmail),
    }),
  microsoft: (trustEmail) => microsoft({ ...CLIENT, tenant: TENANT, ...optional(trustEmail) }),
};

function optional(trustEmail: TrustEmail | undefined): { readonly trustEmail?: TrustEmail } {
  return trustEmail === undefined ? {} : { trustEmail };
}

const rigs = new Map<Name, RiggedProvider>();

beforeAll(async () => {
  for (const [name, issuer] of Object.entries(ISSUERS)) {
    rigs.set(name as Name, await startRiggedProvider({ issuer }));
  }
});
afterEach(() => [...rigs.values()].map(restore));
afterAll(() => Promise.all([...rigs.values()].map((rig) => rig.close())));

interface Case {
  readonly name: Name;
  readonly email: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly trustEmail?: TrustEmail;
}

/** What a sign-in with that account comes to, where the owner of the address has proved it here, and where no user has it. */
async function signIns({ name, email, claims = {}, trustEmail }: Case) {
  const rig = rigs.get(name);
  if (rig === undefined) throw new Error("there is no rig");
  issue(rig, { claims: { email, email_verified: true, tid: TENANT, ...claims } });
  const signIn = async (opened: ReturnType<typeof openRiggedServer>) => {
    const arrival = rig.authorize(await begin(opened.browser, name), { iss: undefined });
    return (await comeBack(opened.browser, arrival)).headers.get("location");
  };
  const taken = openRiggedServer(rig, [FACTORIES[name](trustEmail)]);
  const { id } = await taken.server.auth.users.create({ email, emailVerified: true });
  const target = await signIn(taken);
  const isIn = (await whoIs(taken.browser)) === id;
  const links = (await taken.server.auth.users.accounts(id)).length;
  expect(isIn).toBe(links === 1);
  expect(target).toBe(`${HOME}/welcome${isIn ? "" : "?error=account_not_linked"}`);
  const free = openRiggedServer(rig, [FACTORIES[name](trustEmail)]);
  expect(await signIn(free)).toBe(`${HOME}/welcome`);
  const created = await free.server.auth.users.find({ email });
  expect(created?.id).toBe(await whoIs(free.browser));
  return { takes: isIn, proves: created?.emailVerified };
}

describe("a verified address, which proves something only where the provider is its authority", () => {
  const proof: readonly Case[] = [
    { name: "google", email: "ann@gmail.com" },
    { name: "google", email: "ann@googlemail.com" },
    { name: "google", email: "ann@example.com", claims: { hd: "example.com" } },
    { name: "google", email: "ann@example.com", trustEmail: true },
    { name: "google", email: "ann@example.com", trustEmail: ["example.org", "example.com"] },
    { name: "apple", email: "x1@privaterelay.appleid.com" },
    { name: "apple", email: "ann@icloud.com" },
    { name: "apple", email: "ann@me.com" },
    { name: "apple", email: "ann@mac.com" },
    { name: "apple", email: "ann@example.com", trustEmail: true },
    { name: "microsoft", email: "ann@example.com", claims: { xms_edov: true } },
  ];
  it.each(proof)("$name, $email, $claims, trustEmail $trustEmail: is a proof", async (known) => {
    expect(await signIns(known)).toEqual({ takes: true, proves: true });
  });

  const claim: readonly Case[] = [
    { name: "google", email: "ann@example.com" },
    { name: "google", email: "ann@example.com", claims: { hd: "evil.example" } },
    { name: "google", email: "ann@sub.example.com", claims: { hd: "example.com" } },
    { name: "google", email: "ann@example.com", claims: { hd: "" } },
    { name: "google", email: "ann@example.com", claims: { hd: ["example.com"] } },
    { name: "google", email: "ann@gmail.com.example.com" },
    { name: "google", email: "ann@gmail.com", trustEmail: false },
    { name: "google", email: "ann@gmail.com", trustEmail: ["example.com"] },
    { name: "google", email: "ann@example.com", claims: { hd: "example.com" }, trustEmail: ["gmail.com"] },
    { name: "apple", email: "ann@example.com" },
    { name: "apple", email: "ann@gmail.com" },
    { name: "apple", email: "ann@icloud.com.example.com" },
    { name: "apple", email: "ann@icloud.com", trustEmail: false },
    { name: "microsoft", email: "ann@example.com", claims: { xms_edov: true }, trustEmail: false },
  ];
  it.each(claim)("$name, $email, $claims, trustEmail $trustEmail: is only a claim", async (known) => {
    expect(await signIns(known)).toEqual({ takes: false, proves: false });
  });

  it("is not decided by an invalid trustEmail, which is refused", () => {
    for (const trustEmail of ["gmail.com", [], ["Gmail.com"], ["*"], 1, null]) {
      const options = { ...CLIENT, trustEmail } as never;
      for (const make of [google, github, microsoft])
        expect(() => make(options)).toThrow(/: trustEmail must be/);
    }
  });
});

const MANY = 16;
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const APP = "com.example.app://done";
const HEIR: Person = { subject: "heir", email: ANN.email, emailVerified: true };

function openHeirServer(options: StubServerOptions): StubServer {
  const stub = stubProvider({ trustEmail: { domains: ["gmail.com"], domainClaim: "hd" } });
  return openStubServer({ stubs: [stub], trustedOrigins: ["com.example.app://"], ...options });
}

/** Signs in with the account, for cookies or for the tokens of a native app. Returns whose session it is, or the error. */
async function enter(server: StubServer, mode: Transport, person: Person): Promise<string | null> {
  const browser = server.browser();
  if (mode === "cookie") {
    const location = new URL((await server.signIn(browser, person)).headers.get("location") ?? "");
    return location.searchParams.get("error") ?? (await whoIs(browser));
  }
  const query = new URLSearchParams({ transport: "bearer", code_challenge: CHALLENGE, redirect_to: APP });
  const start = await browser.get(`/auth/oauth/stub?${query}`);
  const arrival = server.stub.agree(start.headers.get("location") ?? "", person);
  const back = new URL((await comeBack(browser, arrival)).headers.get("location") ?? "");
  const error = back.searchParams.get("error");
  if (error !== null) return error;
  const body = { code: back.searchParams.get("code"), code_verifier: VERIFIER };
  const tokens = await (await browser.post("/auth/oauth/exchange", body)).json();
  return tokens.user.id;
}

onEveryStore((make) => {
  describe.each(["cookie", "bearer"] as const)("a new owner of an old domain, by %s", (mode) => {
    it("gets no user of the mailbox's former owner, with or without a proven address", async () => {
      for (const emailVerified of [true, false]) {
        const server = openHeirServer({ store: await make() });
        const { id } = await server.auth.users.create({ ...ANN, emailVerified });
        expect(await enter(server, mode, HEIR)).toBe("account_not_linked");
        expect(await server.auth.users.accounts(id)).toEqual([]);
        expect(await server.auth.users.get(id)).toMatchObject({ emailVerified });
        expect(countOf(server, "session.started")).toBe(0);
        const owner = { ...HEIR, subject: "owner", hd: "example.com" };
        expect(await enter(server, mode, owner)).toBe(emailVerified ? id : "account_not_linked");
      }
    });

    it("creates a user without a proven address, and no later proof depends on it", async () => {
      const server = openHeirServer({ store: await make() });
      const heir = await enter(server, mode, HEIR);
      expect(await enter(server, mode, HEIR)).toBe(heir);
      expect(await server.auth.users.get(String(heir))).toMatchObject({
        email: ANN.email,
        emailVerified: false,
      });
      expect(await enter(server, mode, { ...HEIR, subject: "owner", hd: "example.com" })).toBe(
        "account_not_linked",
      );
    });

    it("with linkByEmail: false, an address leads to no user, and a signed-in user can still link", async () => {
      const server = openHeirServer({ store: await make(), linkByEmail: false });
      const { id } = await server.auth.users.create({ ...ANN, emailVerified: true });
      const browser = server.browser();
      const owner = { ...HEIR, subject: "owner", hd: "example.com" };
      expect(await enter(server, mode, owner)).toBe("account_not_linked");
      await browser.post("/auth/login", ANN);
      expectSentTo(await linkAt(server.stub, browser, owner), "/settings");
      expect(await enter(server, mode, owner)).toBe(id);
    });

    it.each([
      ["with an address that is only claimed", HEIR, {}],
      ["with a proven one, and linkByEmail: false", { ...HEIR, hd: "example.com" }, { linkByEmail: false }],
    ] as const)(
      `with ${MANY} simultaneous first sign-ins, %s, creates one user and is never refused`,
      async (_, person, options) => {
        const server = openHeirServer({ store: await make(), ...options });
        const ids = await Promise.all(Array.from({ length: MANY }, () => enter(server, mode, person)));
        expect([...new Set(ids)]).toHaveLength(1);
        expect(await server.auth.users.accounts(String(ids[0]))).toHaveLength(1);
      },
    );
  });

  it("a signed-in user can still link an account, which proves no address", async () => {
    const server = openHeirServer({ store: await make() });
    const browser = await server.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(server.stub, browser, HEIR), "/settings");
    expect(await whoIs(browser)).toBe(id);
    const user = await server.store.users.get(id);
    expect({ emailVerified: user?.emailVerified, hasPassword: user?.passwordHash !== null }).toEqual({
      emailVerified: false,
      hasPassword: true,
    });
    const later = server.browser();
    expectSentTo(await server.signIn(later, HEIR), "/welcome");
    expect(await server.auth.users.get(id)).toMatchObject({ emailVerified: false });
    expectFailed(
      await server.signIn(server.browser(), { ...HEIR, subject: "another" }),
      "account_not_linked",
    );
  });
});
