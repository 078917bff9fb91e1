import type { Channel, Env } from "./env.ts";
import { isRecord } from "./result.ts";
import { isDuration, type SessionState } from "./state.ts";

/** What one tab tells the others about a session. The id is no secret, and gives no access. */
export interface TabMessage {
  /** Null if the tab signed out before it knew the id. */
  readonly id: string | null;
  /** In how many seconds the access token expires; null if the session has ended. */
  readonly expiresIn: number | null;
}

/** Sends messages to the other tabs, and receives theirs while it listens. */
export interface Tabs {
  readonly post: (message: TabMessage) => void;
  /** Returns a function that stops listening. */
  readonly listen: (onMessage: (message: TabMessage) => void) => () => void;
}

export function createTabs(name: string, openChannel: Env["openChannel"]): Tabs {
  let listening: Channel | null = null;
  return {
    post: (message) => {
      // A channel does not receive its own messages. One that stays open keeps a Node process alive, so close it again.
      const channel = listening ?? tryToOpen(openChannel, name, () => undefined);
      channel?.post(message);
      if (listening === null) channel?.close();
    },
    listen: (onMessage) => {
      listening = tryToOpen(openChannel, name, (message) => isTabMessage(message) && onMessage(message));
      return () => {
        listening?.close();
        listening = null;
      };
    },
  };
}

function tryToOpen(
  openChannel: Env["openChannel"],
  name: string,
  listen: (message: unknown) => void,
): Channel | null {
  try {
    return openChannel?.(name, listen) ?? null;
  } catch {
    // A page without storage may not be allowed to open a channel.
    return null;
  }
}

/** Decides what a message of another tab changes. Messages may be late: only the server says that a user is signed in. */
export function decideOnMessage<U, Context>(
  state: SessionState<U, Context>,
  { id, expiresIn }: TabMessage,
): "ignore" | "load" | "reschedule" | "end" {
  // The first load is under way, or it failed.
  if (state.status === "loading") return state.error === null ? "ignore" : "load";
  const isSameSession = id === (state.session?.id ?? "");
  if (expiresIn === null && id !== null) return isSameSession ? "end" : "ignore";
  return isSameSession ? "reschedule" : "load";
}

export function isTabMessage(value: unknown): value is TabMessage {
  if (!isRecord(value)) return false;
  const { id, expiresIn } = value;
  return (id === null || typeof id === "string") && (expiresIn === null || isDuration(expiresIn));
}
