import {
  applyDecision,
  confirmChild,
  type Decision,
  decide,
  decideLookUp,
  type LookUpDecision,
  type PresentedToken,
  type SessionRow,
} from "@latchkey/core/store";

/** A refresh token of the model: its secret is a name, and the name is its own digest. */
export type Token = PresentedToken;

/** What a client gets for a refresh token. */
export type Answer =
  | { readonly kind: "refresh"; readonly token: Token; readonly outcome: string }
  | { readonly kind: "access_only"; readonly proof?: Token }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "alarm" }
  /** What a look tells: signed in, or not. */
  | { readonly kind: "seen" }
  | { readonly kind: "unseen"; readonly because: "stale" | "superseded" };

export interface Verdict<Row> {
  readonly row: Row;
  readonly answer: Answer;
}

/** A way to rotate refresh tokens, as far as the explorer needs to know it. */
export interface Scheme<Row> {
  readonly name: string;
  start(token: Token): Row;
  refresh(row: Row, token: Token, fresh: string, now: number): Verdict<Row>;
  /** A refresh token is looked up where nothing may rotate. */
  look(row: Row, token: Token, now: number): Verdict<Row>;
  /** An access token that was minted with this refresh token is seen. */
  confirm(row: Row, token: Token, now: number): Row;
  signOut(row: Row, now: number): Row;
  isEnded(row: Row): boolean;
  generation(row: Row): number;
  /** What the row makes of a token at `now`, equal for tokens that it cannot tell apart; null: never good again. */
  standing(row: Row, token: Token, now: number): string | null;
  /** All of the row that bears on later answers, but which tokens it knows. */
  shape(row: Row, now: number): string;
  print(row: Row, now: number): string;
}

/** Leased rotation, and the ways to break it on purpose. */
export interface LeaseRules {
  readonly lease: number;
  /** How long early confirmation waits; the lease where it is left out. */
  readonly confirmAfter?: number;
  /** Sabotage: an access-only answer restarts the lease. */
  readonly slides?: true;
  /** Sabotage: an access-only answer carries the newest generation, as one with a refresh token does. */
  readonly proves?: true;
  /** The life of an access token; 0, which makes the bound of a look four leases, where it is left out. */
  readonly accessLifetime?: number;
  /** Sabotage: a look is answered however long ago the family issued a token. */
  readonly looksForever?: true;
  /** Sabotage: a look ends the family that a superseded token is of. */
  readonly looksAlarm?: true;
}

const FAMILY = "family";

export function mintToken(secretHash: string, generation: number): Token {
  return { familyHash: FAMILY, secretHash, generation };
}

/** Leased rotation: the shipped `decide`, `applyDecision` and `confirmChild` under the names of the model. */
export function leased(rules: LeaseRules): Scheme<SessionRow> {
  const { lease, confirmAfter = lease } = rules;
  const policy = { lease, transport: null };
  return {
    name: "leased rotation",
    start: (token) => ({ ...startRow(token), accessLifetime: rules.accessLifetime ?? 0 }),
    refresh(row, token, fresh, now) {
      const decision = decide(row, token, now, policy);
      const after = applyDecision(row, decision, fresh, now);
      const answer = answerOf(decision, fresh, after);
      return answer.kind === "access_only" ? sabotage(after, rules, now) : { row: after, answer };
    },
    look: (row, token, now) => lookAt(row, decideLookUp(row, token, now, policy), rules, now),
    confirm: (row, token, now) => confirmChild(row, token.generation, now, confirmAfter) ?? row,
    signOut: (row, now) => (row.endedAt === null ? { ...row, endedAt: now, endReason: "logout" } : row),
    isEnded: (row) => row.endedAt !== null,
    generation: (row) => row.generation,
    standing: leasedStanding,
    shape(row, now) {
      if (row.endedAt !== null) return "ended";
      const leased = row.childIssuedAt === null ? "-" : `${Math.min(now - row.childIssuedAt, lease)}`;
      if (rules.accessLifetime === undefined) return leased;
      return `${leased},${Math.min(now - row.refreshedAt, rules.accessLifetime + 4 * lease)}`;
    },
    print: printRow,
  };
}

function answerOf(decision: Decision, fresh: string, after: SessionRow): Answer {
  switch (decision.kind) {
    case "issue":
      return { kind: "refresh", token: mintToken(fresh, after.generation), outcome: decision.outcome };
    case "access_only":
      return { kind: "access_only" };
    case "refused":
      return { kind: "refused", reason: decision.reason };
    case "reuse":
      return { kind: "alarm" };
  }
}

function lookAt(
  row: SessionRow,
  decision: LookUpDecision,
  { looksForever, looksAlarm }: LeaseRules,
  now: number,
): Verdict<SessionRow> {
  switch (decision.kind) {
    case "proven":
      return { row, answer: { kind: "seen" } };
    case "stale":
      return { row, answer: looksForever ? { kind: "seen" } : { kind: "unseen", because: "stale" } };
    case "superseded":
      if (looksAlarm) return { row: { ...row, endedAt: now, endReason: "reuse" }, answer: { kind: "alarm" } };
      return { row, answer: { kind: "unseen", because: "superseded" } };
    case "refused":
      return { row, answer: { kind: "refused", reason: decision.reason } };
  }
}

function sabotage(row: SessionRow, { slides, proves }: LeaseRules, now: number): Verdict<SessionRow> {
  const slid = slides ? { ...row, childIssuedAt: now } : row;
  if (!proves || row.childHash === null) return { row: slid, answer: { kind: "access_only" } };
  return { row: slid, answer: { kind: "access_only", proof: mintToken(row.childHash, row.generation) } };
}

function leasedStanding(row: SessionRow, token: Token): string | null {
  if (token.generation > row.generation) return `+${token.generation - row.generation}`;
  if (token.secretHash === row.childHash) return "c";
  return token.secretHash === row.rootHash ? "r" : null;
}

function printRow(row: SessionRow, now: number): string {
  if (row.endedAt !== null) return `ended (${row.endReason})`;
  const age = row.childIssuedAt === null ? "" : `, age ${now - row.childIssuedAt}`;
  return `root ${row.rootHash}, child ${row.childHash ?? "-"}${age}`;
}

function startRow(token: Token): SessionRow {
  return {
    id: "session",
    userId: "user",
    familyHash: token.familyHash,
    rootHash: token.secretHash,
    rootGeneration: token.generation,
    childHash: null,
    childIssuedAt: null,
    replacedAt: null,
    generation: token.generation,
    context: {},
    device: { userAgent: null, address: null },
    transport: "cookie",
    amr: [],
    createdAt: 0,
    authTime: 0,
    refreshedAt: 0,
    accessLifetime: 0,
    idleLifetime: null,
    expiresAt: null,
    absoluteExpiresAt: null,
    endedAt: null,
    endReason: null,
  };
}
