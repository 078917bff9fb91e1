import {
  type Attributes,
  type Counter,
  type MeterProvider,
  metrics,
  SpanKind,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Auth } from "../auth/auth.ts";
import type { AuthOptions, ContextShape } from "../auth/options.ts";
import { matchPath, routeTable } from "../http/handle.ts";
import * as named from "../http/routes/list.ts";
import type { InvalidSession, Validation, ValidSession } from "../http/validation.ts";
import type { JsonObject } from "../platform/encoding.ts";
import { type Env, platformEnv } from "../platform/env.ts";
import type { User } from "../users/user.ts";
import { attributesOf } from "./event.ts";
import { type Measure, type MeasuredCall, measurer } from "./measure.ts";
import { type FeedReads, storeWrapper, wrapStore } from "./store.ts";

/** What `createTelemetry` takes. */
export interface TelemetryOptions {
  /** Default the global one of `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider;
  /** Default the global one of `@opentelemetry/api`. */
  readonly meterProvider?: MeterProvider;
}

/** Spans and metrics of one auth. */
export interface Telemetry {
  /** Returns options of `createAuth` whose store, events and `env.fetch` are measured. Use it before `trace`, for one auth. */
  observe<Context extends ContextShape = JsonObject, U extends User = User>(
    options: AuthOptions<Context, U>,
  ): AuthOptions<Context, U>;
  /** Returns an auth whose `handle`, `handlers`, `validate` and `sessions.refresh` are measured. */
  trace<Context, U extends User>(auth: Auth<Context, U>): Auth<Context, U>;
}

const SCOPE = "@latchkey/core";

/**
 * Makes the spans and metrics of one auth, for OpenTelemetry. No attribute and no name holds the id of a user, a session or a key, an
 * address, a token or the text of an error. It exports nothing itself: the SDK of the application does, and without one nothing is
 * recorded. Set the SDK up before this call.
 *
 * @example
 * const telemetry = createTelemetry();
 * const auth = telemetry.trace(createAuth(telemetry.observe({ store, providers })));
 */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const { tracerProvider = trace.getTracerProvider(), meterProvider = metrics.getMeterProvider() } = options;
  const meter = meterProvider.getMeter(SCOPE);
  const measure = measurer(tracerProvider.getTracer(SCOPE), meter);
  const lag = feedLag(platformEnv.clock);
  meter.createObservableGauge("latchkey.revocation.lag", { unit: "s" }).addCallback((result) => {
    const seconds = lag.seconds();
    if (seconds !== null) result.observe(seconds);
  });
  const routes = { basePath: "/auth" };
  const observe = observer({
    measure,
    lag,
    events: meter.createCounter("latchkey.events", { unit: "{event}" }),
  });
  return {
    observe: ((given) => {
      routes.basePath = given.basePath ?? "/auth";
      return observe(given);
    }) as Telemetry["observe"],
    trace: ((auth) => tracedAuth(auth, { measure, routes, used: lag.used })) as Telemetry["trace"],
  };
}

interface Observing {
  readonly measure: Measure;
  readonly lag: FeedReads;
  readonly events: Counter;
}

type Observed = Pick<AuthOptions, "store" | "users" | "onEvent" | "env">;

function observer({ measure, lag, events }: Observing): (given: Observed) => Observed {
  const part = storeWrapper(measure, lag);
  return (given) => {
    const { onEvent, users, env } = given;
    return {
      ...given,
      store: wrapStore(given.store, part),
      ...(users === undefined ? {} : { users: part("users", users) as typeof users }),
      onEvent: (event) => {
        events.add(1, attributesOf(event));
        return onEvent?.(event);
      },
      env: { ...env, fetch: measuredFetch(env?.fetch ?? platformEnv.fetch, measure) },
    };
  };
}

interface FeedLag extends FeedReads {
  used(): void;
  /** Null for a process that reads no list. */
  seconds(): number | null;
}

/** How old the list of ended sessions was when a request last used it. An idle process reads no list, and is not behind. */
function feedLag(readTime: () => number): FeedLag {
  const at: { read: number | null; use: number } = { read: null, use: 0 };
  return {
    started: () => {
      at.read ??= readTime();
    },
    succeeded: () => {
      at.read = readTime();
    },
    used: () => {
      at.use = readTime();
    },
    seconds: () => (at.read === null ? null : Math.max(at.use - at.read, 0) / 1_000),
  };
}

type Handler = Auth["handle"];

interface Tracing {
  readonly measure: Measure;
  readonly routes: { readonly basePath: string };
  readonly used: () => void;
}

function tracedAuth(auth: Auth, { measure, routes, used }: Tracing): Auth {
  const table = routeTable(Object.values(named));
  const routeOf = (request: Request): string | null => {
    const pathname = URL.parse(request.url)?.pathname ?? "";
    const match = matchPath(table, request.method, pathname, routes.basePath);
    return match.kind === "route" ? `${routes.basePath}${pathOf(match.route)}` : null;
  };
  const seen = new WeakSet<object>();
  const handlers = Object.entries(named).map(([name, route]): [string, Handler] => {
    const handler = auth.handlers[name as keyof typeof named];
    return [
      name,
      (request, host) => measure(handleCall(request, pathOf(route)), () => handler(request, host)),
    ];
  });
  return Object.freeze<Auth>({
    ...auth,
    handle: (request, host) =>
      measure(handleCall(request, routeOf(request)), () => auth.handle(request, host).finally(used)),
    validate: (request, options) =>
      measure(validateCall(seen), () => auth.validate(request, options).finally(used)),
    handlers: Object.freeze(Object.fromEntries(handlers)) as Auth["handlers"],
    sessions: {
      ...auth.sessions,
      refresh: (token) => measure(REFRESH, () => auth.sessions.refresh(token)),
    },
  });
}

function pathOf({ path }: { readonly path: string | readonly string[] }): string {
  return [path].flat()[0] ?? "";
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

// A method that is none of the known ones may be any text of a client.
function methodOf({ method }: { readonly method: string }): string {
  return METHODS.has(method) ? method : "_OTHER";
}

function handleCall(request: Request, route: string | null): MeasuredCall {
  const method = methodOf(request);
  return {
    metric: "latchkey.handle",
    span: route === null ? method.replace("_OTHER", "HTTP") : `${method} ${route}`,
    // The server of the application has the span of the kind SERVER.
    kind: SpanKind.INTERNAL,
    attributes: { "http.request.method": method, ...(route === null ? {} : { "http.route": route }) },
    resultOf: statusReader(500),
  };
}

/** Reads a response. A status is an error from `firstError`: 500 for a server, and 400 for a client. */
function statusReader(firstError: number): MeasuredCall["resultOf"] {
  return (result) => {
    const { status } = result as Response;
    const error = status >= firstError ? { "error.type": String(status) } : {};
    return { "http.response.status_code": status, ...error };
  };
}

function validateCall(seen: WeakSet<object>): MeasuredCall {
  return {
    metric: "latchkey.validate",
    span: "latchkey.validate",
    kind: SpanKind.INTERNAL,
    attributes: {},
    resultOf(result) {
      const found = result as Validation;
      return found.ok ? acceptedOf(found, seen) : refusedOf(found);
    },
  };
}

function acceptedOf({ claims, refreshed }: ValidSession, seen: WeakSet<object>): Attributes {
  // The claims of a token that is kept in memory are the same object each time.
  const isCached = seen.has(claims);
  seen.add(claims);
  const state = { "latchkey.token.cached": isCached, "latchkey.session.refreshed": refreshed };
  return { "latchkey.validation.code": "ok", ...state };
}

function refusedOf({ code, status }: InvalidSession): Attributes {
  return { "latchkey.validation.code": code, ...(status >= 500 ? { "error.type": code } : {}) };
}

const REFRESH: MeasuredCall = {
  metric: "latchkey.refresh",
  span: "latchkey.refresh",
  kind: SpanKind.INTERNAL,
  attributes: {},
  resultOf(result) {
    const found = result as Awaited<ReturnType<Auth["sessions"]["refresh"]>>;
    return found.ok ? { "latchkey.refresh.outcome": found.outcome } : { "error.type": found.code };
  },
};

function measuredFetch(fetch: Env["fetch"], measure: Measure): Env["fetch"] {
  return (input, init) => {
    const url = URL.parse(input instanceof Request ? input.url : String(input));
    const method = methodOf({ method: init?.method ?? (input instanceof Request ? input.method : "GET") });
    const port = url?.port === "" || url == null ? {} : { "server.port": Number(url.port) };
    const call: MeasuredCall = {
      metric: "latchkey.provider",
      span: method,
      kind: SpanKind.CLIENT,
      // `url.full` is left out: a URL of a provider can hold a token.
      attributes: { "http.request.method": method, "server.address": url?.hostname ?? "", ...port },
      resultOf: statusReader(400),
    };
    return measure(call, () => fetch(input, init));
  };
}
