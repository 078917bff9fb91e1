import { DatabaseSync } from "node:sqlite";
import { type AuthEvent, createAuth } from "@latchkey/core";
import { sqlite } from "@latchkey/sql/sqlite";
import { tallyOf } from "../../fixtures/tally.ts";
import { readInput, waitForAll } from "./input.ts";

// Presents one refresh cookie many times at once, at the same moment as its siblings; prints what came of it.
const { file, clock, cookie, requests } = readInput();
const events: AuthEvent[] = [];
const auth = createAuth({
  store: sqlite(new DatabaseSync(file)),
  onEvent: (event) => events.push(event),
  env: { clock: () => clock },
});
await auth.keys.jwks();
await waitForAll();

const request = (): Request =>
  new Request("http://localhost:3000/auth/refresh", { method: "POST", headers: { cookie } });
const responses = await Promise.all(Array.from({ length: requests }, () => auth.handle(request())));
console.log(JSON.stringify(tallyOf(responses, events)));
