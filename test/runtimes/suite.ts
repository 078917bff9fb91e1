import type { Case, Result, Runtime } from "./case.ts";
import { accounts } from "./cases/accounts.ts";
import { defences } from "./cases/defences.ts";
import { hashers } from "./cases/hashers.ts";
import { oauth } from "./cases/oauth.ts";
import { sessions } from "./cases/sessions.ts";
import { tokens } from "./cases/tokens.ts";
import { transports } from "./cases/transports.ts";

/** What must hold on every runtime. A case that a runtime cannot do fails there: none is left out. */
export const suite: readonly Case[] = [
  ...accounts,
  ...sessions,
  ...tokens,
  ...transports,
  ...defences,
  ...oauth,
  ...hashers,
];

/** Runs the suite, one case after the other. */
export async function runSuite(runtime: Runtime): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const { name, run } of suite) {
    const begun = performance.now();
    const error = await run(runtime).then(
      () => null,
      (fault: unknown) => (fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)),
    );
    results.push({ name, error, took: performance.now() - begun });
  }
  return results;
}
