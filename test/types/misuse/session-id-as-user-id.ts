import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

const auth = createAuth({ store: memory() });
const found = await auth.validate(new Request("https://app.example.com/"));

if (found.ok) {
  // error TS2345: Argument of type 'SessionId' is not assignable to parameter of type 'UserId'.
  await auth.sessions.list(found.session.id);
  // error TS2345: Argument of type 'UserId' is not assignable to parameter of type 'SessionId'.
  await auth.sessions.revoke(found.userId);
}
