import { type Auth, createAuth, hours } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator } from "@latchkey/core/validator";
import {
  hmacPath,
  type JoseAlgorithm,
  josePath,
  joseRefusal,
  keyedToken,
  secretToken,
  withWrongSignature,
} from "./baselines.ts";
import {
  accessTokenIn,
  cookieAfter,
  FOREIGN,
  get,
  ORIGIN,
  randomName,
  SECRET,
  withoutRefreshToken,
} from "./requests.ts";
import type { Path } from "./rounds.ts";

/** How many tokens the requests of one path have in turn. */
const MANY = 10_000;
// A store looks at all sessions of a user when one starts.
const SESSIONS_PER_USER = 25;

type Validate = (request: Request) => Promise<{ readonly ok: boolean }>;

/** Two servers over one store: one issues tokens, and the other has not seen them. */
export interface Servers {
  readonly auth: Auth;
  readonly validate: Validate;
  /** Makes a session, and returns its Cookie header. */
  readonly issue: () => Promise<string>;
}

export function openServers(algorithm: JoseAlgorithm): Servers {
  const options = {
    store: memory(),
    baseURL: ORIGIN,
    secret: SECRET,
    // The bench takes longer than a token lives by default.
    accessToken: { algorithm, lifetime: hours(12) },
  };
  const [auth, issuer] = [createAuth(options), createAuth(options)];
  let issued = 0;
  let userId = "";
  const issue = async (): Promise<string> => {
    if (issued++ % SESSIONS_PER_USER === 0) {
      const user = await issuer.users.create({ email: `${randomName()}@example.com` });
      userId = user.id;
    }
    return cookieAfter((await issuer.sessions.create(userId)).headers);
  };
  return { auth, issue, validate: (request) => auth.validate(request) };
}

/** A validator that knows the public keys of these servers. */
export async function validatorOf({ auth }: Servers): Promise<Validate> {
  const { validate } = createValidator({ jwks: await auth.keys.jwks(), issuer: ORIGIN, baseURL: ORIGIN });
  return (request) => validate(request);
}

/** The unit, and what bare jose takes for the same tokens. */
export async function baselinesOf({ auth, issue }: Servers): Promise<readonly Path[]> {
  const token = accessTokenIn(await issue());
  const { keys } = await auth.keys.jwks();
  const keyed = await keyedToken(token, keys[0]);
  const secret = await secretToken(token);
  return [hmacPath(secret.token), josePath(keyed), josePath(secret), joseRefusal(keyed)];
}

/** Every path of one `validate`. What repeats a request checks its answer once, so that nothing of the bench is measured. */
export async function validationPaths(
  name: string,
  validate: Validate,
  issue: Servers["issue"],
): Promise<readonly Path[]> {
  return [
    await hitPath(name, validate, issue),
    await manyPath(name, validate, issue),
    missPath(`${name}, miss, EdDSA`, validate, issue),
    await refusedPath(name, validate, issue),
    await anonymousPath(name, validate),
  ];
}

export async function hitPath(name: string, validate: Validate, issue: Servers["issue"]): Promise<Path> {
  const request = get(await issue());
  await accept(validate, request);
  return { name: `${name}, hit, same token`, run: () => validate(request) };
}

async function manyPath(name: string, validate: Validate, issue: Servers["issue"]): Promise<Path> {
  const requests: Request[] = [];
  for (let n = 0; n < MANY; n++) requests.push(get(await issue()));
  for (const request of requests) await accept(validate, request);
  let turn = 0;
  const run = (): unknown => validate(requests[turn++ % MANY] ?? get(""));
  return { name: `${name}, hit, 10,000 tokens`, run };
}

export function missPath(name: string, validate: Validate, issue: Servers["issue"]): Path {
  return usedUp(
    name,
    async () => get(await issue()),
    (request) => accept(validate, request),
  );
}

export async function refusedPath(name: string, validate: Validate, issue: Servers["issue"]): Promise<Path> {
  const cookie = await issue();
  const make = async (): Promise<Request> => refusedRequest(cookie);
  return usedUp(`${name}, refused token`, make, (request) => refuse(validate, request));
}

/** A request with the access token alone, whose signature is wrong and like no other one. */
export function refusedRequest(cookie: string): Request {
  const token = accessTokenIn(cookie);
  return get(withoutRefreshToken(cookie).replace(token, withWrongSignature(token)));
}

async function anonymousPath(name: string, validate: Validate): Promise<Path> {
  const request = get(FOREIGN);
  await refuse(validate, request);
  return { name: `${name}, anonymous, 4 cookies`, run: () => validate(request) };
}

/** A path whose requests serve once. */
function usedUp(name: string, make: () => Promise<Request>, send: (request?: Request) => unknown): Path {
  const requests: Request[] = [];
  return {
    name,
    prepare: async (calls) => {
      while (requests.length < calls) requests.push(await make());
    },
    run: () => send(requests.pop()),
  };
}

async function accept(validate: Validate, request: Request | undefined): Promise<void> {
  if (request === undefined || !(await validate(request)).ok) throw new Error("a live token was refused");
}

async function refuse(validate: Validate, request: Request | undefined): Promise<void> {
  if (request === undefined || (await validate(request)).ok) throw new Error("a wrong token was accepted");
}
