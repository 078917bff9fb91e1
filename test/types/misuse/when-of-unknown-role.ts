import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { requireSession } from "@latchkey/hono";
import * as v from "valibot";

const schema = v.object({ role: v.picklist(["reader", "admin"]) });
const auth = createAuth({ store: memory(), sessions: { context: { schema } } });

requireSession({
  auth,
  // error TS2367: This comparison appears to be unintentional because the types '"admin" | "reader"' and '"boss"' have no overlap.
  when: ({ context }) => context.role === "boss",
});
