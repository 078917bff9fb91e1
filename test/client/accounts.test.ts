import type { AuthClient, TokenStorage } from "@latchkey/client";
import { emailCode, magicLink, minutes } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import { describe, expect, it, vi } from "vitest";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { codeIn } from "../fixtures/mailed-server.ts";
import { ANN, cheapHasher } from "../fixtures/server.ts";
import { openSimulation, type Profile, type Simulation, type Tab } from "./simulation.ts";

const NEW = "another horse battery";

interface Mailed extends Simulation {
  readonly inbox: Inbox;
}

function openMailed(verifyEmail: "later" | "required" | false = false): Mailed {
  const inbox = openInbox();
  const providers = [password({ hasher: cheapHasher, verifyEmail }), magicLink(), emailCode()];
  return { ...openSimulation({ mail: inbox.mail, revocation: "store", providers }), inbox };
}

/** Two tabs of a profile in which Ann is signed in, both with a subscription. */
async function twoTabs(simulation: Simulation): Promise<{ profile: Profile; tab: Tab; other: Tab }> {
  const profile = simulation.profile();
  const [tab, other] = [profile.tab(), profile.tab()];
  for (const { client } of [tab, other]) client.session.subscribe(() => undefined);
  await simulation.whenIdle();
  const { ok } = await tab.client.signUp(ANN);
  if (!ok) await tab.client.signIn.password(ANN);
  await untilStatus(other, "signed-in");
  return { profile, tab, other };
}

const untilStatus = ({ client }: Tab, status: string): Promise<void> =>
  vi.waitFor(() => expect(client.session.get().status).toBe(status));
const idOf = ({ session }: AuthClient): string | undefined => session.get().session?.id;
const failedWith = (code: string): object => ({ ok: false, error: { code } });

describe("a change of the password", () => {
  it("keeps this profile signed in with a new session in every tab, and signs out other devices", async () => {
    const simulation = openMailed();
    const { tab, other } = await twoTabs(simulation);
    const device = simulation.profile().tab();
    await device.client.signIn.password(ANN);
    const before = idOf(tab.client);
    const input = { currentPassword: ANN.password, newPassword: NEW };
    expect(await tab.client.password.change(input)).toMatchObject({ ok: true, data: { user: {} } });
    expect(idOf(tab.client)).not.toBe(before);
    await vi.waitFor(() => expect(idOf(other.client)).toBe(idOf(tab.client)));
    expect((await tab.client.fetch("/auth/me")).status).toBe(200);
    expect(await device.client.refresh()).toMatchObject({ ok: false });
    expect(device.client.session.get()).toMatchObject({ status: "signed-out", reason: "session_revoked" });
  });

  it("with a wrong password is refused once, and everything stays", async () => {
    const simulation = openMailed();
    const { tab } = await twoTabs(simulation);
    const before = tab.client.session.get();
    simulation.sent.length = 0;
    const input = { currentPassword: "wrong horse battery", newPassword: NEW };
    expect(await tab.client.password.change(input)).toMatchObject(failedWith("invalid_credentials"));
    expect(simulation.sent).toEqual(["POST /password/change"]);
    expect(tab.client.session.get()).toEqual(before);
  });

  it("replaces the tokens of a client that keeps them", async () => {
    const simulation = openMailed();
    const shelf: TokenStorage & { value: string | null } = {
      value: null,
      read: () => shelf.value,
      write: (value) => {
        shelf.value = value;
      },
    };
    const client = simulation.holder({ storage: shelf });
    await client.signUp(ANN);
    const before = shelf.value;
    simulation.server.clock.advance(3_600);
    const input = { currentPassword: ANN.password, newPassword: NEW };
    expect(await client.password.change(input)).toMatchObject({ ok: true });
    expect(shelf.value).not.toBe(before);
    expect((await client.fetch("/auth/me")).status).toBe(200);
    expect(await client.account.delete()).toEqual({ ok: true, data: null });
    expect(shelf.value).toBeNull();
  });
});

it("a reset of the password signs this profile out, and does not sign it in", async () => {
  const simulation = openMailed();
  const { tab } = await twoTabs(simulation);
  expect(await tab.client.password.forgot({ email: ANN.email })).toEqual({ ok: true, data: null });
  const token = await simulation.inbox.token("reset");
  const weak = await tab.client.password.reset({ token, newPassword: "12345678" });
  expect(weak).toMatchObject(failedWith("weak_password"));
  expect(await tab.client.password.reset({ token, newPassword: NEW })).toEqual({ ok: true, data: null });
  expect(tab.client.session.get().status).toBe("signed-out");
  const again = await tab.client.password.reset({ token, newPassword: NEW });
  expect(again).toMatchObject(failedWith("mail_token_invalid"));
  expect((await tab.client.signIn.password({ email: ANN.email, password: NEW })).ok).toBe(true);
});

it("a change of the address shows the new one, and its undo signs this profile out", async () => {
  const simulation = openMailed("later");
  const { tab } = await twoTabs(simulation);
  const verified = await tab.client.email.verify({ token: await simulation.inbox.token("verify") });
  expect(verified).toEqual({ ok: true, data: { password: "kept" } });
  const email = "ann@new.example";
  expect(await tab.client.email.change({ email })).toEqual({ ok: true, data: null });
  expect(tab.client.session.get().user?.email).toBe(ANN.email);
  const token = await simulation.inbox.token("change");
  expect(await tab.client.email.confirmChange({ token })).toEqual({ ok: true, data: null });
  expect(tab.client.session.get().user?.email).toBe(email);
  const undo = await simulation.inbox.token("changed_notice");
  expect(await tab.client.email.undoChange({ token: undo })).toEqual({ ok: true, data: null });
  expect(tab.client.session.get().status).toBe("signed-out");
});

describe("a sign-in by a message", () => {
  it.each(["link", "code"] as const)("signs in here and in the other tabs: %s", async (way) => {
    const simulation = openMailed();
    const { tab, other } = await twoTabs(simulation);
    await tab.client.signOut();
    await untilStatus(other, "signed-out");
    await tab.client.signIn[way]({ email: ANN.email });
    const result =
      way === "link"
        ? await tab.client.signIn.confirmLink({ token: await simulation.inbox.token("magic_link") })
        : await tab.client.signIn.confirmCode({ email: ANN.email, code: await codeIn(simulation.inbox) });
    expect(result).toMatchObject({ ok: true, data: { user: { email: ANN.email } } });
    await untilStatus(other, "signed-in");
  });
});

describe("a sign-up that needs a verified address", () => {
  it("does not change the state, and the verification signs in, in every tab", async () => {
    const simulation = openMailed("required");
    const profile = simulation.profile();
    const [tab, other] = [profile.tab(), profile.tab()];
    for (const { client } of [tab, other]) client.session.subscribe(() => undefined);
    await simulation.whenIdle();
    const before = tab.client.session.get();
    expect(await tab.client.signUp(ANN)).toEqual({ ok: true, data: null });
    expect(tab.client.session.get()).toBe(before);
    const token = await simulation.inbox.token("verify");
    const verified = await tab.client.email.verify({ token });
    expect(verified).toMatchObject({ ok: true, data: { password: "kept", user: { email: ANN.email } } });
    await untilStatus(tab, "signed-in");
    await untilStatus(other, "signed-in");
  });
});

describe("a sign-in that is old", () => {
  it("is refused without a sign-out, and reauthenticate makes the deletion possible, which signs out every tab", async () => {
    const simulation = openMailed();
    const { tab, other } = await twoTabs(simulation);
    await simulation.pass(minutes(16));
    const refused = await tab.client.account.delete();
    expect(refused).toMatchObject(failedWith("insufficient_user_authentication"));
    expect(tab.client.session.get().status).toBe("signed-in");
    const wrong = await tab.client.reauthenticate({ password: "wrong horse battery" });
    expect(wrong).toMatchObject(failedWith("invalid_credentials"));
    expect((await tab.client.reauthenticate({ password: ANN.password })).ok).toBe(true);
    await vi.waitFor(() => expect(idOf(other.client)).toBe(idOf(tab.client)));
    expect(await tab.client.account.delete()).toEqual({ ok: true, data: null });
    expect(tab.client.session.get().status).toBe("signed-out");
    await untilStatus(other, "signed-out");
    expect(await simulation.server.auth.users.find({ email: ANN.email })).toBeNull();
  });
});
