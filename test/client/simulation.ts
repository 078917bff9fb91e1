import { setTimeout } from "node:timers/promises";
import { type AuthClient, type ClientOptions, createAuthClient, type Env, type Page } from "@latchkey/client";
import type { Browser, Server } from "../fixtures/browser.ts";
import { openServer, type ServerOptions, type TestServer } from "../fixtures/server.ts";

export const ORIGIN = "http://localhost:3000";

/** What happens to a request on its way there, and to its answer on its way back. To throw is to lose it. */
export interface Network {
  there: (request: Request) => Promise<void> | void;
  back: (request: Request, response: Response) => Promise<Response> | Response;
}

/** A server, and the time that it and its clients share. */
export interface Simulation {
  readonly server: TestServer;
  readonly network: Network;
  /** The requests that were sent, as `POST /refresh`. */
  readonly sent: string[];
  readonly profile: () => Profile;
  /** A client that keeps its tokens itself. */
  readonly holder: (options: Pick<ClientOptions, "storage" | "trustedOrigins">) => AuthClient;
  /** Lets time pass, second by second, and everything happen that is due. */
  readonly pass: (seconds: number) => Promise<void>;
  /** Keeps requests, or their answers, until they are let go or given up. */
  readonly hold: (where: "there" | "back", wanted: string) => () => void;
  /** Waits until nothing is under way but what is held. */
  readonly whenIdle: () => Promise<void>;
}

/** One cookie jar, and the tabs that share it. */
export interface Profile {
  readonly browser: Browser;
  readonly tab: (env?: Partial<Env>) => Tab;
  /** Says what a tab would, whenever it does. */
  readonly tellOtherTabs: (message: unknown) => void;
}

export interface Tab {
  readonly client: AuthClient;
  readonly show: (visible: boolean) => void;
  readonly goOnline: () => void;
  /** Where it was led to. */
  readonly visited: readonly string[];
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export function openSimulation(options: ServerOptions<never, never> = {}): Simulation {
  const server: TestServer = openServer(options);
  const { clock } = server;
  const network: Network = { there: () => undefined, back: (_, response) => response };
  const sent: string[] = [];
  const timers = new Set<Timer>();
  const busy = { requests: 0, held: 0 };

  const through: Through = async (request, answer, arrive) => {
    busy.requests += 1;
    try {
      sent.push(nameOf(request));
      await network.there(request);
      const response = await network.back(request, await answer());
      arrive(response);
      return response;
    } finally {
      busy.requests -= 1;
    }
  };
  const whenIdle = async (): Promise<void> => {
    for (let before = -1; before !== sent.length; ) {
      before = sent.length;
      for (let calm = 0; calm < 20; calm = busy.requests > busy.held ? 0 : calm + 1) await nextTurn();
      // Locks and channels are the platform's, and need a moment of real time.
      await setTimeout(2);
    }
  };
  const hold: Simulation["hold"] = (where, wanted) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = async (request: Request): Promise<void> => {
      if (nameOf(request) !== wanted) return;
      busy.held += 1;
      await Promise.race([promise, givenUp(request)]).finally(() => (busy.held -= 1));
    };
    if (where === "there") network.there = wait;
    else network.back = (request, response) => wait(request).then(() => response);
    return resolve;
  };
  const later: Env["later"] = (run, milliseconds) => {
    const timer = { at: clock.now() + milliseconds, run };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const shared = { now: clock.now, random: () => 0.5, later };
  return {
    server,
    network,
    sent,
    hold,
    whenIdle,
    pass: async (seconds) => {
      await whenIdle();
      for (let passed = 0; passed < seconds; passed += 1) {
        clock.advance(1);
        const due = [...timers].filter(({ at }) => at <= clock.now());
        for (const timer of due) if (timers.delete(timer)) timer.run();
        if (due.length > 0) await whenIdle();
      }
    },
    profile: () => openProfile(server.browser(ORIGIN), server.auth, { ...shared, through }),
    holder: (given) => {
      const fetch = (request: Request): Promise<Response> =>
        through(
          request,
          () => server.auth.handle(request),
          () => undefined,
        );
      const env = { ...shared, fetch, page: null, openChannel: null, locks: null };
      return createAuthClient({ baseURL: `${ORIGIN}/auth`, ...given, env });
    },
  };
}

/** Cookies are kept when an answer arrives, and not before. */
type Through = (
  request: Request,
  answer: () => Promise<Response>,
  arrive: (response: Response) => void,
) => Promise<Response>;

function openProfile(
  browser: Browser,
  server: Server,
  { through, ...shared }: Pick<Env, "now" | "random" | "later"> & { readonly through: Through },
): Profile {
  // The platform's own locks and channels, apart from those of other profiles.
  const id = crypto.randomUUID();
  const answer = async (request: Request): Promise<Response> => {
    const { method, headers } = request;
    const body = method === "POST" ? await request.text() : "";
    const path = request.url.slice(browser.origin.length);
    const call = { method, headers: Object.fromEntries(headers), ...(body === "" ? {} : { body }) };
    return server.handle(browser.request(path, call));
  };
  const fetch = (request: Request): Promise<Response> =>
    through(
      request,
      () => answer(request),
      ({ headers }) => browser.take(headers),
    );
  return {
    browser,
    tellOtherTabs: (message) => {
      const channel = new BroadcastChannel(`${id}latchkey:/auth`);
      channel.postMessage(message);
      channel.close();
    },
    tab: (env = {}) => {
      const page = openPage();
      const request = ((name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>]) =>
        navigator.locks.request(id + name, ...rest)) as LockManager["request"];
      const openChannel: Env["openChannel"] = (name, listen) => {
        const channel = new BroadcastChannel(id + name);
        channel.onmessage = ({ data }) => listen(data);
        return { post: (message) => channel.postMessage(message), close: () => channel.close() };
      };
      const all: Partial<Env> = {
        ...shared,
        fetch,
        locks: { request },
        openChannel,
        page: page.page,
        ...env,
      };
      const client = createAuthClient({ baseURL: "/auth", env: all });
      return { client, ...page };
    },
  };
}

function openPage(): Omit<Tab, "client"> & { readonly page: Page } {
  const ears = { visibility: new Set<() => void>(), online: new Set<() => void>() };
  const visited: string[] = [];
  const seen = { isVisible: true };
  const listen = (all: Set<() => void>) => (run: () => void) => {
    all.add(run);
    return () => all.delete(run);
  };
  return {
    visited,
    page: {
      href: () => `${ORIGIN}/`,
      navigate: (url) => visited.push(url),
      isVisible: () => seen.isVisible,
      onVisibility: listen(ears.visibility),
      onOnline: listen(ears.online),
    },
    show: (visible) => {
      seen.isVisible = visible;
      for (const run of ears.visibility) run();
    },
    goOnline: () => {
      for (const run of ears.online) run();
    },
  };
}

function nameOf({ method, url }: Request): string {
  return `${method} ${new URL(url).pathname.replace(/^\/auth/, "")}`;
}

function givenUp({ signal }: Request): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("given up")));
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
