/** A channel to the other tabs of this origin, like `BroadcastChannel`. */
export interface Channel {
  readonly post: (message: unknown) => void;
  readonly close: () => void;
}

/** The browser page that the client runs in. */
export interface Page {
  readonly href: () => string;
  readonly navigate: (url: string) => void;
  readonly isVisible: () => boolean;
  /** Calls `run` when the page is shown or hidden. Returns a function that unsubscribes. */
  readonly onVisibility: (run: () => void) => () => void;
  /** Calls `run` when the network is back. Returns a function that unsubscribes. */
  readonly onOnline: (run: () => void) => () => void;
}

/** The functions of the platform that the client uses. */
export interface Env {
  /** Sends each request. Default the global `fetch`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** A clock in milliseconds that never goes back, like `performance.now`, which is the default. */
  readonly now: () => number;
  /** A number from 0 to 1. It spreads refreshes and retries in time, and needs no cryptographic strength. Default `Math.random`. */
  readonly random: () => number;
  /** Calls `run` once after so many milliseconds. Returns a function that cancels it. Default by `setTimeout`. */
  readonly later: (run: () => void, milliseconds: number) => () => void;
  /** Web Locks, which the tabs of an origin share. Null if the platform has none. Default `navigator.locks`. */
  readonly locks: Pick<LockManager, "request"> | null;
  /** Opens a channel to the other tabs. Null if the platform has none. Default a `BroadcastChannel`. */
  readonly openChannel: ((name: string, listen: (message: unknown) => void) => Channel) | null;
  /** The page of the browser, by default the one that runs the script. Null without a page: on servers, command lines and React Native. */
  readonly page: Page | null;
}

/** The functions of this platform. Nothing is opened or called before the client uses it. */
function platform(): Env {
  // Without a page there are no tabs: the clients of one process have separate sessions, and must not share locks.
  const hasPage = typeof document === "object" && typeof location === "object";
  return {
    fetch: (request) => globalThis.fetch(request),
    now: () => performance.now(),
    random: () => Math.random(),
    later: (run, milliseconds) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
    locks: hasPage ? (navigator.locks ?? null) : null,
    openChannel: hasPage && typeof BroadcastChannel === "function" ? openChannel : null,
    page: hasPage ? page : null,
  };
}

/** The given functions, and those of the platform for the others. None gets a `this`: `window.fetch` refuses it. */
export function envOf(given: Partial<Env> = {}): Env {
  const { fetch, now, later, ...rest } = { ...platform(), ...given };
  return {
    ...rest,
    fetch: (request) => fetch(request),
    now: () => now(),
    later: (run, milliseconds) => later(run, milliseconds),
  };
}

function openChannel(name: string, listen: (message: unknown) => void): Channel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => listen(data);
  return { post: (message) => channel.postMessage(message), close: () => channel.close() };
}

const page: Page = {
  href: () => location.href,
  navigate: (url) => location.assign(url),
  isVisible: () => document.visibilityState === "visible",
  onVisibility: (run) => {
    document.addEventListener("visibilitychange", run);
    return () => document.removeEventListener("visibilitychange", run);
  },
  onOnline: (run) => {
    globalThis.addEventListener("online", run);
    return () => globalThis.removeEventListener("online", run);
  },
};
