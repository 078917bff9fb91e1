import {
  applyDecision,
  type CreateOptions,
  decide,
  type EndOptions,
  type EpochSeconds,
  type FeedPage,
  type Rotation,
  type Seconds,
  type SessionId,
  type SessionRow,
  type SessionStore,
  type UserId,
} from "@latchkey/core/store";
import { sortEnded } from "./samples.ts";

/** One call of a session store, as plain data, so that a failing trace can be printed, shortened and repeated. */
export type Step =
  | { readonly op: "create"; readonly row: SessionRow; readonly options: CreateOptions }
  | { readonly op: "rotate"; readonly rotation: Rotation }
  | {
      readonly op: "confirm";
      readonly id: SessionId;
      readonly generation: number;
      readonly lease: Seconds;
      readonly now: EpochSeconds;
    }
  | {
      readonly op: "update";
      readonly id: SessionId;
      readonly change: Parameters<SessionStore["update"]>[1];
      readonly staleAt: EpochSeconds | null;
    }
  | {
      readonly op: "end";
      readonly id: SessionId;
      readonly familyHash: string | null;
      readonly options: EndOptions;
    }
  | {
      readonly op: "endAll";
      readonly userId: UserId;
      readonly except: SessionId | null;
      readonly options: EndOptions;
    }
  | { readonly op: "list"; readonly userId: UserId; readonly now: EpochSeconds }
  | { readonly op: "endedSince"; readonly limit: number; readonly now: EpochSeconds }
  | { readonly op: "prune"; readonly options: Parameters<SessionStore["prune"]>[0] };

/** A step, and the sessions whose rows are compared after it. */
export interface WatchedStep {
  readonly step: Step;
  readonly watch: readonly SessionId[];
}

/** Performs one step and returns the result in a comparable form. */
export async function perform(sessions: SessionStore, step: Step): Promise<unknown> {
  switch (step.op) {
    case "create":
      return sortEnded((await sessions.create(step.row, step.options))?.ended ?? null);
    case "rotate":
      return sessions.rotate(step.rotation);
    case "confirm":
      return sessions.confirm(step.id, step.generation, step.lease, step.now);
    case "update":
      return sessions.update(step.id, step.change, step.staleAt);
    case "end":
      return sessions.end(step.id, step.familyHash, step.options);
    case "endAll":
      return sortEnded(await sessions.endAll(step.userId, step.except, step.options));
    case "list":
      return sessions.list(step.userId, step.now);
    case "endedSince":
      return liveEntries(sessions, step.limit, step.now);
    case "prune":
      return sessions.prune(step.options);
    default:
      // A step without a case would compare nothing.
      return step satisfies never;
  }
}

/** The entries of the whole feed of which an access token may be live, read in pages. */
async function liveEntries(
  sessions: SessionStore,
  limit: number,
  now: EpochSeconds,
): Promise<readonly string[]> {
  const live = new Set<string>();
  let cursor: string | null = null;
  let more = true;
  while (more) {
    const page: FeedPage = await sessions.endedSince(cursor, limit, now);
    for (const entry of page.entries)
      if (entry.until > now) live.add(JSON.stringify(Object.entries(entry).sort()));
    ({ cursor, more } = page);
  }
  return [...live].sort();
}

/** The decision about a rotation, and the result that `rotate` must return for it. */
export function expectedRotation(
  row: SessionRow | null,
  { token, policy, next, now }: Rotation,
): { readonly kind: string; readonly answer: unknown } {
  const decision = decide(row, token, now, policy);
  if (row === null) return { kind: "refused: unknown", answer: null };
  if (decision.kind === "refused") {
    return { kind: `refused: ${decision.reason}`, answer: { row, now, refused: true } };
  }
  const kind = decision.kind === "issue" ? decision.outcome : decision.kind;
  return { kind, answer: { row: applyDecision(row, decision, next, now), now, refused: false } };
}
