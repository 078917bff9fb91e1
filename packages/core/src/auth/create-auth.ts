import type { App } from "../app/app.ts";
import { type GuardedStore, guardStore } from "../app/guarded-store.ts";
import { badAnswer, ignored, kindOf, requireObject, requirePlain } from "../callback-answer.ts";
import { type Config, checkOptions } from "../config/config.ts";
import { parseContext } from "../config/context.ts";
import type { AuthOptions, Provider } from "../config/options.ts";
import { now, warn } from "../env.ts";
import { validateRequest, validateToken } from "../http/validate.ts";
import type { JsonObject } from "../json.ts";
import type { Keys } from "../keys/keys.ts";
import { providedKeys } from "../keys/provided.ts";
import { sharedSecretKeys } from "../keys/shared-secret.ts";
import { storedKeys } from "../keys/stored.ts";
import type { SessionEngine } from "../sessions/engine.ts";
import { type Emit, emitter } from "../sessions/events.ts";
import { type Device, deviceOf } from "../sessions/session.ts";
import { localThrottle } from "../throttle/local.ts";
import { mintOneTimeToken } from "../tokens/one-time-token.ts";
import type { User, UserStore } from "../users/store.ts";
import type { Actions } from "./actions.ts";
import type { Auth, KeysApi } from "./auth.ts";
import { answerLater, handlersLater, type Load, sessionsLater, usersLater } from "./later.ts";

/**
 * Makes an authentication core. Throws a `TypeError` that names the option for a configuration that is unsafe or wrong.
 *
 * With a store and a provider alone it serves localhost; `baseURL` and `secret` are for everywhere else. It does no I/O
 * before the first request.
 *
 * @example
 * const auth = createAuth({ store: memory(), providers: [password()] });
 * const response = await auth.handle(request);
 */
export function createAuth<Context = JsonObject, U extends User = User>(
  options: AuthOptions<Context, U>,
): Auth<Context, U> {
  const { config, given } = checkOptions(options);
  const emit = emitter(given.onEvent ?? null, () => now(config.env), warn);
  // The store's own users are plain `User`s, which is what U is unless `users` says otherwise.
  const users = given.users ?? (given.store.users as UserStore<U>);
  const store = guardStore(given.store, users, config.storeTimeout, emit);
  const app: App<Context, U> = {
    config,
    engine: makeEngine(given, config, { store, emit, usersElsewhere: given.store.sessions.users !== users }),
    users: store.users,
    throttle: store.throttle,
    localThrottle: localThrottle(),
    tokens: store.tokens,
    password: given.providers?.find((provider) => provider.type === "password") ?? null,
    oauth: connect(given.providers ?? [], config),
    sealing: sealingSecrets(config),
    serialize: serializer(given.user?.serialize ?? shownUser),
    contextOf: contextMaker(given.sessions?.context?.from ?? null),
    validated: given.hooks?.validated ?? null,
    deviceOf: deviceReader(given.clientAddress ?? (() => null)),
  };
  const load = actionsLater(app);
  const answer = answerLater(app, load);
  return Object.freeze({
    handle: (request) => answer((actions) => actions.handle(request)),
    validate: async (request, how = {}) => (await validateRequest(app, request, how)).validation,
    handlers: handlersLater(answer),
    sessions: sessionsLater(load, (token, how = {}) => validateToken(app, token, how.transport ?? null)),
    users: usersLater(load),
    keys: keysApi(app.engine.keys),
  } satisfies Auth<Context, U>);
}

function actionsLater<Context, U extends User>(app: App<Context, U>): Load<Context, U> {
  let actions: Actions<Context, U> | null = null;
  return async () => {
    actions ??= (await import("./actions.ts")).actionsOf(app);
    return actions;
  };
}

function connect(providers: readonly Provider[], { env }: Config): App<never, never>["oauth"] {
  const oauth = providers.filter((provider) => provider.type === "oauth");
  return new Map(oauth.map((provider) => [provider.id, { provider, connection: provider.connect(env) }]));
}

// Without a secret only localhost is served: there one is drawn, and a sign-in under way does not outlive the process.
function sealingSecrets({ secrets, env }: Config): () => readonly [string, ...string[]] {
  let drawn: string | null = null;
  return () => {
    const [newest, ...older] = secrets;
    if (newest !== undefined) return [newest, ...older];
    drawn ??= mintOneTimeToken(env.random);
    return [drawn];
  };
}

interface Parts<U extends User> {
  readonly store: GuardedStore<U>;
  readonly emit: Emit;
  readonly usersElsewhere: boolean;
}

function makeEngine<Context, U extends User>(
  options: AuthOptions<Context, U>,
  config: Config,
  { store, emit, usersElsewhere }: Parts<U>,
): SessionEngine<Context, U> {
  const { sessions, hooks } = options;
  return {
    env: config.env,
    store: store.sessions,
    keys: keysOf(options, config, store, emit),
    settings: {
      issuer: config.issuer,
      audience: config.audience,
      accessLifetime: config.accessLifetime,
      refresh: config.refresh,
      restrictTransport: options.restrictTransport ?? true,
      limit: sessions?.limit ?? null,
      keepEnded: sessions?.keepEnded ?? false,
      confirm: sessions?.confirm ?? "on-refresh",
      revocation: options.revocation ?? "none",
      claims: options.accessToken?.claims ?? null,
      parseContext: (context) => parseContext(sessions?.context?.schema ?? null, context),
      hooks: hooks ?? {},
    },
    emit,
    findUser: (id) => store.users.get(id),
    usersElsewhere,
    confirmed: new Set(),
  };
}

function keysOf<Context, U extends User>(
  options: AuthOptions<Context, U>,
  { algorithm, secrets, rotateEvery, env }: Config,
  store: GuardedStore<U>,
  emit: Emit,
): Keys {
  if (algorithm === "HS256") return sharedSecretKeys(secrets);
  const provided = options.keys?.provided;
  if (provided !== undefined) return providedKeys(provided, algorithm);
  return storedKeys({
    store: store.keys,
    env,
    algorithm,
    rotateEvery,
    secrets,
    changed: ({ type, kid }) => emit({ type: `key.${type}`, kid }),
  });
}

function keysApi(keys: Keys): KeysApi {
  return { jwks: () => keys.jwks(), rotate: () => keys.rotate(), revoke: (kid) => keys.revoke(kid) };
}

/** What the answers show of a user unless `user.serialize` says otherwise: an allow-list, never the row. */
function shownUser(user: User): object {
  const { id, email, username, name } = user;
  return { id, ...(email === null ? {} : { email }), ...(username === null ? {} : { username }), name };
}

function serializer<U extends User>(serialize: (user: U) => object): (user: U) => object {
  return (user) => {
    const shown = serialize(user);
    requirePlain("user.serialize", shown, "a plain object of what may be shown");
    return shown;
  };
}

function contextMaker<Context, U extends User>(
  from: ((request: Request, user: U) => Context) | null,
): (request: Request, user: U) => unknown {
  return (request, user) => {
    const context = from === null ? {} : from(request, user);
    requireObject("sessions.context.from", context, "the context, and wait for nothing");
    return context;
  };
}

// What is no address would be counted as unknown: all clients would share one limit.
function deviceReader(addressOf: (request: Request) => unknown): (request: Request) => Device {
  return (request) => {
    const address = addressOf(request);
    if (typeof address === "string" || address === null)
      return deviceOf(request.headers.get("user-agent"), address);
    throw badAnswer("clientAddress", kindOf(ignored(address)), "a string or null");
  };
}
