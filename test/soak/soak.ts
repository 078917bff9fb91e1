import { setTimeout as wait } from "node:timers/promises";
import { openBrowser } from "../fixtures/browser.ts";
import type { Backend } from "./backend.ts";
import { act, type Client, signIn } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { newTally, type Tally } from "./tally.ts";

const SERVERS = 4;
const CLIENTS = 10;

export interface SoakOptions extends Backend {
  readonly seconds: number;
  /** A server is killed this often, in seconds. */
  readonly killEvery: number;
  /** How long a client waits between two things that it does, in milliseconds, at most. */
  readonly pause: number;
}

/** Loads several servers over one store while they are killed and restarted, and counts what honest users suffer. */
export async function soak(options: SoakOptions): Promise<ReadonlyMap<string, number>> {
  const cluster = await startCluster(options, SERVERS);
  const tally = newTally();
  try {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => join(cluster, tally, n)));
    await underLoad(options, cluster, clients, tally);
    await everybodyIsThere(clients, tally);
    const alarms = cluster.events.filter(({ type }) => /reuse_detected|rolled_back/.test(type));
    tally.count("alarms", alarms.length);
    tally.count("kills", cluster.kills());
    tally.count("key rotations", cluster.events.filter(({ type }) => type === "key.rotated").length);
    return tally.counts;
  } finally {
    await cluster.stop();
  }
}

async function join(cluster: Cluster, tally: Tally, index: number): Promise<Client> {
  const user = { email: `user-${index}@example.com`, password: "correct horse battery" };
  const clock = { now: () => Date.now(), advance: () => undefined };
  const devices = [0, 1].map(() => openBrowser({ server: cluster, clock }));
  const client = { user, devices, uncertain: new Set<(typeof devices)[number]>() };
  const [first] = devices;
  const answer = await first?.post("/auth/signup", user);
  if (answer?.status !== 201) throw new Error(`sign-up answered ${answer?.status}`);
  for (const device of devices) await signIn(client, device, tally);
  return client;
}

async function underLoad(
  { seconds, killEvery, pause }: SoakOptions,
  cluster: Cluster,
  clients: readonly Client[],
  tally: Tally,
): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  const busy = clients.map(async (client) => {
    while (Date.now() < end) {
      await act(client, Math.random, tally);
      await wait(Math.random() * pause);
    }
  });
  const killing = every(killEvery * 1_000, end, () => cluster.killOne());
  const rotating = every(3_000, end, async () => {
    await cluster
      .handle(new Request("http://localhost:3000/rotate-keys", { method: "POST" }))
      .catch(() => null);
  });
  await Promise.all([...busy, killing, rotating]);
}

async function every(period: number, end: number, work: () => Promise<unknown>): Promise<void> {
  while (Date.now() + period < end) {
    await wait(period);
    await work();
  }
}

/** At the end every device is still in the list of its user's devices. */
async function everybodyIsThere(clients: readonly Client[], tally: Tally): Promise<void> {
  for (const { devices } of clients) {
    for (const device of devices) {
      const answer = await device.get("/auth/me");
      if (!answer.ok) tally.count("lost");
    }
  }
}
