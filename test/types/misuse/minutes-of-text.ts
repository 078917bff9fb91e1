import { createAuth, minutes } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  // error TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.
  accessToken: { lifetime: minutes("5") },
});
