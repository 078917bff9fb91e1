import type { Path } from "./rounds.ts";
import { baselinesOf, hitPath, missPath, openServers, validatorOf } from "./validation-paths.ts";

/** The paths that are measured on every runtime: the unit, bare jose, and a hit and a miss. */
export async function runtimePaths(): Promise<readonly Path[]> {
  const { auth, issue, validate } = openServers("EdDSA");
  const byKeys = await validatorOf({ auth, issue, validate });
  return [
    ...(await baselinesOf({ auth, issue, validate })),
    await hitPath("auth.validate", validate, issue),
    missPath("auth.validate, miss, EdDSA", validate, issue),
    await hitPath("validator.validate", byKeys, issue),
    missPath("validator.validate, miss, EdDSA", byKeys, issue),
  ];
}

/** The rows of the costs of these paths, as ratios to the unit and to bare jose. */
export function runtimeRows(
  names: readonly string[],
  costs: readonly number[],
): readonly (readonly [name: string, hmac: number, jose: number | null])[] {
  const costOf = (name: string): number => costs[names.indexOf(name)] ?? Number.NaN;
  return names.map((name) => {
    const jose = name.includes("validate") ? costOf(name) / costOf("bare jose, EdDSA") : null;
    return [name, costOf(name) / costOf("one HMAC"), jose];
  });
}
