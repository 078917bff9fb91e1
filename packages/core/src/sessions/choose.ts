import { now } from "../env.ts";
import type { ErrorCode } from "../errors.ts";
import type { AccessClaims } from "../tokens/claims.ts";
import { parseRefreshToken, type RefreshToken } from "../tokens/refresh-token.ts";
import { MOST_TOKENS, type Presentation, type PresentedAccess, type PresentedText } from "./access.ts";
import { isLive } from "./decide.ts";
import type { SessionEngine, SessionUser } from "./engine.ts";
import { judge } from "./rotate.ts";
import { type Claim, selectClaim } from "./select.ts";
import type { SessionId, Transport } from "./session.ts";
import type { TimedRow } from "./store.ts";

/** The one token of a request that counts. */
export type Choice =
  | { readonly kind: "access"; readonly claims: AccessClaims }
  | { readonly kind: "refresh"; readonly token: string }
  | { readonly kind: "conflict"; readonly sessionIds: readonly SessionId[] }
  | { readonly kind: "none"; readonly code: ErrorCode };

/** A well-formed refresh token, as sent and as parsed. */
interface ParsedText extends PresentedText {
  readonly parsed: RefreshToken;
}

/**
 * Chooses the token of a request that counts. The store is asked only where more than one session may be meant: a live
 * access token under the name in use, without the refresh token of another session beside it, costs no call.
 */
export async function chooseToken<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  presented: Presentation,
  { live, code }: PresentedAccess,
): Promise<Choice> {
  const refresh = wellFormed(presented.refresh);
  if (refresh.length > MOST_TOKENS || live.length > MOST_TOKENS) return tooMany(live, refresh);
  const sure = sureChoice(presented, live, refresh);
  if (sure !== null) return sure;
  const none: Choice = { kind: "none", code: presented.refresh.length > 0 ? "refresh_token_invalid" : code };
  if (live.length === 0 && refresh.length === 0) return none;
  return (await chooseByStore(engine, presented.transport, { live, refresh })) ?? none;
}

/**
 * Chooses the refresh token to present, where no access token is asked for. A refresh token under a former name does not
 * count beside a live access token of another session under the name in use.
 */
export async function chooseRefreshToken<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  presented: Presentation,
  access: () => Promise<PresentedAccess>,
): Promise<Choice> {
  const refresh = wellFormed(presented.refresh);
  const [only] = refresh;
  if (only === undefined) return { kind: "none", code: "refresh_token_invalid" };
  if (refresh.length > MOST_TOKENS) return tooMany([], refresh);
  if (refresh.length === 1 && only.current) return { kind: "refresh", token: only.token };
  const live = refresh.some(({ current }) => current) ? [] : (await access()).live;
  const foreign = live.filter(
    ({ current, claims }) => current && !refresh.some((r) => r.parsed.id === claims.sid),
  );
  const [beating] = foreign;
  if (beating !== undefined) return { kind: "conflict", sessionIds: [beating.claims.sid] };
  const choice = await chooseByStore(engine, presented.transport, { live: [], refresh });
  return choice ?? { kind: "none", code: "refresh_token_invalid" };
}

interface Tokens {
  readonly live: PresentedAccess["live"];
  readonly refresh: readonly ParsedText[];
}

function sureChoice(
  { tossable }: Presentation,
  live: PresentedAccess["live"],
  refresh: readonly ParsedText[],
): Choice | null {
  const current = live.filter((access) => access.current);
  const among = current.length > 0 ? current : live;
  const [newest, ...rest] = among.toSorted((a, b) => b.claims.exp - a.claims.exp);
  if (newest !== undefined && rest.every(({ claims }) => claims.sid === newest.claims.sid)) {
    // A sibling subdomain may have set the access token: then a refresh token of another session has to be looked at.
    const others = refresh.filter((other) => !newest.current || (tossable && other.current));
    const isAlone = others.every(({ parsed }) => parsed.id === newest.claims.sid);
    return isAlone ? { kind: "access", claims: newest.claims } : null;
  }
  const [only, ...more] = refresh;
  return live.length === 0 && only !== undefined && more.length === 0
    ? { kind: "refresh", token: only.token }
    : null;
}

async function chooseByStore<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  transport: Transport | null,
  { live, refresh }: Tokens,
): Promise<Choice | null> {
  const rows = await readRows(engine, [
    ...live.map(({ claims }) => claims.sid),
    ...refresh.map(({ parsed }) => parsed.id),
  ]);
  const choices: readonly Choice[] = [
    ...live.map(({ claims }): Choice => ({ kind: "access", claims })),
    ...refresh.map(({ token }): Choice => ({ kind: "refresh", token })),
  ];
  const selection = selectClaim([
    ...live.map(({ claims, current }): Claim => {
      const found = rows.get(claims.sid) ?? null;
      const standing = found !== null && isLive(found.row, found.now) ? "live" : "dead";
      return { kind: "access", current, sessionId: claims.sid, standing, rank: claims.exp };
    }),
    ...refresh.map(({ parsed, current }): Claim => {
      const { decision } = judge(engine, rows.get(parsed.id) ?? null, parsed, transport);
      const standing =
        decision.kind === "reuse" ? "superseded" : decision.kind === "refused" ? "dead" : "live";
      return { kind: "refresh", current, sessionId: parsed.id, standing, rank: parsed.generation };
    }),
  ]);
  if (selection.kind === "conflict") return selection;
  return selection.kind === "use" ? (choices[selection.index] ?? null) : null;
}

async function readRows<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  ids: readonly SessionId[],
): Promise<ReadonlyMap<SessionId, TimedRow | null>> {
  const at = now(engine.env);
  const distinct = [...new Set(ids)];
  const rows = await Promise.all(distinct.map((id) => engine.store.get(id, at)));
  return new Map(distinct.map((id, index) => [id, rows[index] ?? null]));
}

// A browser holds few tokens of ours. So many were set to hide the one that counts, or to keep the server busy.
function tooMany(live: PresentedAccess["live"], refresh: readonly ParsedText[]): Choice {
  const ids = [...live.map(({ claims }) => claims.sid), ...refresh.map(({ parsed }) => parsed.id)];
  return { kind: "conflict", sessionIds: [...new Set(ids)].slice(0, MOST_TOKENS) };
}

/** The well-formed refresh tokens, each once; what is none costs no more than a look at its form. */
function wellFormed(texts: readonly PresentedText[]): readonly ParsedText[] {
  const found = new Map<string, ParsedText>();
  for (const text of texts) {
    const parsed = found.has(text.token) ? null : parseRefreshToken(text.token);
    if (parsed !== null) found.set(text.token, { ...text, parsed });
  }
  return [...found.values()];
}
