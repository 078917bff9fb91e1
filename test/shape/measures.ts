import { fileURLToPath } from "node:url";
import { readRepository } from "../gates/repository.ts";
import type { Measure } from "./finding.ts";
import { runningMeasures } from "./running.ts";
import { staticMeasures } from "./static.ts";

/** Every measure of this repository. */
export async function measures(): Promise<readonly Measure[]> {
  const repository = readRepository(fileURLToPath(new URL("../..", import.meta.url)));
  return [...staticMeasures(repository), ...(await runningMeasures())];
}
