import { createAuth } from "@latchkey/core";
import { password } from "@latchkey/core/password";

// error TS2741: Property 'store' is missing in type '{ providers: PasswordProvider[]; }' but required in type 'AuthOptions<JsonObject, User>'.
createAuth({
  providers: [password()],
});
