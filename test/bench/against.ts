import { fileURLToPath } from "node:url";
import { pathsOf } from "./paths.ts";
import { measure, type Path } from "./rounds.ts";

const ROUNDS = 200;
const MOST_SLOWER = 1.1;

/** Measures this tree and the one in `folder` by turns in one run. Returns whether no path here is much slower than there. */
export async function compareTrees(folder: string): Promise<boolean> {
  const own = await pathsOf(fileURLToPath(new URL("../..", import.meta.url)));
  const others = await pathsOf(folder);
  const shared = own.flatMap((path) => {
    const other = others.find(({ name }) => name === path.name);
    return other === undefined ? [] : [[path, other] as const];
  });
  const [unit = Number.NaN, ...costs] = await measure([await verification(), ...shared.flat()], ROUNDS);
  console.log(`one Ed25519 verification: ${unit.toFixed(0)} us = 1.0`);
  const ratios = shared.map(([{ name }], index) => {
    const [here, there] = [(costs[2 * index] ?? 0) / unit, (costs[2 * index + 1] ?? 0) / unit];
    const ratio = here / there;
    console.log(`${name}: ${here.toFixed(2)}, the other tree ${there.toFixed(2)}, ratio ${ratio.toFixed(2)}`);
    return ratio;
  });
  return ratios.every((ratio) => ratio <= MOST_SLOWER);
}

async function verification(): Promise<Path> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const message = crypto.getRandomValues(new Uint8Array(500));
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, message);
  const run = (): Promise<boolean> => crypto.subtle.verify("Ed25519", pair.publicKey, signature, message);
  return { name: "one Ed25519 verification", run };
}
