/** A way to tell the other tabs of this origin. */
export interface Channel {
  readonly post: (message: unknown) => void;
  readonly close: () => void;
}

/** The page that the client runs in. */
export interface Page {
  readonly href: () => string;
  readonly navigate: (url: string) => void;
  readonly isVisible: () => boolean;
  /** Calls back when the page is shown or hidden. Returns what stops it. */
  readonly onVisibility: (run: () => void) => () => void;
  readonly onOnline: (run: () => void) => () => void;
}

/** What the client takes from its platform. */
export interface Env {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** From 0 to 1, for jitter alone. */
  readonly random: () => number;
  /** Calls back once after so many milliseconds. Returns what stops it. */
  readonly later: (run: () => void, milliseconds: number) => () => void;
  /** Web Locks, which the tabs of a page share; null where there are none. */
  readonly locks: Pick<LockManager, "request"> | null;
  readonly openChannel: ((name: string, listen: (message: unknown) => void) => Channel) | null;
  /** Null where there is no page: servers, command lines, React Native. */
  readonly page: Page | null;
}

/** What this platform has. Nothing is opened or asked before it is needed. */
export function platform(): Env {
  // Without a page there are no tabs: several clients of one process are strangers to one another.
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
