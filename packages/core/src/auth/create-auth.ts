import type { App } from "../accounts/app.ts";
import { clientReader } from "../accounts/client.ts";
import { siteFor, siteReader } from "../cookies/site.ts";
import { originReporter } from "../csrf/decide-csrf.ts";
import { corsOf } from "../http/cors.ts";
import { handlersOf, ROUTE_NAMES, requestHandler } from "../http/handle.ts";
import { stepUpChecker } from "../http/step-up.ts";
import { requestValidator } from "../http/validate.ts";
import { providedKeys, sharedSecretKeys } from "../keys/fixed.ts";
import type { KeyStore, Keys } from "../keys/keys.ts";
import { sealer } from "../keys/seal.ts";
import { storedKeys } from "../keys/stored.ts";
import { mailer } from "../mail/mailer.ts";
import { reuseNotice } from "../mail/notices.ts";
import { callAndWait, callNow, requireObject, requirePlain } from "../platform/callback-answer.ts";
import { isRecord, type JsonObject, parseJson, utf8 } from "../platform/encoding.ts";
import { type Env, logError, now, warn } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { failureReporter, faultLog, type Report } from "../platform/faults.ts";
import { refuse } from "../platform/option-error.ts";
import type { SessionEngine, SessionSettings } from "../sessions/engine.ts";
import { emitter } from "../sessions/events.ts";
import { type EndedFeed, endedFeed, listedPage } from "../sessions/revocation.ts";
import { tokenCache } from "../sessions/token-cache.ts";
import type { Store } from "../store.ts";
import { localThrottle } from "../throttle/local.ts";
import { mintOneTimeToken } from "../users/one-time-token.ts";
import { publicUser, type User } from "../users/user.ts";
import type { Auth, KeysApi, SessionsApi } from "./auth.ts";
import { type CheckedOptions, checkOptions } from "./config.ts";
import { guardStore } from "./guard-store.ts";
import { lateAuth } from "./late-auth.ts";
import type { AuthOptions, ContextShape, Provider, StandardResult, StandardSchema } from "./options.ts";
import { publicCalls } from "./public-calls.ts";
import { sendingCalls } from "./sending-calls.ts";
import { sessionsApi } from "./sessions.ts";
import { usersApi } from "./users.ts";
import type { UsersApi } from "./users-api.ts";

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
export function createAuth<Context extends ContextShape = JsonObject, U extends User = User>(
  options: AuthOptions<Context, U>,
): Auth<Context, U> {
  const checked = checkOptions(options);
  if (checked.missing !== null) return unconfigured(checked, checked.missing) as Auth<Context, U>;
  const app = makeApp(checked);
  const { report } = app.engine;
  const auth: Auth = {
    handle: requestHandler(app),
    validate: requestValidator(app),
    stepUp: stepUpChecker(app),
    cors: corsOf(app.config),
    handlers: handlersOf(app),
    sessions: publicCalls("sessions", sendingCalls(app, sessionsApi), report) as SessionsApi,
    users: publicCalls("users", sendingCalls(app, usersApi), report) as UsersApi,
    keys: publicCalls("keys", pickKeys(app.engine.keys), report) as KeysApi,
    async check() {
      const { checkDeployment } = await import("./rare.ts");
      return checkDeployment(checked, app.engine.keys);
    },
  };
  // Inside, a context is unknown and a user is a `User`. The types of the application stand at this border alone.
  return Object.freeze(auth) as Auth<Context, U>;
}

/** Serves nothing without a secret: keys would be stored in the clear. */
function unconfigured({ callbacks }: CheckedOptions, missing: TypeError): Auth {
  const { report } = faultLog(callbacks.onError);
  const refuse = (): never => {
    throw missing;
  };
  return lateAuth(refuse, ROUTE_NAMES, (error, operation) =>
    report(error, () => ({ operation, requestId: null })),
  );
}

/** The type of `defineAuth`. */
export type DefineAuth = <Context extends ContextShape = JsonObject, U extends User = User>(
  options: () => AuthOptions<Context, U>,
) => Auth<Context, U>;

/**
 * Makes an auth whose options come from a function, which is called at the first use of the auth and not when the module is loaded. So
 * a program can be built where its secrets, its database and its providers are not configured.
 *
 * A function that throws, and options that `createAuth` refuses, answer requests with 500 `internal_error`; the log gets the error, and
 * the next request tries again. `auth.check()` calls the function at start, and returns the error as a problem of `options`.
 *
 * @example
 * export const auth = defineAuth(() => ({ store: postgres(connect(process.env.DATABASE_URL)), providers: [password()] }));
 */
export const defineAuth: DefineAuth = (options) => {
  if (typeof options !== "function") throw refuse("defineAuth: options", options, "it must be a function");
  let made: Auth | null = null;
  const open = (): Auth => {
    made ??= createAuth(options()) as Auth;
    return made;
  };
  const auth: unknown = lateAuth(open, ROUTE_NAMES, (error, operation) =>
    logError(error, { operation, requestId: null }),
  );
  return auth as ReturnType<typeof createAuth<never, never>>;
};

function makeApp(options: CheckedOptions): App {
  const { config, env, callbacks } = options;
  const { report: reporter, keep } = faultLog(callbacks.onError);
  const report: Report = (error, operation = "background") =>
    reporter(error, () => ({ operation, requestId: null }));
  const emit = emitter(callbacks.onEvent, () => now(env), report);
  const originOf = siteReader(config);
  const siteOf: App["siteOf"] = (url) => siteFor(originOf(url), url);
  const mailFor = options.mail === null ? null : mailer(options.mail, env);
  const scope = { origin: siteOf(null)?.origin ?? "", acceptLanguage: null, waitUntil: null, report };
  const mail = mailFor?.(scope) ?? null;
  const store = guardStore(options.store, options.users, { timeout: config.storeTimeout, emit, keep });
  const onReuse = mail === null ? () => undefined : reuseNotice(mail, store.users, env);
  return {
    config,
    env,
    engine: makeEngine(options, store, { emit, report, onReuse }),
    users: store.users,
    throttle: store.throttle,
    localThrottle: localThrottle(),
    tokens: store.tokens,
    password: options.providers.find((provider) => provider.type === "password") ?? null,
    magicLink: options.providers.find((provider) => provider.type === "magic_link") ?? null,
    emailCode: options.providers.find((provider) => provider.type === "email_code") ?? null,
    oauth: connect(options.providers, env),
    sealing: sealingSecrets(options.keys.secrets, env),
    deviceSealer: sealer("device"),
    serialize: serializer(callbacks.serialize),
    contextOf: contextMaker(callbacks.contextFrom),
    clientOf: clientReader(options.client),
    originOf,
    siteOf,
    mail,
    mailFor,
    reporter,
    reportOrigin: originReporter(warn),
    reportProvider: failureReporter(warn),
    requestId: () => null,
  };
}

function connect(providers: readonly Provider[], env: Env): App["oauth"] {
  const oauth = providers.filter((provider) => provider.type === "oauth");
  return new Map(oauth.map((provider) => [provider.id, { provider, connection: provider.connect(env) }]));
}

// Without a secret only localhost is served: there one is drawn, and a sign-in under way does not outlive the process.
function sealingSecrets(secrets: readonly string[], env: Env): App["sealing"] {
  let drawn: string | null = null;
  return () => {
    const [newest, ...older] = secrets;
    if (newest !== undefined) return [newest, ...older];
    drawn ??= mintOneTimeToken(env.random);
    return [drawn];
  };
}

type Telling = Pick<SessionEngine, "emit" | "report" | "onReuse">;

function makeEngine(options: CheckedOptions, store: Store, telling: Telling): SessionEngine {
  const { env, contextSchema } = options;
  const usersElsewhere = options.store.sessions.users !== options.users;
  return {
    env,
    store: store.sessions,
    keys: keysOf(options, store.keys, telling),
    cache: tokenCache(options.settings.tokenCache),
    settings: { ...options.settings, parseContext: contextParser(contextSchema) },
    ...telling,
    findUser: store.users.get,
    usersElsewhere,
    needsUser: usersElsewhere || options.settings.claims !== null,
    ended: endedSessions(options, store, telling),
    confirmed: new Set(),
  };
}

/** The largest page of the list of ended sessions that is read at once. */
const PAGE = 500;

function endedSessions(
  { env, settings }: CheckedOptions,
  store: Store,
  { emit, report }: Telling,
): EndedFeed | null {
  const { revocation } = settings;
  if (typeof revocation === "string") return null;
  return endedFeed({
    ...revocation,
    env,
    read: async (cursor) => listedPage(await store.sessions.endedSince(cursor, PAGE, now(env))),
    onBehind: (seconds) => emit({ type: "revocation.behind", seconds }),
    onFailure: report,
  });
}

function keysOf({ keys, env }: CheckedOptions, store: KeyStore, { emit, report }: Telling): Keys {
  const { algorithm, secrets, rotateEvery, provided } = keys;
  if (algorithm === "HS256") return sharedSecretKeys(secrets);
  if (provided !== null) return providedKeys(provided, algorithm);
  return storedKeys({
    store,
    env,
    algorithm,
    rotateEvery,
    secrets,
    changed: ({ type, kid }) => emit({ type: `key.${type}`, kid }),
    failed: report,
  });
}

function pickKeys({ jwks, rotate, revoke }: Keys): KeysApi {
  return { jwks, rotate, revoke };
}

function serializer(serialize: CheckedOptions["callbacks"]["serialize"]): App["serialize"] {
  if (serialize === null) return shownUser;
  return (user) => {
    const shown = callNow("user.serialize", () => serialize(publicUser(user)));
    requirePlain("user.serialize", shown, "a plain object of what may be shown");
    return shown as object;
  };
}

function contextMaker(from: CheckedOptions["callbacks"]["contextFrom"]): App["contextOf"] {
  if (from === null) return () => ({});
  return (request, user) => {
    const context = callNow("sessions.context.from", () => from(request, publicUser(user)));
    requireObject("sessions.context.from", context, "the context, and wait for nothing");
    return context;
  };
}

/** What the answers show of a user unless `user.serialize` says otherwise: an allow-list, never the row. */
function shownUser(user: User): object {
  const { id, email, username, name, picture } = user;
  const identifiers = { ...(email === null ? {} : { email }), ...(username === null ? {} : { username }) };
  return { id, ...identifiers, name, picture };
}

/** In bytes of JSON: the context rides in every access token, and a token must fit a cookie (STO-20). */
const MAX_CONTEXT = 2_048;

/** Checks a context against the schema and brings it into the plain data that a store and a token can hold. */
function contextParser(schema: StandardSchema<unknown> | null): SessionSettings["parseContext"] {
  return async (context) => {
    const result = await checkContext(schema, context);
    if (result.issues !== undefined) throw contextError(result.issues);
    requireObject("sessions.context.schema", result.value, "an object of data");
    const text = callNow("sessions.context", () => JSON.stringify(result.value));
    const fits = typeof text === "string" && utf8(text).length <= MAX_CONTEXT;
    const plain = fits ? parseJson(text) : undefined;
    if (!isRecord(plain)) {
      throw new AuthError(
        "internal_error",
        `sessions.context: a context is an object of at most ${MAX_CONTEXT} bytes of JSON`,
      );
    }
    return plain as JsonObject;
  };
}

async function checkContext(
  schema: StandardSchema<unknown> | null,
  context: unknown,
): Promise<StandardResult<unknown>> {
  if (schema === null) return { value: context };
  const result = await callAndWait("sessions.context.schema", () => schema["~standard"].validate(context));
  return result as StandardResult<unknown>;
}

function contextError(issues: readonly { readonly message: string }[]): AuthError {
  const message = "sessions.context: the schema refuses the context of a session";
  const said = issues.map((issue) => issue.message).join("; ");
  const cause = new Error(`${message}: ${said}`, { cause: issues });
  return new AuthError("internal_error", message, null, { operation: "sessions.context.schema", cause });
}
