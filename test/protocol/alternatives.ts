import { type Answer, mintToken, type Scheme, type Token, type Verdict } from "./scheme.ts";

/** What the other schemes store: the tokens that are good, and those that were. */
interface Family {
  readonly live: readonly Token[];
  readonly former: readonly Former[];
  readonly issuedAt: number | null;
  readonly generation: number;
  readonly ended: boolean;
}

interface Former {
  readonly token: Token;
  readonly since: number;
}

type Refresh = (family: Family, token: Token, fresh: string, now: number) => Verdict<Family>;

/** For how long a used token still counts, and a new one is kept from use. */
interface Spans {
  readonly memory: number;
  readonly lease: number;
}

/** RFC 9700 4.14.2 to the letter: every token is good once, and any other is an alarm. */
export function strict(): Scheme<Family> {
  return alternative("strict", { memory: 0, lease: 0 }, (family, token, fresh, now) =>
    isLive(family, token) ? succeed(family, token, fresh, now) : alarm(family),
  );
}

/** Within the window a used token gives a sibling, and all siblings live on. */
export function graceFork(window: number): Scheme<Family> {
  return alternative("grace window that forks", { memory: window, lease: 0 }, (family, token, fresh, now) => {
    if (isLive(family, token)) return succeed(family, token, fresh, now);
    return isGraced(family, token, window, now) ? succeed(family, token, fresh, now) : alarm(family);
  });
}

/** Within the window the token before the current one gives a new current one, and the old current one dies. */
export function graceNewestWins(window: number): Scheme<Family> {
  return alternative(
    "grace window, newest wins",
    { memory: window, lease: 0 },
    (family, token, fresh, now) => {
      if (isLive(family, token)) return succeed({ ...family, former: [] }, token, fresh, now);
      const isGood = isGraced(family, token, window, now);
      return isGood ? succeed({ ...family, live: [] }, token, fresh, now) : alarm(family);
    },
  );
}

/** Leased rotation, but a late request gets the successor that exists, and the lease starts again. */
export function sameSuccessor(lease: number): Scheme<Family> {
  return alternative(
    "same successor for everybody",
    { memory: Infinity, lease },
    (family, token, fresh, now) => {
      const [current] = family.live;
      const isLeased = family.issuedAt !== null && now - family.issuedAt < lease;
      if (isLive(family, token) && !isLeased) return succeed({ ...family, former: [] }, token, fresh, now);
      if (current === undefined || !isKnown(family, token)) return alarm(family);
      const answer: Answer = { kind: "refresh", token: current, outcome: "handed out again" };
      return { row: { ...family, issuedAt: now }, answer };
    },
  );
}

function alternative(name: string, { memory, lease }: Spans, refresh: Refresh): Scheme<Family> {
  return {
    name,
    start: (token) => ({ live: [token], former: [], issuedAt: null, generation: 0, ended: false }),
    refresh: (family, token, fresh, now) =>
      family.ended ? refuse(family) : refresh(family, token, fresh, now),
    look: (family, token) => ({
      row: family,
      answer: isLive(family, token) ? { kind: "seen" } : { kind: "unseen", because: "superseded" },
    }),
    confirm: (family) => family,
    signOut: (family) => ({ ...family, ended: true }),
    isEnded: (family) => family.ended,
    generation: (family) => family.generation,
    standing(family, token, now) {
      if (isLive(family, token)) return "l";
      const former = family.former.find((one) => isSame(one.token, token));
      if (former === undefined || now - former.since >= memory) return null;
      return memory === Infinity ? "f" : `f${now - former.since}`;
    },
    shape(family, now) {
      if (family.ended) return "ended";
      return family.issuedAt === null ? "-" : `${Math.min(now - family.issuedAt, lease)}`;
    },
    print: printFamily,
  };
}

/** Issues a successor to `token`, which is good no longer but remembered. */
function succeed(family: Family, token: Token, fresh: string, now: number): Verdict<Family> {
  const generation = family.generation + 1;
  const successor = mintToken(fresh, generation);
  const live = [...family.live.filter((one) => !isSame(one, token)), successor];
  const former = isLive(family, token) ? [...family.former, { token, since: now }] : family.former;
  const answer: Answer = { kind: "refresh", token: successor, outcome: "rotated" };
  return { row: { ...family, live, former, issuedAt: now, generation }, answer };
}

function alarm(family: Family): Verdict<Family> {
  return { row: { ...family, ended: true }, answer: { kind: "alarm" } };
}

function refuse(family: Family): Verdict<Family> {
  return { row: family, answer: { kind: "refused", reason: "ended" } };
}

function isSame(a: Token, b: Token): boolean {
  return a.secretHash === b.secretHash;
}

function isLive(family: Family, token: Token): boolean {
  return family.live.some((one) => isSame(one, token));
}

function isKnown(family: Family, token: Token): boolean {
  return isLive(family, token) || family.former.some((one) => isSame(one.token, token));
}

function isGraced(family: Family, token: Token, window: number, now: number): boolean {
  return family.former.some((one) => isSame(one.token, token) && now - one.since < window);
}

function printFamily(family: Family): string {
  if (family.ended) return "ended (alarm)";
  const live = family.live.map((token) => token.secretHash).join(" ");
  const former = family.former.map((one) => one.token.secretHash).join(" ");
  return `live ${live || "-"}, former ${former || "-"}`;
}
