import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  hooks: {
    // error TS2322: Type '({ claims }: Validated<NoInfer<JsonObject>>) => Promise<false | undefined>' is not assignable to type '(event: Validated<NoInfer<JsonObject>>) => ValidatedAnswer<NoInfer<JsonObject>>'.
    validated: async ({ claims }) => (claims.sub === "banned" ? false : undefined),
  },
});
