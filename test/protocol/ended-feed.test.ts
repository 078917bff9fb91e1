import { expect, it } from "vitest";
import { exploreFeed, type FeedBounds, type FeedSession, type FeedWorld, verdictOf } from "./ended-feed.ts";

const BOUNDS: FeedBounds = { ticks: 2, sessions: 2, feed: 2, reads: 1, lifetime: 5, clocks: [0] };

/** The worlds around one session, or two, with reads that overtake one another and clocks that differ. */
const RUNS: Readonly<Record<string, FeedBounds>> = {
  "two sessions": BOUNDS,
  "two reads at once": { ...BOUNDS, sessions: 1, feed: 2, reads: 2, ticks: 3 },
  "clocks that differ": { ...BOUNDS, sessions: 1, clocks: [0, 1], ticks: 3 },
};

interface Seen {
  readonly world: FeedWorld;
  readonly session: FeedSession;
  readonly token: FeedSession["tokens"][number];
  /** The verdict of a server with a store, which allows for clocks that differ, and of one without. */
  readonly withStore: string;
  readonly alone: string;
  readonly clocksAgree: boolean;
}

/** Whether the process has read everything that the feed holds, and the token has not expired. */
const isKnown = ({ world, token }: Seen): boolean =>
  world.known === world.feed.length && token.expiresAt >= world.time;

/** The worlds that each property is about, and the worlds that break it. */
const PROPERTIES: Readonly<Record<string, (seen: Seen) => "kept" | "broken" | null>> = {
  // With `user_ended` and `stale` the server asks the store, which accepts the session.
  "refuses no session that is live in the store": ({ session, withStore }) => {
    if (session.isEnded) return null;
    return withStore === "ended" ? "broken" : "kept";
  },

  "accepts no ended session once a later read arrived": (seen) => {
    if (!seen.session.isEnded || !isKnown(seen)) return null;
    return ["ended", "user_ended"].includes(seen.withStore) ? "kept" : "broken";
  },

  "accepts no old context once a later read arrived": (seen) => {
    if (!seen.clocksAgree || seen.token.context === seen.session.context || !isKnown(seen)) return null;
    return seen.withStore === "unlisted" ? "broken" : "kept";
  },

  "refuses, without a store, no session that started a second after the end of all": (seen) => {
    const { world, session, token, alone } = seen;
    const isAfter = world.feed.every(({ kind, at }) => kind !== "user" || at < token.issuedAt);
    if (!seen.clocksAgree || session.isEnded || !isAfter) return null;
    return alone === "ended" || alone === "user_ended" ? "broken" : "kept";
  },
};

it.each(Object.entries(RUNS))(
  "the list of ended sessions, in every order of events, with %s",
  (title, bounds) => {
    const skew = Math.max(...bounds.clocks) - Math.min(...bounds.clocks);
    const kept = new Map<string, number>();
    const states = exploreFeed(bounds, (world) => {
      for (const session of world.sessions) {
        for (const token of session.tokens) {
          const withStore = verdictOf(world, session, token, skew);
          const alone = verdictOf(world, session, token, 0);
          const seen = { world, session, token, withStore, alone, clocksAgree: skew === 0 };
          for (const [name, judge] of Object.entries(PROPERTIES)) {
            const verdict = judge(seen);
            if (verdict === "broken")
              throw new Error(`${name}: ${JSON.stringify({ world, session, token })}`);
            if (verdict === "kept") kept.set(name, (kept.get(name) ?? 0) + 1);
          }
        }
      }
    });
    console.log(`${title}: ${states} states, ${[...kept.values()].join(", ")} tokens judged`);
    expect(states).toBeGreaterThan(10_000);
    for (const name of Object.keys(PROPERTIES).slice(0, skew === 0 ? 4 : 2)) {
      expect(kept.get(name) ?? 0, name).toBeGreaterThan(1_000);
    }
  },
);
