import type { Store } from "@latchkey/core/store";
import { vi } from "vitest";
import { collectSecrets, type Secrets } from "../fixtures/secrets.ts";
import { ANN, BOB, openServer, SECRET } from "../fixtures/server.ts";

const NEW_PASSWORD = "an altogether new one";
const WRONG = "nearly the right one";
const ROUNDS = 20;

/** Keeps a store busy in every way, and returns every secret that was made on the way. */
export async function busyRun(store: Store): Promise<Secrets> {
  const secrets = collectSecrets();
  secrets.add(ANN.password, BOB.password, NEW_PASSWORD, WRONG, SECRET);
  hearKeys(secrets);
  const server = openServer({
    store,
    secret: SECRET,
    rateLimit: {},
    clientAddress: () => "192.0.2.1",
  });
  const { auth, clock } = server;
  const keep = async (answer: Promise<Response>): Promise<Response> => {
    const response = await answer;
    await secrets.addAnswer(response);
    return response;
  };
  const [ann, bob] = [server.browser(), server.browser()];
  await keep(ann.post("/auth/signup", ANN));
  await keep(bob.post("/auth/signup", { ...BOB, transport: "bearer" }));
  for (let n = 0; n < ROUNDS; n++) {
    await keep(ann.post("/auth/refresh"));
    await keep(server.browser().post("/auth/login", n % 2 === 0 ? ANN : { ...ANN, password: WRONG }));
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
  await keep(server.browser().post("/auth/login", { ...ANN, password: NEW_PASSWORD }));
  return secrets;
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
