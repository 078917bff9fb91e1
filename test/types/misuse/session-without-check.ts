import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

const auth = createAuth({ store: memory() });
const found = await auth.validate(new Request("https://app.example.com/"));

// error TS2339: Property 'session' does not exist on type 'Validation<JsonObject>'.
console.log(found.session.id);
