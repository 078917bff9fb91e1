import { type Env, warn } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { AccessClaims } from "./access-claims.ts";
import { parsePublishedPage, publishedKey } from "./published-ends.ts";
import {
  type EndedList,
  type EndedPage,
  endedFeed,
  type FeedOptions,
  judgeToken,
  type KeepAlive,
  type ListedToken,
  type ListVerdict,
} from "./revocation.ts";

/** How often the list is read. With an idle second and the age that a cache may add, an end is known within 11 seconds. */
const POLL_EVERY: Seconds = 8;

/** The ended sessions of another server. */
export interface RemoteEnds {
  /**
   * Why a live access token is refused, by the list; null if it is not. `session_expired` is for a token with a context that was
   * replaced: the session is live, and a refresh issues a token with the new one.
   */
  refusalOf(
    claims: AccessClaims,
    keepAlive: KeepAlive | null,
  ): Promise<"session_revoked" | "session_expired" | null>;
  /** Whether the list has no entry for a live access token at `at`, which is now. False also if that needs a read of the list. */
  passes(claims: AccessClaims, at: EpochSeconds): boolean;
}

const REFUSALS: Readonly<Record<ListVerdict, "session_revoked" | "session_expired" | null>> = {
  unlisted: null,
  ended: "session_revoked",
  user_ended: "session_revoked",
  // Only a server with a store can read the new context.
  stale: "session_expired",
  maybe_stale: null,
};

/** Makes the list of a server that publishes it at `url`, which is its `GET /ended`. */
export function remoteEnds(env: Env, url: string, whenBehind: FeedOptions["whenBehind"]): RemoteEnds {
  const feed = endedFeed({
    env,
    pollEvery: POLL_EVERY,
    whenBehind,
    read: (cursor) => fetchPage(env, url, cursor),
    onBehind: (seconds) => warn(`${url} could not be read for ${seconds} seconds`),
    onFailure: () => undefined,
  });
  // The digests of a token. Its claims are the same object while the token is in the cache of verified tokens.
  const digests = new WeakMap<AccessClaims, PublishedToken>();
  const judge = ({ parts }: EndedList, claims: AccessClaims): ListVerdict => {
    // Digests are made only for lists that have entries.
    if (parts.length === 0) return "unlisted";
    const token = digests.get(claims) ?? publishedToken(claims);
    digests.set(claims, token);
    return judgeToken({ parts }, { ...token, issuedAt: claims.iat }, 0);
  };
  return {
    async refusalOf(claims, keepAlive) {
      return REFUSALS[judge(await feed.current(keepAlive), claims)];
    },
    passes(claims, at) {
      const list = feed.known(at);
      return list !== null && REFUSALS[judge(list, claims)] === null;
    },
  };
}

type PublishedToken = Pick<ListedToken, "session" | "user">;

function publishedToken({ sid, sub }: AccessClaims): PublishedToken {
  return { session: publishedKey("session", sid), user: publishedKey("user", sub) };
}

async function fetchPage(env: Env, endedUrl: string, cursor: string | null): Promise<EndedPage> {
  const url = new URL(endedUrl);
  if (cursor !== null) url.searchParams.set("after", cursor);
  const answer = await fetchJson(env, url.href, { headers: { accept: "application/json" } });
  const page = answer.ok && answer.status === 200 ? parsePublishedPage(answer.text) : null;
  if (page === null) throw new AuthError("store_unavailable", "the list of ended sessions cannot be fetched");
  return page;
}
