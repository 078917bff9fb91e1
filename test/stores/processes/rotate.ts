import { DatabaseSync } from "node:sqlite";
import { rotationOutcome } from "@latchkey/core/store";
import { sqlite } from "@latchkey/sql/sqlite";
import { agreedStart } from "../../fixtures/run-together.ts";
import { digestOf, rotationOf, START } from "../sessions.ts";

// Rotates one token after the other, each at the same moment as its siblings; prints what it got.
const SLOT = 5;
const [file = "", name = "", count = "0"] = process.argv.slice(2);
const { sessions } = sqlite(new DatabaseSync(file));
const pause = new Int32Array(new SharedArrayBuffer(4));

const start = await agreedStart();
const outcomes: string[] = [];
for (let n = 0; n < Number(count); n++) {
  Atomics.wait(pause, 0, 0, Math.max(0, start + n * SLOT - Date.now()));
  const rotation = rotationOf(`session ${n}`, 0, START, digestOf(`${name} ${n}`));
  const after = await sessions.rotate(rotation);
  outcomes.push(after === null ? "refused" : rotationOutcome(after.row, rotation.token, rotation.next));
}
console.log(JSON.stringify(outcomes));
