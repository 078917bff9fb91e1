import { generateKeyPairSync } from "node:crypto";
import { apple, github, google, microsoft, type TrustEmail } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { begin, comeBack, HOME } from "../fixtures/oauth-flow.ts";
import {
  countOf,
  type Desk,
  type DeskOptions,
  expectFailed,
  expectSentTo,
  linkAt,
  openDesk,
  whoIs,
} from "../fixtures/oauth-server.ts";
import { type Person, paperProvider } from "../fixtures/providers/in-process-provider.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { CLIENT, issue, type OAuthProvider, openTrap, restore } from "../fixtures/rigged-sign-in.ts";
import { ANN } from "../fixtures/server.ts";

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
  const signIn = async (trap: ReturnType<typeof openTrap>) => {
    const arrival = rig.authorize(await begin(trap.browser, name), { iss: undefined });
    return (await comeBack(trap.browser, arrival)).headers.get("location");
  };
  const taken = openTrap(rig, [FACTORIES[name](trustEmail)]);
  const { id } = await taken.station.auth.users.create({ email, emailVerified: true });
  const target = await signIn(taken);
  const isIn = (await whoIs(taken.browser)) === id;
  const links = (await taken.station.auth.users.accounts(id)).length;
  expect(isIn).toBe(links === 1);
  expect(target).toBe(`${HOME}/welcome${isIn ? "" : "?error=account_not_linked"}`);
  const free = openTrap(rig, [FACTORIES[name](trustEmail)]);
  expect(await signIn(free)).toBe(`${HOME}/welcome`);
  const created = await free.station.auth.users.find({ email });
  expect(created?.id).toBe(await whoIs(free.browser));
  return { takes: isIn, proves: created?.emailVerified };
}

describe("a verified address proves something only where the provider is its authority", () => {
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
  it.each(proof)("$name, $email, $claims, trustEmail $trustEmail: is proof", async (known) => {
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
  it.each(claim)("$name, $email, $claims, trustEmail $trustEmail: is a claim", async (known) => {
    expect(await signIns(known)).toEqual({ takes: false, proves: false });
  });

  it("refuses a trustEmail that is none", () => {
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

function openHeirDesk(options: DeskOptions): Desk {
  const paper = paperProvider({ trustEmail: { domains: ["gmail.com"], domainClaim: "hd" } });
  return openDesk({ papers: [paper], trustedOrigins: ["com.example.app://"], ...options });
}

/** Signs in with the account, for cookies or for the tokens of a native app. Returns whose session it is, or the error. */
async function enter(desk: Desk, mode: "cookie" | "bearer", person: Person): Promise<string | null> {
  const browser = desk.browser();
  if (mode === "cookie") {
    const location = new URL((await desk.signIn(browser, person)).headers.get("location") ?? "");
    return location.searchParams.get("error") ?? (await whoIs(browser));
  }
  const query = new URLSearchParams({ transport: "bearer", code_challenge: CHALLENGE, redirect_to: APP });
  const start = await browser.get(`/auth/oauth/paper?${query}`);
  const arrival = desk.paper.agree(start.headers.get("location") ?? "", person);
  const back = new URL((await comeBack(browser, arrival)).headers.get("location") ?? "");
  const error = back.searchParams.get("error");
  if (error !== null) return error;
  const body = { code: back.searchParams.get("code"), code_verifier: VERIFIER };
  const tokens = await (await browser.post("/auth/oauth/exchange", body)).json();
  return tokens.user.id;
}

onEveryStore((make) => {
  describe.each(["cookie", "bearer"] as const)("by %s", (mode) => {
    it("the heir of a mailbox gets no user of its former owner, with or without a proven address", async () => {
      for (const emailVerified of [true, false]) {
        const desk = openHeirDesk({ store: await make() });
        const { id } = await desk.auth.users.create({ ...ANN, emailVerified });
        expect(await enter(desk, mode, HEIR)).toBe("account_not_linked");
        expect(await desk.auth.users.accounts(id)).toEqual([]);
        expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified });
        expect(countOf(desk, "session.started")).toBe(0);
        const owner = { ...HEIR, subject: "owner", hd: "example.com" };
        expect(await enter(desk, mode, owner)).toBe(emailVerified ? id : "account_not_linked");
      }
    });

    it("a user that the heir makes proves no address, and no later proof builds on it", async () => {
      const desk = openHeirDesk({ store: await make() });
      const heir = await enter(desk, mode, HEIR);
      expect(await enter(desk, mode, HEIR)).toBe(heir);
      expect(await desk.auth.users.get(String(heir))).toMatchObject({
        email: ANN.email,
        emailVerified: false,
      });
      expect(await enter(desk, mode, { ...HEIR, subject: "owner", hd: "example.com" })).toBe(
        "account_not_linked",
      );
    });

    it("linkByEmail: false leads no account to a user by an address, and links by hand as ever", async () => {
      const desk = openHeirDesk({ store: await make(), linkByEmail: false });
      const { id } = await desk.auth.users.create({ ...ANN, emailVerified: true });
      const browser = desk.browser();
      const owner = { ...HEIR, subject: "owner", hd: "example.com" };
      expect(await enter(desk, mode, owner)).toBe("account_not_linked");
      await browser.post("/auth/login", ANN);
      expectSentTo(await linkAt(desk.paper, browser, owner), "/settings");
      expect(await enter(desk, mode, owner)).toBe(id);
    });

    it.each([
      ["with an address that is only claimed", HEIR, {}],
      ["with a proven one, and linkByEmail: false", { ...HEIR, hd: "example.com" }, { linkByEmail: false }],
    ] as const)(`${MANY} first sign-ins at once, %s: one user, none refused`, async (_, person, options) => {
      const desk = openHeirDesk({ store: await make(), ...options });
      const ids = await Promise.all(Array.from({ length: MANY }, () => enter(desk, mode, person)));
      expect([...new Set(ids)]).toHaveLength(1);
      expect(await desk.auth.users.accounts(String(ids[0]))).toHaveLength(1);
    });
  });

  it("a link by hand stays possible, and is no proof of the address", async () => {
    const desk = openHeirDesk({ store: await make() });
    const browser = await desk.signedIn();
    const id = String(await whoIs(browser));
    expectSentTo(await linkAt(desk.paper, browser, HEIR), "/settings");
    expect(await whoIs(browser)).toBe(id);
    const user = await desk.auth.users.get(id);
    expect([user?.emailVerified, user?.passwordHash === null]).toEqual([false, false]);
    const later = desk.browser();
    expectSentTo(await desk.signIn(later, HEIR), "/welcome");
    expect(await desk.auth.users.get(id)).toMatchObject({ emailVerified: false });
    expectFailed(await desk.signIn(desk.browser(), { ...HEIR, subject: "another" }), "account_not_linked");
  });
});
