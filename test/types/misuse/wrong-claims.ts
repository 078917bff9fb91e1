import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  accessToken: {
    // error TS2322: Type '(session: Session<JsonObject>) => { since: Date; }' is not assignable to type '(session: Session<JsonObject>, user: PublicUser<User>) => JsonObject'.
    claims: (session) => ({ since: new Date(session.createdAt * 1000) }),
  },
});
