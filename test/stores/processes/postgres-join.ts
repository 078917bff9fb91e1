import { rotationOutcome } from "@latchkey/core/store";
import { migrate, postgres } from "@latchkey/sql/postgres";
import pg from "pg";
import { agreedStart } from "../../fixtures/run-together.ts";
import { digestOf, rotationOf, START } from "../sessions.ts";

// Migrates at the agreed time, then rotates one token after the other, each at the same moment as its siblings.
const SLOT = 10;
const [url = "", schema = "", name = "", count = "0"] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
const store = postgres(pool, { clock: "caller" });
const at = (moment: number) => new Promise((resolve) => setTimeout(resolve, moment - Date.now()));

const start = await agreedStart();
await at(start);
await migrate(store);

const outcomes: string[] = [];
for (let n = 0; n < Number(count); n++) {
  await at(start + 200 + n * SLOT);
  const rotation = rotationOf(`session ${n}`, 0, START, digestOf(`${name} ${n}`));
  const after = await store.sessions.rotate(rotation);
  outcomes.push(after === null ? "refused" : rotationOutcome(after.row, rotation.token, rotation.next));
}
console.log(JSON.stringify(outcomes));
await pool.end();
