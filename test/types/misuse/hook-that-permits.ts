import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  hooks: {
    // error TS2322: Type '({ user }: SigningIn<NoInfer<JsonObject>, NoInfer<User>>) => boolean' is not assignable to type '(event: SigningIn<NoInfer<JsonObject>, NoInfer<User>>) => Promise<...> | HookAnswer<...>'.
    signedIn: ({ user }) => user.emailVerified,
  },
});
