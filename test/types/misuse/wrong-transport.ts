import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

const auth = createAuth({ store: memory() });

await auth.sessions.create("ann", {
  // error TS2820: Type '"cookies"' is not assignable to type 'Transport | undefined'. Did you mean '"cookie"'?
  transport: "cookies",
});
