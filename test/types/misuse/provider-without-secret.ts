import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { github } from "@latchkey/core/oauth";

createAuth({
  store: memory(),
  // error TS2741: Property 'clientSecret' is missing in type '{ clientId: string; }' but required in type 'ConfidentialOptions'.
  providers: [github({ clientId: "id" })],
});
