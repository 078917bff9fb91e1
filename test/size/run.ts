import { budgets } from "./budgets.ts";
import { weigh } from "./measure.ts";

const SLACK = 1.05;

for (const budget of budgets) {
  const { bytes, whole, forbidden } = await weigh(budget);
  const limit = budget.limit ?? Number.POSITIVE_INFINITY;
  const isOver =
    bytes > budget.bytes * SLACK || whole > (budget.whole ?? budget.bytes) * SLACK || bytes > limit;
  if (isOver || forbidden.length > 0) process.exitCode = 1;
  const later = budget.whole === undefined ? "" : `; ${told(whole, budget.whole)} with what is loaded later`;
  console.log(`${isOver ? "OVER " : ""}${budget.name}: ${told(bytes, budget.bytes)}${later}`);
  for (const path of forbidden) console.log(`  must not be in it: ${path}`);
}

/** A weight, and in brackets the one that is expected. */
function told(bytes: number, expected: number): string {
  return `${kilobytes(bytes)} kB (${kilobytes(expected)})`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(1);
}
