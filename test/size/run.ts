import { budgets } from "./budgets.ts";
import { weigh } from "./measure.ts";

const SLACK = 1.05;

for (const budget of budgets) {
  const { bytes, forbidden } = await weigh(budget);
  const most = Math.min(budget.bytes * SLACK, budget.limit ?? Number.POSITIVE_INFINITY);
  const isOver = bytes > most;
  if (isOver || forbidden.length > 0) process.exitCode = 1;
  const kilobytes = (bytes / 1_000).toFixed(1);
  console.log(
    `${isOver ? "OVER " : ""}${budget.name}: ${kilobytes} kB (${(budget.bytes / 1_000).toFixed(1)})`,
  );
  for (const path of forbidden) console.log(`  must not be in it: ${path}`);
}
