import { DatabaseSync } from "node:sqlite";
import { createAuth } from "@latchkey/core";
import { password, scryptHasher } from "@latchkey/core/password";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import type { Question } from "../server-process.ts";
import { readInput } from "./input.ts";

// Serves requests that come as messages, on the clock that they bring, until it is killed.
let clock = readInput().clock;
const tell = (message: object): unknown => process.send?.(message);
const store = sqlite(new DatabaseSync(readInput().file));
await migrate(store);
const auth = createAuth({
  store,
  providers: [password({ hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) })],
  env: { clock: () => clock },
  rateLimit: false,
  onEvent: (event) => tell({ kind: "event", event }),
});

process.on("message", async (question: Question) => {
  clock = question.clock;
  const { url, method, headers, body } = question;
  const content = body === "" ? {} : { body };
  const response = await auth.handle(new Request(url, { method, headers: [...headers], ...content }));
  const { status } = response;
  tell({
    kind: "answer",
    id: question.id,
    status,
    headers: [...response.headers],
    body: await response.text(),
  });
});
process.on("disconnect", () => process.exit());
tell({ kind: "ready" });
