import { durableObjects, type ObjectNamespace, SessionObject } from "@latchkey/cloudflare";
import { createAuth } from "@latchkey/core";
import { password, scryptHasher } from "@latchkey/core/password";

// The harness declares one binding more than this Worker needs.
export { SessionObject, SessionObject as FragileObject };

interface Env {
  readonly SESSIONS: ObjectNamespace;
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: (request, env) =>
    createAuth({
      store: durableObjects(env.SESSIONS),
      providers: [password({ hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) })],
      baseURL: "https://app.example.com",
      secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
    }).handle(request),
};
export default worker;
