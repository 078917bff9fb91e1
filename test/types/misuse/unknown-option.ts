import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

createAuth({
  store: memory(),
  // error TS2561: Object literal may only specify known properties, but 'baseUrl' does not exist in type 'AuthOptions<JsonObject, User>'. Did you mean to write 'baseURL'?
  baseUrl: "https://app.example.com",
});
