import { type Auth, type AuthOptions, createAuth } from "@latchkey/core";
import { type PasswordHasher, password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import type { JoseAlgorithm } from "./baselines.ts";
import { cookieAfter, get, ORIGIN, post, randomName, SECRET } from "./requests.ts";
import type { Path } from "./rounds.ts";

const PASSWORD = "correct horse battery";
const HOST = { clientAddress: "203.0.113.7" };
const LEASE = 5;
// Longer than the lease, so that every refresh rotates.
const STEP = (LEASE + 1) * 1_000;

/** Hashes nothing: the bench measures what surrounds a hash, which takes a hundred times as long. */
const hasher: PasswordHasher = {
  hash: async (text) => `$plain$${text}`,
  verify: async (text, stored) => stored === `$plain$${text}`,
  needsRehash: () => false,
};

/** A request that is made before the time runs, and its answer. */
interface Exchange {
  readonly request: Request;
  answer: Response | null;
}

interface Server {
  readonly auth: Auth;
  /** Waits until every session may rotate again. */
  readonly wait: () => void;
}

/** The routes that a browser calls most, without limits of attempts. Each path has a server of its own, with a clock of its own. */
export async function routePaths(
  name: string,
  open: () => Promise<Store>,
  algorithm: JoseAlgorithm,
): Promise<readonly Path[]> {
  const serve = async (): Promise<Server> =>
    openServer(await open(), { accessToken: { algorithm }, rateLimit: false });
  const paths = [
    refreshPath(await serve()),
    loginPath(await serve()),
    await sessionPath(await serve()),
    logoutPath(await serve()),
  ];
  return paths.map((path) => ({ ...path, name: `${path.name}, ${name}` }));
}

/** A sign-in that is counted in the buckets of its account and of its client, and given back. */
export async function countedLoginPath(name: string, open: () => Promise<Store>): Promise<Path> {
  return { ...loginPath(openServer(await open(), {})), name: `POST /login with limits, ${name}` };
}

function openServer(store: Store, options: Partial<AuthOptions>): Server {
  let ahead = 0;
  const auth = createAuth({
    store,
    providers: [password({ hasher })],
    baseURL: ORIGIN,
    secret: SECRET,
    refreshToken: { lease: LEASE },
    ...options,
    env: { clock: () => Date.now() + ahead },
  });
  const wait = (): void => {
    ahead += STEP;
  };
  return { auth, wait };
}

async function signedIn({ auth }: Server): Promise<string> {
  const { id } = await auth.users.create({ email: `${randomName()}@example.com` });
  return cookieAfter((await auth.sessions.create(id)).headers);
}

/** A path that sends each of its requests once. */
function exchanging(
  name: string,
  { auth }: Server,
  make: (calls: number, sent: readonly Exchange[]) => Promise<readonly Request[]>,
): Path {
  let exchanges: readonly Exchange[] = [];
  let next = 0;
  return {
    name,
    prepare: async (calls) => {
      const requests = await make(calls, exchanges);
      exchanges = requests.map((request) => ({ request, answer: null }));
      next = 0;
    },
    run: async () => {
      const exchange = exchanges[next++];
      if (exchange === undefined) throw new Error(`${name} has no request left`);
      exchange.answer = await auth.handle(exchange.request, HOST);
      expectOk(name, exchange.answer);
    },
  };
}

function refreshPath(server: Server): Path {
  const cookies: string[] = [];
  return exchanging("POST /refresh", server, async (calls, sent) => {
    server.wait();
    for (const [index, { answer }] of sent.entries())
      if (answer !== null) cookies[index] = cookieAfter(answer.headers);
    while (cookies.length < calls) cookies.push(await signedIn(server));
    return cookies.slice(0, calls).map((cookie) => post("/auth/refresh", {}, cookie));
  });
}

/** Every call signs in another user, because a store looks at all sessions of a user when one starts. */
function loginPath(server: Server): Path {
  return exchanging("POST /login", server, async (calls) => {
    const requests: Request[] = [];
    while (requests.length < calls) {
      const email = `${randomName()}@example.com`;
      await server.auth.users.create({ email, password: PASSWORD });
      requests.push(post("/auth/login", { email, password: PASSWORD }));
    }
    return requests;
  });
}

function logoutPath(server: Server): Path {
  return exchanging("POST /logout", server, async (calls) => {
    const requests: Request[] = [];
    while (requests.length < calls) {
      const cookie = await signedIn(server);
      // A user who signs out has opened a page before, so the access token was verified.
      await server.auth.validate(get(cookie));
      requests.push(post("/auth/logout", {}, cookie));
    }
    return requests;
  });
}

async function sessionPath(server: Server): Promise<Path> {
  const name = "GET /session";
  const request = get(await signedIn(server), "/auth/session");
  return { name, run: async () => expectOk(name, await server.auth.handle(request, HOST)) };
}

function expectOk(name: string, { ok, status }: Response): void {
  if (!ok) throw new Error(`${name} answered ${status}`);
}
