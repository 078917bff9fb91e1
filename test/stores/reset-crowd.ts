import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { openInbox } from "../fixtures/inbox.ts";
import { ANN, openServer } from "../fixtures/server.ts";

// Runs in workerd too, so nothing here is of Node or of a test runner.
const REDEEMS = 50;
const REQUESTS = 200;

/** The outcome of many requests at once: the number of each answer, and the state after them. */
export type ResetResult = Readonly<Record<string, unknown>>;

export type ResetCrowd = "50 redeems" | "50 redeems of a first proof" | "200 requests";

/** Resets, and requests for them, at once. */
export const resetCrowds: Readonly<Record<ResetCrowd, (store: Store) => Promise<ResetResult>>> = {
  "50 redeems": (store) => redeem(store, true),
  "50 redeems of a first proof": (store) => redeem(store, false),
  "200 requests": async (store) => {
    const { auth, inbox, post } = open(store, true);
    await auth.users.create(ANN);
    const request = (email: string): Promise<Readonly<Record<string, number>>> =>
      countsOf(Array.from({ length: REQUESTS }, () => post("/auth/password/forgot", { email })));
    const known = await request(ANN.email);
    const unknown = await request("unknown@example.com");
    return { known, unknown, messages: (await inbox.messages()).map(({ type, to }) => `${type} ${to}`) };
  },
};

async function redeem(store: Store, emailVerified: boolean): Promise<ResetResult> {
  const { auth, inbox, post } = open(store, false);
  const { id } = await auth.users.create({ ...ANN, emailVerified });
  await auth.sessions.create(id);
  await post("/auth/password/forgot", { email: ANN.email });
  const token = await inbox.token("reset");
  const secrets = Array.from({ length: REDEEMS }, (_, n) => `the new password ${n}`);
  const answers = secrets.map((newPassword) => post("/auth/password/reset", { token, newPassword }));
  const counts = await countsOf(answers);
  const sessions = (await auth.sessions.list(id)).length;
  const entered: Promise<Response>[] = [];
  for (const secret of secrets) entered.push(post("/auth/login", { ...ANN, password: secret }));
  const passwords = (await Promise.all(entered)).filter(({ ok }) => ok).length;
  return { counts, sessions, passwords, messages: (await inbox.messages()).map(({ type }) => type) };
}

function open(store: Store, limited: boolean) {
  const inbox = openInbox();
  const server = openServer({
    store,
    mail: inbox.mail,
    providers: [password({ hasher: countingHasher().hasher })],
    // A crowd takes its time on a busy machine.
    storeTimeout: 120,
    rateLimit: limited ? {} : false,
  });
  const post = (path: string, body: unknown): Promise<Response> =>
    server.send(path, { method: "POST", body });
  return { auth: server.auth, inbox, post };
}

/** How many of the answers have each status and code. */
async function countsOf(answers: readonly Promise<Response>[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const answer of await Promise.all(answers)) {
    const { error } = { error: "", ...(await answer.json()) };
    const key = `${answer.status} ${error}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
