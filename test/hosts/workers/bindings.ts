import {
  defineAuth,
  durableObjects,
  type ObjectNamespace,
  requestHost,
  SessionObject,
  type WaitingContext,
} from "@latchkey/cloudflare";
import { password, pbkdf2Hasher, scryptHasher } from "@latchkey/core/password";
import { createValidator } from "@latchkey/core/validator";

export { SessionObject };

interface Bindings {
  readonly SESSIONS: ObjectNamespace;
}

/** What a tenant's requests bring along. */
interface Env extends Bindings {
  readonly TENANT: string;
  readonly AUTH_SECRET: string;
}

/** How long the key ring and the key set take to come, in milliseconds. */
const SLOW = 300;
const counts = { made: 0, objectCalls: 0, messages: 0 };

const getAuth = defineAuth((env: Env) => {
  counts.made++;
  return {
    store: durableObjects(watched(env)),
    providers: [password({ hasher: pbkdf2Hasher({ concurrency: 1 }) })],
    baseURL: `https://${env.TENANT}.example.com`,
    secret: env.AUTH_SECRET,
    rateLimit: false,
    mail: {
      send: async () => {
        await pause(SLOW);
        counts.messages++;
      },
    },
    ...(env.TENANT === "quick" ? { revocation: { pollEvery: 1 } } : {}),
  };
});

// Two tenants in one isolate, and one whose secret is none.
const tenants = new Map<string, Env>();
function tenantOf({ SESSIONS }: Bindings, name: string): Env {
  const known = tenants.get(name);
  if (known !== undefined) return known;
  const secret = name === "careless" ? "changeme" : `${name}-ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9`;
  const env = { SESSIONS, TENANT: name, AUTH_SECRET: secret };
  tenants.set(name, env);
  return env;
}

let tenantOfKeys: Env | null = null;
const validator = createValidator({
  jwksUrl: "https://ann.example.com/auth/jwks",
  issuer: "https://ann.example.com",
  env: {
    fetch: async (input, init) => {
      await pause(SLOW);
      if (tenantOfKeys === null) throw new Error("no tenant yet");
      return getAuth(tenantOfKeys).handle(new Request(input, init));
    },
  },
});
const hasher = scryptHasher({ concurrency: 1 });

const worker: {
  fetch(request: Request, bindings: Bindings, context: WaitingContext): Promise<Response>;
} = {
  fetch: async (request, bindings, context) => {
    const { hostname, pathname } = new URL(request.url);
    if (pathname === "/counts") return Response.json(counts);
    const env = tenantOf(bindings, hostname.replace(".example.com", ""));
    try {
      const work = answer(request, env, context);
      if (!request.headers.has("x-leave")) return await work;
      // Return early, as for an aborted request: the runtime then stops the work that this request started.
      work.catch(() => undefined);
      await pause(SLOW / 3);
      return new Response("gone");
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 500 });
    }
  },
};
export default worker;

async function answer(request: Request, env: Env, context: WaitingContext): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/hash") {
    return Response.json(await hasher.hash("a password", (length) => new Uint8Array(length)));
  }
  if (pathname === "/validate") {
    tenantOfKeys = env;
    const found = await validator.validate(request);
    return Response.json(found.ok ? { userId: found.userId } : { error: found.code });
  }
  if (pathname === "/invite") {
    await getAuth(env).users.invite("zoe@example.com");
    return Response.json({ invited: true });
  }
  const host = requestHost(request, context);
  if (pathname === "/wait") {
    host.waitUntil?.(pause(1));
    return Response.json({ waits: true });
  }
  return request.headers.has("x-alone") ? getAuth(env).handle(request) : getAuth(env).handle(request, host);
}

function watched({ SESSIONS, TENANT }: Env): ObjectNamespace {
  return {
    idFromName: (name) => SESSIONS.idFromName(`${TENANT}/${name}`),
    get: (id) => ({
      fetch: async (url, init) => {
        counts.objectCalls++;
        if (init.body.includes('"keys.load"')) await pause(SLOW);
        return SESSIONS.get(id).fetch(url, init);
      },
    }),
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
