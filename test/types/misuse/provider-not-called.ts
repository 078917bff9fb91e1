import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";

createAuth({
  store: memory(),
  // error TS2322: Type '(options?: PasswordOptions | undefined) => PasswordProvider' is not assignable to type 'Provider'.
  providers: [password],
});
