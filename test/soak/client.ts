import type { Browser } from "../fixtures/browser.ts";
import { NO_ANSWER } from "./cluster.ts";
import { errorOf, type Tally } from "./tally.ts";

/** An honest user with two devices. */
export interface Client {
  readonly user: { readonly email: string; readonly password: string };
  readonly devices: readonly Browser[];
  /** Devices whose session may be over, because an end of it was asked for. */
  readonly uncertain: Set<Browser>;
}

/** Sends a request until a server lives long enough to answer it. */
async function insist(tally: Tally, send: () => Promise<Response>): Promise<Response> {
  for (;;) {
    try {
      const answer = await send();
      tally.answered(answer.status, await errorOf(answer.clone()));
      return answer;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== NO_ANSWER) throw error;
      tally.count("unanswered");
    }
  }
}

export async function signIn(client: Client, device: Browser, tally: Tally): Promise<void> {
  client.uncertain.add(device);
  const answer = await insist(tally, () => device.post("/auth/login", client.user));
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}`);
  client.uncertain.delete(device);
}

/** One thing that a user does. */
export async function act(client: Client, random: () => number, tally: Tally): Promise<void> {
  const device = client.devices[Math.floor(random() * client.devices.length)];
  if (device === undefined) return;
  const chance = random();
  if (chance < 0.45) await visit(client, device, tally);
  else if (chance < 0.85) await storm(client, device, tally);
  else if (chance < 0.9) await signOut(client, device, tally);
  else if (chance < 0.95) await signOutOthers(client, device, tally);
  else await signIn(client, device, tally);
}

async function visit(client: Client, device: Browser, tally: Tally): Promise<void> {
  const answer = await insist(tally, () => device.get("/auth/me"));
  tally.count("validate");
  await stillSignedIn(client, device, answer, tally);
}

/** Several tabs refresh at once, with one cookie. */
async function storm(client: Client, device: Browser, tally: Tally): Promise<void> {
  const before = device.cookie("refresh");
  const tabs = [0, 1, 2].map(() => insist(tally, () => device.post("/auth/refresh")));
  const answers = await Promise.all(tabs);
  tally.count("refresh", answers.length);
  const issued = answers.flatMap((answer) =>
    answer.headers.getSetCookie().filter((line) => /refresh.*=lkr_/.test(line)),
  );
  if (new Set(issued).size > 1) tally.count("double");
  if (device.cookie("refresh") !== before) tally.count("rotated");
  for (const answer of answers) await stillSignedIn(client, device, answer, tally);
}

async function signOut(client: Client, device: Browser, tally: Tally): Promise<void> {
  client.uncertain.add(device);
  await insist(tally, () => device.post("/auth/logout"));
  tally.count("logout");
  await signIn(client, device, tally);
}

async function signOutOthers(client: Client, device: Browser, tally: Tally): Promise<void> {
  for (const other of client.devices) if (other !== device) client.uncertain.add(other);
  const answer = await insist(tally, () => device.post("/auth/logout", { scope: "others" }));
  tally.count("remote");
  await stillSignedIn(client, device, answer, tally);
  for (const other of client.devices) if (other !== device) await signIn(client, other, tally);
}

/** An honest device is signed out only where an end of its session was asked for. */
async function stillSignedIn(client: Client, device: Browser, answer: Response, tally: Tally): Promise<void> {
  if (answer.ok || answer.status === 503) return;
  if (!client.uncertain.has(device)) tally.signedOut(await errorOf(answer));
  await signIn(client, device, tally);
}
