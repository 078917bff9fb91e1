import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  // error TS2322: Type 'string' is not assignable to type 'Seconds'.
  accessToken: { lifetime: "15m" },
});
