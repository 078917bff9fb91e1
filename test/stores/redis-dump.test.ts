import { redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { collectSecrets, type Secrets } from "../must-hold/secrets.ts";
import { ANN, BOB, makeWorld, SECRET } from "../rows/world.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

const prefix = `latchkey-dump-${process.pid}:`;
const NEW_PASSWORD = "an altogether new one";
const WRONG = "nearly the right one";
const ROUNDS = 20;

describeRedis("the keys of Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: RedisClientType;

  beforeAll(async () => {
    server = await startRedis(prefix);
    client = createClient({ url: server.url });
    await client.connect();
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    await client.close();
    await server.stop();
  });

  test("hold no token, no password and no private key after a busy run", async () => {
    const secrets = collectSecrets();
    secrets.add(ANN.password, BOB.password, NEW_PASSWORD, WRONG, SECRET);
    hearKeys(secrets);
    const world = makeWorld({
      store: redis(client, { clock: "caller", prefix }),
      secret: SECRET,
      rateLimit: {},
      clientAddress: () => "192.0.2.1",
    });
    const { auth, clock, store } = world;
    const keep = async (answer: Promise<Response>): Promise<Response> => {
      const response = await answer;
      await secrets.addAnswer(response);
      return response;
    };
    const [ann, bob] = [world.browser(), world.browser()];
    await keep(ann.post("/auth/signup", ANN));
    await keep(bob.post("/auth/signup", { ...BOB, transport: "bearer" }));
    for (let n = 0; n < ROUNDS; n++) {
      await keep(ann.post("/auth/refresh"));
      await keep(world.browser().post("/auth/login", n % 2 === 0 ? ANN : { ...ANN, password: WRONG }));
      clock.advance(61);
    }
    const thief = ann.copy();
    for (const browser of [ann, ann, thief]) {
      await keep(browser.post("/auth/refresh"));
      clock.advance(61);
    }
    await auth.keys.rotate();
    const id = String((await auth.users.find(ANN))?.id);
    await auth.users.setPassword(id, NEW_PASSWORD);
    await store.users.link(id, { provider: "github", subject: "1001" });
    await keep(world.browser().post("/auth/login", { ...ANN, password: NEW_PASSWORD }));

    const text = await dump(client);
    for (const kind of [
      "session:",
      "sessions:",
      "user:",
      "links:",
      "email:",
      "account:",
      "attempts:",
      "keys",
    ]) {
      expect(text, `${kind} must be there`).toContain(kind);
    }
    expect(text).toContain(ANN.email);
    expect(text).toContain("privateKey");
    expect(secrets.size()).toBeGreaterThan(500);
    expect(secrets.foundIn(text)).toEqual([]);
    expect(secrets.rawIn(Buffer.from(text))).toBe(0);
  });
});

/** Every key with everything in it, in text. */
async function dump(client: RedisClientType): Promise<string> {
  const lines: string[] = [];
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
    for (const key of keys) {
      const type = await client.type(key);
      const readers: Readonly<Record<string, () => Promise<unknown>>> = {
        hash: () => client.hGetAll(key),
        zset: () => client.zRangeWithScores(key, 0, -1),
        string: () => client.get(key),
      };
      const read = readers[type];
      if (read === undefined) throw new Error(`a key of type ${type}`);
      const value = await read();
      const members = typeof value === "object" && value !== null ? Object.entries(value).flat() : [value];
      lines.push(
        key,
        ...members.map((member) => (typeof member === "string" ? member : JSON.stringify(member))),
      );
    }
  }
  return lines.join("\n");
}

/** Hears every private key that is exported to be kept. */
function hearKeys(secrets: Secrets): void {
  const exportKey = crypto.subtle.exportKey.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, "exportKey").mockImplementation(async (format: string, key: CryptoKey) => {
    const exported = await exportKey(format === "jwk" ? "jwk" : "raw", key);
    if (!(exported instanceof ArrayBuffer) && exported.d !== undefined) {
      secrets.add(exported.d);
      secrets.addBytes(Buffer.from(exported.d, "base64url"));
    }
    return exported as JsonWebKey & ArrayBuffer;
  });
}
