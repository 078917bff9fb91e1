import type { Store } from "@latchkey/core/store";
import { type Between, wrapped } from "../rows/wrapped-store.ts";

/** Several actors over one store, whose calls happen one at a time in an order that is chosen. */
export interface Stage {
  /** A store for one actor: each call waits for its turn. */
  storeFor(actor: string, store: Store): Store;
  /** Lets the actors act, call by call, by the choices given and then the first ready; returns what was chosen from how many. */
  play(actors: Readonly<Record<string, () => Promise<void>>>, choices: readonly number[]): Promise<Run>;
}

export interface Run {
  /** At each step: the index chosen, and how many actors were ready. */
  readonly steps: readonly { readonly chosen: number; readonly ready: number }[];
  /** Which actor made which call, in their order. */
  readonly trace: readonly string[];
}

interface Waiting {
  readonly actor: string;
  readonly operation: string;
  readonly proceed: () => void;
}

export function makeStage(): Stage {
  const waiting = new Map<string, Waiting>();
  let acting = new Set<string>();
  let arrived = (): void => undefined;

  const gate = (actor: string): Between => {
    return async (operation, call) => {
      // Before and after the play nobody waits.
      if (acting.has(actor)) {
        await new Promise<void>((resolve) => {
          waiting.set(actor, { actor, operation, proceed: resolve });
          arrived();
        });
      }
      return call();
    };
  };
  const allArrived = async (): Promise<void> => {
    while (waiting.size < acting.size) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
  };
  return {
    storeFor: (actor, store) => wrapped(store, gate(actor)),
    play: async (actors, choices) => {
      acting = new Set(Object.keys(actors));
      const done = Object.entries(actors).map(([actor, act]) =>
        act().finally(() => {
          acting.delete(actor);
          arrived();
        }),
      );
      const steps: { chosen: number; ready: number }[] = [];
      const trace: string[] = [];
      for (;;) {
        await allArrived();
        const ready = [...waiting.values()].sort((a, b) => (a.actor < b.actor ? -1 : 1));
        const chosen = choices[steps.length] ?? 0;
        const next = ready[chosen];
        if (next === undefined) break;
        steps.push({ chosen, ready: ready.length });
        trace.push(`${next.actor}: ${next.operation}`);
        waiting.delete(next.actor);
        next.proceed();
      }
      await Promise.all(done);
      return { steps, trace };
    },
  };
}

/** Plays every order there is, depth first; returns how many. */
export async function everyInterleaving(play: (choices: readonly number[]) => Promise<Run>): Promise<number> {
  let choices: readonly number[] | null = [];
  let count = 0;
  while (choices !== null) {
    const { steps } = await play(choices);
    count++;
    choices = successor(steps);
  }
  return count;
}

/** The next choices in lexical order: the last step that had another way takes it. */
function successor(steps: Run["steps"]): readonly number[] | null {
  const last = steps.findLastIndex(({ chosen, ready }) => chosen + 1 < ready);
  if (last < 0) return null;
  return steps.slice(0, last + 1).map(({ chosen }, index) => (index === last ? chosen + 1 : chosen));
}
