import type { MailMessage, Store, Transport } from "@latchkey/core";
import { expect } from "vitest";
import type { Browser } from "../fixtures/browser.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import {
  linkAt,
  openStubServer,
  type StubServer,
  type StubServerOptions,
  signInAt,
} from "../fixtures/oauth-server.ts";
import {
  ANN_THERE,
  type Person,
  type StubProvider,
  stubProvider,
} from "../fixtures/providers/stub-provider.ts";
import { ANN, countOf } from "../fixtures/server.ts";
import { modes } from "./session.ts";

// The attacks of Sudhodanan and Paverd, "Pre-hijacked accounts" (USENIX Security 2022): the attacker makes an account with the
// victim's address before the victim does, and keeps a way in that survives the victim's recovery of it.

/** What the attacker chose. */
export const TROJAN: typeof ANN = { email: ANN.email, password: "chosen by the attacker" };
/** What the victim chooses in the reset. */
export const CHOSEN = "chosen by the victim";
/** The account of the attacker at a provider, under an address of their own. */
export const ATTACKER: Person = { subject: "attacker", email: "eve@example.com", emailVerified: true };

type Prove = (scene: Scene, id: string) => Promise<boolean>;

/** How often the victim asks for another message. An attacker that changes the credentials in between voids the token of one. */
const TRIES = 5;

/** The victim asks for a message, and redeems its token in a browser without cookies. */
function tokenOf(message: MailMessage | undefined): string {
  const url = message !== undefined && "url" in message ? message.url : null;
  return url === null ? "" : (new URL(url).searchParams.get("token") ?? "");
}

async function proveByRoute(
  { auth, browser, inbox }: Scene,
  paths: { readonly request: string; readonly redeem: string },
  type: "verify" | "reset",
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const victim = browser();
    if (!(await victim.post(paths.request, { email: ANN.email })).ok) return false;
    // An address that is proved already gets no message.
    const token = tokenOf((await inbox.messages()).findLast((message) => message.type === type));
    if ((await victim.post(paths.redeem, { token, newPassword: CHOSEN })).ok) return true;
  }
  return (await auth.users.find(ANN))?.emailVerified === true;
}

/** The ways in which the victim, or support for them, proves the mailbox. */
export const PROOFS: Readonly<Record<string, Prove>> = {
  confirmEmail: ({ auth }, id) => auth.users.confirmEmail(id),
  "setPassword with provesEmail": ({ auth }, id) => auth.users.setPassword(id, CHOSEN, { provesEmail: true }),
  "POST /email/verify": (scene) =>
    proveByRoute(scene, { request: "/auth/email/verify/request", redeem: "/auth/email/verify" }, "verify"),
  "POST /password/reset": (scene) =>
    proveByRoute(scene, { request: "/auth/password/forgot", redeem: "/auth/password/reset" }, "reset"),
};

/** The victim signs in by a message in a browser without cookies, and signs out. */
async function proveBySignIn(
  { browser, inbox }: Scene,
  path: "link" | "code",
  bodyOf: (inbox: Inbox) => Promise<object>,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const victim = browser();
    await victim.post(`/auth/${path}`, { email: ANN.email });
    if (!(await victim.post(`/auth/${path}/confirm`, await bodyOf(inbox))).ok) continue;
    return (await victim.post("/auth/logout")).ok;
  }
  return false;
}

/** The proofs that also sign the victim in. */
const SIGN_INS: Readonly<Record<string, Prove>> = {
  "POST /link/confirm": (scene) =>
    proveBySignIn(scene, "link", async (inbox) => ({ token: await inbox.token("magic_link") })),
  "POST /code/confirm": (scene) =>
    proveBySignIn(scene, "code", async (inbox) => {
      const message = (await inbox.messages()).findLast(({ type }) => type === "code");
      return { email: ANN.email, code: message?.type === "code" ? message.code : "" };
    }),
};

/** The proofs in which the victim chooses a password. */
export const CHOOSING: ReadonlySet<string> = new Set([
  "setPassword with provesEmail",
  "POST /password/reset",
]);

/** Each proof by each transport of the attacker. */
export const CASES: readonly { readonly title: string; readonly mode: Transport; readonly prove: Prove }[] =
  Object.entries({ ...PROOFS, ...SIGN_INS }).flatMap(([title, prove]) =>
    modes.map((mode) => ({ title, mode, prove })),
  );

/** A server with two providers, whose validation asks the store whether a session has ended. It sends messages to the victim. */
export interface Scene extends StubServer {
  readonly other: StubProvider;
  readonly inbox: Inbox;
}

export function openScene(store: Store, options: Partial<StubServerOptions> = {}): Scene {
  const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
  const trustedOrigins = ["com.example.app://"];
  const inbox = openInbox();
  const server = openStubServer({
    store,
    revocation: "store",
    trustedOrigins,
    stubs,
    signsInByMail: true,
    mail: inbox.mail,
    ...options,
  });
  return { ...server, other: stubs[1], inbox };
}

/** What the attacker holds. */
export interface Trojan {
  readonly id: string;
  readonly browser: Browser;
  /** The tokens of bearer transport; null for cookies. */
  readonly tokens: { readonly access: string; readonly refresh: string } | null;
}

/** The attacker signs up with the address of the victim. */
export async function plant(server: StubServer, mode: Transport): Promise<Trojan> {
  const browser = server.browser();
  const answer = await (await browser.post("/auth/signup", { ...TROJAN, transport: mode })).json();
  const tokens = mode === "cookie" ? null : { access: answer.access_token, refresh: answer.refresh_token };
  return { id: answer.user.id, browser, tokens };
}

/** Whether what the attacker holds of a session still works, read and refreshed. */
export async function isIn({
  browser,
  tokens,
}: Trojan): Promise<{ readonly byAccess: boolean; readonly byRefresh: boolean }> {
  const headers = tokens === null ? {} : { authorization: `Bearer ${tokens.access}` };
  const me = await browser.get("/auth/me", headers);
  const body = tokens === null ? undefined : { refresh_token: tokens.refresh };
  const refreshed = await browser.post("/auth/refresh", body);
  return { byAccess: me.ok, byRefresh: refreshed.ok };
}

/** Signs in with a password, and returns whether it is right. */
export async function knows(server: StubServer, password: string, mode: Transport): Promise<boolean> {
  const answer = await server.browser().post("/auth/login", { ...TROJAN, password, transport: mode });
  return answer.ok;
}

/** Links an account of the attacker, which takes a browser's session. */
export async function plantLink(scene: Scene, person: Person = ATTACKER): Promise<void> {
  const browser = scene.browser();
  await browser.post("/auth/login", TROJAN);
  expectSentTo(await linkAt(scene.other, browser, person), "/settings");
}

/** Asserts that nothing of the attacker is left, and that the user is the victim's. */
export async function expectClean(scene: Scene, trojan: Trojan, mode: Transport): Promise<void> {
  const { auth } = scene;
  expect(await isIn(trojan)).toEqual({ byAccess: false, byRefresh: false });
  expect(await knows(scene, TROJAN.password, mode)).toBe(false);
  expect(await auth.users.accounts(trojan.id)).toEqual([]);
  expect(await auth.users.get(trojan.id)).toMatchObject({ email: ANN.email, emailVerified: true });
  const attacker = scene.browser();
  await signInAt(scene.other, attacker, ATTACKER);
  expect(await whoIs(attacker)).not.toBe(trojan.id);
  const victim = scene.browser();
  expectSentTo(await scene.signIn(victim, ANN_THERE), "/welcome");
  expect(await whoIs(victim)).toBe(trojan.id);
  expect(countOf(scene, "internal_error")).toBe(0);
}
