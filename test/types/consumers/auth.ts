import { createAuth, days, minutes } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { github } from "@latchkey/core/oauth";
import { password } from "@latchkey/core/password";
import * as v from "valibot";

export const contextSchema = v.object({
  tenant: v.string(),
  role: v.picklist(["reader", "admin"]),
  tags: v.optional(v.array(v.string())),
});

export const auth = createAuth({
  store: memory(),
  providers: [password({ minLength: 15 }), github({ clientId: "id", clientSecret: "secret" })],
  accessToken: { lifetime: minutes(15), claims: ({ context }) => ({ tenant: context.tenant }) },
  refreshToken: { lifetime: days(14), maxLifetime: null, lease: 60 },
  sessions: { context: { schema: contextSchema, from: () => ({ tenant: "acme", role: "reader" }) } },
});
