import type { Env } from "./env.ts";
import type { Lock } from "./lock.ts";
import { createRefreshTimer, type RefreshTimer } from "./refresh-timer.ts";
import {
  type Failure,
  failure,
  invalidResponse,
  isRecord,
  isUnauthenticated,
  type Result,
  success,
  unauthenticated,
} from "./result.ts";
import {
  isDuration,
  isSession,
  loading,
  reduce,
  type Session,
  type SessionEvent,
  type SessionState,
} from "./state.ts";
import { decideOnMessage, type TabMessage, type Tabs } from "./tabs.ts";
import { endsSession, type RouteRequest, type SignOutScope, type Transport } from "./transport.ts";

/** The user that signed in, and the session that began. */
export interface SignedIn<U = unknown, C = unknown> {
  readonly user: U;
  readonly session: Session<C>;
}

// The types of the user and the context belong to the application: `AuthClient` names them.
type State = SessionState<unknown>;
type Listener = (state: State) => void;

/** When the page is shown and the last answer is older than this, in milliseconds, the session is loaded again. */
const STALE_AFTER = 60_000;

/** How much two answers about the same access token can differ, in milliseconds: the server rounds to seconds. */
const ROUNDING = 2_000;

/** The session of one client: its state, the requests that change it, and its refresh in time. */
export class ClientSession {
  readonly #env: Env;
  readonly #transport: Transport;
  readonly #lock: Lock;
  readonly #tabs: Tabs;
  readonly #timer: RefreshTimer;
  readonly #listeners = new Set<Listener>();
  #state: State = loading;
  #tokenVersion = 0;
  /** When the server last said which user is signed in, by `env.now`. */
  #answeredAt = -Infinity;
  #loading: Promise<Result<SignedIn>> | null = null;
  #refreshing: Promise<Result<Session>> | null = null;
  #stopListening: () => void = () => undefined;

  constructor(env: Env, transport: Transport, lock: Lock, tabs: Tabs) {
    this.#env = env;
    this.#transport = transport;
    this.#lock = lock;
    this.#tabs = tabs;
    this.#timer = createRefreshTimer(
      env,
      () => this.#listeners.size > 0,
      () => this.#contactServer(),
    );
  }

  get state(): State {
    return this.#state;
  }

  /** Grows with each new access token, of this tab or another. A request that was refused with an older one may be repeated. */
  get tokenVersion(): number {
    return this.#tokenVersion;
  }

  /** Calls `listen` with each new state. While there is a listener, the session is refreshed in time. */
  subscribe(listen: Listener): () => void {
    // The same function may subscribe twice, and each subscription ends by itself.
    const listener: Listener = (state) => listen(state);
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#startListening();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stopListening();
    };
  }

  /** Asks the server for the user and the session. If the access token has expired, the server refreshes it. */
  load(): Promise<Result<SignedIn>> {
    this.#loading ??= this.#runExclusively(() => this.#loadNow()).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Presents the refresh token, unless a new access token arrives while this call waits for the lock. */
  refresh(): Promise<Result<Session>> {
    if (this.#refreshing !== null) return this.#refreshing;
    const version = this.#tokenVersion;
    const refreshUnlessDone = async (): Promise<Result<Session>> => {
      const { session } = this.#state;
      const isDone = this.#tokenVersion !== version && session !== null;
      return isDone ? success(session) : this.#refreshNow();
    };
    const afterOtherTab = async (): Promise<Result<Session>> => {
      // The message of the other tab may arrive later than the lock, so the server says whether the token is new.
      const expiresAt = this.#timer.expiresAt();
      const loaded = await this.#loadNow();
      if (!loaded.ok) return loaded;
      const isNewToken = this.#timer.expiresAt() > expiresAt + ROUNDING;
      return isNewToken ? success(loaded.data.session) : refreshUnlessDone();
    };
    const refreshing = this.#runExclusively(refreshUnlessDone, afterOtherTab).finally(() => {
      if (this.#refreshing === refreshing) this.#refreshing = null;
    });
    this.#refreshing = refreshing;
    return refreshing;
  }

  /** Refreshes if that is due, as before any request with the session. */
  async refreshIfDue(): Promise<void> {
    // A server that refreshes in its answer does so outside of the lock: its cookies could replace those of a newer sign-in.
    if (this.#timer.refreshAt() === null && this.#transport.isRefreshedByServer) await this.load();
    const refreshAt = this.#timer.refreshAt();
    if (refreshAt !== null && this.#env.now() >= refreshAt) await this.refresh();
  }

  /**
   * Sends a request after those under way, so that no late answer replaces the session that its answer may start. `data` is the
   * whole answer.
   */
  call(request: RouteRequest): Promise<Result<unknown>> {
    // A later call of `refresh` must not share a refresh of the earlier session.
    this.#refreshing = null;
    return this.#runExclusively(async () => {
      const result = await this.#transport.call(request);
      if (!result.ok || !isRecord(result.data) || !isRecord(result.data.session)) return result;
      const accepted = this.#accept(result.data);
      return accepted.ok ? result : accepted;
    });
  }

  /** Sends a request whose answer must start a session. */
  async signIn(path: string, body: object): Promise<Result<SignedIn>> {
    const result = await this.call({ path, method: "POST", body });
    if (!result.ok) return result;
    const signedIn = signedInOf(result.data);
    return signedIn === null ? this.#fail(invalidResponse(200)) : success(signedIn);
  }

  /** Signs out here and in the other tabs, after the requests under way. */
  signOut(scope: SignOutScope): Promise<Result<null>> {
    this.#refreshing = null;
    return this.#runExclusively(async () => {
      const result = await this.#transport.signOut(scope);
      if (endsSession(result, scope)) {
        this.#tabs.post({ id: this.#state.session?.id ?? null, expiresIn: null });
        this.#end();
      }
      return result.ok ? success(null) : result;
    });
  }

  #runExclusively<T>(
    task: () => Promise<Result<T>>,
    afterOtherTab: () => Promise<Result<T>> = task,
  ): Promise<Result<T>> {
    // The error of a storage may contain a token, so its message is dropped.
    return this.#lock
      .run(task, afterOtherTab)
      .catch(() => this.#fail(failure("storage_failed", "The token storage failed.")));
  }

  async #loadNow(): Promise<Result<SignedIn>> {
    const result = await this.#transport.load();
    return result.ok ? this.#accept(result.data) : this.#fail(result);
  }

  async #refreshNow(): Promise<Result<Session>> {
    const { session: before } = this.#state;
    const result = await this.#transport.refresh();
    if (!result.ok) return this.#refreshFailed(result);
    const { data } = result;
    if (!isSessionAnswer(data)) return this.#fail(invalidResponse(200));
    const { session, expires_in: expiresIn } = data;
    this.#tokenVersion += 1;
    this.#answeredAt = this.#env.now();
    this.#timer.schedule(expiresIn);
    if (before?.id === session.id) this.#dispatch({ type: "refreshed", session });
    // The answer has no user, so the user of another session has to be loaded, unless no page shows a user.
    else if (this.#listeners.size > 0 || before !== null) await this.#loadNow();
    this.#tabs.post({ id: session.id, expiresIn });
    return success(session);
  }

  /** A session without refresh tokens (`refreshToken: false` on the server) lasts until its access token expires. */
  async #refreshFailed(failed: Failure): Promise<Result<Session>> {
    const mayHaveNoRefreshToken = failed.error.code === "unauthenticated";
    if (!mayHaveNoRefreshToken || this.#state.status === "signed-out") return this.#fail(failed);
    const loaded = await this.#loadNow();
    if (!loaded.ok) return loaded;
    this.#timer.scheduleExpiry();
    return success(loaded.data.session);
  }

  #accept(answer: unknown): Result<SignedIn> {
    if (!isSessionAnswer(answer) || !isRecord(answer.user)) {
      const isSignedOut = isRecord(answer) && answer.session === null;
      return this.#fail(isSignedOut ? unauthenticated(answer.error) : invalidResponse(200));
    }
    const { user, session, expires_in: expiresIn } = answer;
    const isOtherSession = this.#state.session?.id !== session.id;
    if (isOtherSession) this.#tokenVersion += 1;
    this.#answeredAt = this.#env.now();
    this.#timer.schedule(expiresIn);
    this.#dispatch({ type: "loaded", user, session });
    if (isOtherSession) this.#tabs.post({ id: session.id, expiresIn });
    return success({ user, session });
  }

  /** Handles a failed request: a 401 of Latchkey signs out, any other failure is retried. */
  #fail(failed: Failure): Failure {
    const { error } = failed;
    if (isUnauthenticated(error)) this.#end(error.code);
    else {
      this.#dispatch({ type: "failed", error });
      this.#timer.scheduleRetry();
    }
    return failed;
  }

  #end(reason?: Failure["error"]["code"]): void {
    this.#answeredAt = this.#env.now();
    this.#timer.clear();
    this.#dispatch({ type: "ended", reason });
  }

  #dispatch(event: SessionEvent<unknown, unknown>): void {
    const next = reduce(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.#state);
      } catch (error) {
        // Thrown in a task of its own, so that the page reports it and the other listeners are still called.
        this.#env.later(() => {
          throw error;
        }, 0);
      }
    }
  }

  #startListening(): void {
    const { page } = this.#env;
    const stops = [
      this.#tabs.listen((message) => this.#onMessage(message)),
      page?.onVisibility(() => this.#onVisibility()),
      page?.onOnline(() => this.#timer.isRetrying() && this.#contactServer()),
    ];
    this.#stopListening = () => {
      this.#timer.update();
      for (const stop of stops) stop?.();
    };
    this.#timer.update();
    // Messages of other tabs were not received until now.
    void this.load();
  }

  #onMessage(message: TabMessage): void {
    const decision = decideOnMessage(this.#state, message);
    if (decision === "load") void this.load();
    if (decision === "end") this.#end();
    if (decision === "reschedule" && message.expiresIn !== null) {
      this.#tokenVersion += 1;
      this.#timer.schedule(message.expiresIn);
    }
  }

  #onVisibility(): void {
    const isVisible = this.#env.page?.isVisible() === true;
    const isStale = this.#env.now() - this.#answeredAt > STALE_AFTER;
    // The load may have begun and failed while the page was hidden, and then the timer was not started.
    if (isVisible && isStale) void this.load().then(this.#timer.update);
    else this.#timer.update();
  }

  #contactServer(): void {
    void (this.#state.status === "signed-in" ? this.refresh() : this.load());
  }
}

interface SessionAnswer {
  readonly session: Session;
  readonly expires_in: number;
  /** Not in the answer to a refresh. */
  readonly user?: unknown;
}

/** The user and the session of an answer to a request; null if it started no session. */
export function signedInOf(answer: unknown): SignedIn | null {
  if (!isSessionAnswer(answer) || !isRecord(answer.user)) return null;
  return { user: answer.user, session: answer.session };
}

function isSessionAnswer(value: unknown): value is SessionAnswer {
  return isRecord(value) && isSession(value.session) && isDuration(value.expires_in);
}
