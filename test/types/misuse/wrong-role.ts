import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import * as v from "valibot";

const schema = v.object({ role: v.picklist(["reader", "admin"]) });

createAuth({
  store: memory(),
  sessions: {
    // error TS2322: Type '() => { role: "boss"; }' is not assignable to type '(request: Request, user: PublicUser<NoInfer<User>>) => NoInfer<{ role: "admin" | "reader"; }>'.
    context: { schema, from: () => ({ role: "boss" }) },
  },
});
