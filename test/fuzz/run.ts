import { compare } from "./differential.ts";

const MINUTES = Number(process.argv[2] ?? 5);
const BATCH = 20_000;
const end = Date.now() + MINUTES * 60_000;
let cases = 0;

while (Date.now() < end) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { findings, ...counts } = await compare(seed, BATCH);
  cases += BATCH;
  console.log(JSON.stringify({ seed, ...counts }));
  for (const finding of findings) console.error(`LATCHKEY_SEED=${seed}: ${finding}`);
  if (findings.length > 0) process.exitCode = 1;
}
console.log(`${cases} cases in ${MINUTES} minutes`);
