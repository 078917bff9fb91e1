import { haveIBeenPwned, type PasswordHasher, pbkdf2Hasher, scryptHasher } from "@latchkey/core/password";
import { type Case, failureOf, holds, type Runtime, same } from "../case.ts";

const PASSWORD = "correct horse battery";
/** The SHA-1 digest of the password. */
const DIGEST = "98DECC62ECE399A22ED30D490EF333BE7FDE7385";
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

/** Where `node:crypto` can be had without an import, and with it native scrypt. */
const native: Readonly<Record<Runtime, boolean>> = { node: true, bun: true, deno: true, workerd: false };

/** Hashes of the password that were made on Node: every runtime must know them. */
const MADE_ON_NODE = {
  scrypt: "$scrypt$ln=15,r=8,p=3$C6Q4O29U7WWjNrWLomIb9g$Pxf4W/gaL70dWWxxk/+0w5H3ZgtyU81RNrRi/+PwgSE",
  pbkdf2: "$pbkdf2-sha256$i=100000$sxuVeR8qkFsHW4IZqjJDdA$XXgAOd/+5Nm0e0/xAoPhSqkSjt4hvhNj0g/rexJ0mJ4",
};

async function roundTrip(hasher: PasswordHasher): Promise<void> {
  const [one, two] = [await hasher.hash(PASSWORD, random), await hasher.hash(PASSWORD, random)];
  holds(one !== two, "each hash has its own salt");
  same(await hasher.verify(PASSWORD, one), true);
  same(await hasher.verify(`${PASSWORD}!`, one), false);
  same(await hasher.verify(PASSWORD, null), false);
  same(hasher.needsRehash(one), false);
}

async function derivesWith(iterations: number): Promise<void> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
  const salt = new Uint8Array(16);
  await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256);
}

export const hashers: readonly Case[] = [
  {
    name: "this is the runtime that it says it is",
    run: async (runtime) => {
      const named = { node: "Node.js/", bun: "Bun/", deno: "Deno/", workerd: "Cloudflare-Workers" };
      holds(navigator.userAgent.startsWith(named[runtime]), `${navigator.userAgent} is ${runtime}`);
      const host: { readonly process?: { getBuiltinModule?: (id: string) => unknown } } = globalThis;
      same(host.process?.getBuiltinModule?.("node:crypto") !== undefined, native[runtime], "node:crypto");
    },
  },
  { name: "scrypt by default, as the runtime has it", run: () => roundTrip(scryptHasher()) },
  {
    name: "scrypt without the runtime's help",
    run: () => roundTrip(scryptHasher({ native: null, cost: { ln: 12, r: 8, p: 1 } })),
  },
  {
    name: "a breached password is known by the digits of its SHA-1 digest",
    run: async () => {
      const urls: string[] = [];
      const fetch = async (url: unknown): Promise<Response> => {
        urls.push(String(url));
        return new Response(`${"0".repeat(35)}:0\r\n${DIGEST.slice(5)}:7`);
      };
      const env = { clock: () => Date.now(), random, fetch };
      same(await haveIBeenPwned().isBreached(PASSWORD, env), true);
      same(await haveIBeenPwned().isBreached(`${PASSWORD}!`, env), false);
      same(urls[0], `https://api.pwnedpasswords.com/range/${DIGEST.slice(0, 5)}`);
    },
  },
  { name: "PBKDF2 at its most rounds", run: () => roundTrip(pbkdf2Hasher()) },
  {
    name: "a hash from another runtime is known",
    run: async () => {
      for (const hasher of [scryptHasher(), scryptHasher({ native: null })]) {
        same(await hasher.verify(PASSWORD, MADE_ON_NODE.scrypt), true);
      }
      same(await pbkdf2Hasher().verify(PASSWORD, MADE_ON_NODE.pbkdf2), true);
    },
  },
  {
    name: "PBKDF2 above 100,000 rounds is a TypeError, and a stored hash of it is not run",
    run: async () => {
      same(await failureOf(() => pbkdf2Hasher({ rounds: 100_001 })), "TypeError");
      const stored = MADE_ON_NODE.pbkdf2.replace("i=100000", "i=100001");
      same(await pbkdf2Hasher().verify(PASSWORD, stored), false);
    },
  },
  {
    name: "the runtime itself runs 100,001 rounds, or rejects with NotSupportedError",
    run: async (runtime) => {
      await derivesWith(100_000);
      if (runtime === "workerd") same(await failureOf(() => derivesWith(100_001)), "NotSupportedError");
      else await derivesWith(100_001);
    },
  },
  {
    name: "scrypt beyond 64 MiB is a TypeError, and a stored hash of it is not run",
    run: async () => {
      same(await failureOf(() => scryptHasher({ cost: { ln: 20, r: 8, p: 1 } })), "TypeError");
      const stored = MADE_ON_NODE.scrypt.replace("ln=15", "ln=20");
      const cheap = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });
      same([await cheap.verify(PASSWORD, stored), cheap.needsRehash(stored)], [false, true]);
    },
  },
];
