import { get } from "./requests.ts";
import { head, row } from "./table.ts";
import { openServers, refusedRequest } from "./validation-paths.ts";

const TOKENS = 5_000;
const REFUSED = 200_000;
const WARM_UP = 500;

/** Bytes of the heap that are still in use after a full collection. */
async function heldBytes(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return process.memoryUsage().heapUsed;
}

/** Bytes that a server holds for each token that it has verified. The texts of the tokens are there before. */
async function bytesOfEntry(): Promise<number> {
  const { issue, validate } = openServers("EdDSA");
  const cookies: string[] = [];
  while (cookies.length < WARM_UP + TOKENS) cookies.push(await issue());
  for (const cookie of cookies.slice(0, WARM_UP)) await validate(get(cookie));
  const before = await heldBytes();
  for (const cookie of cookies.slice(WARM_UP)) await validate(get(cookie));
  return ((await heldBytes()) - before) / TOKENS;
}

/** Megabytes that a server holds after many tokens with wrong signatures. */
async function megabytesOfRefused(): Promise<number> {
  const { issue, validate } = openServers("EdDSA");
  const cookie = await issue();
  const refuse = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++)
      if ((await validate(refusedRequest(cookie))).ok) throw new Error("a wrong token was accepted");
  };
  await refuse(WARM_UP);
  const before = await heldBytes();
  await refuse(REFUSED);
  return ((await heldBytes()) - before) / 1e6;
}

console.log(head("held after a collection", ["B", "MB"]));
console.log(row("bytes of an entry of the token cache", { B: await bytesOfEntry(), MB: null }));
console.log(row("memory of 200,000 refused tokens", { B: null, MB: await megabytesOfRefused() }));
