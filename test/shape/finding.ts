import { packageSources, type Repository } from "../gates/repository.ts";
import type { Source } from "../gates/source.ts";
import type { MeasureId } from "./goals.ts";

/** What a measure found: its value, and the places or files that make it. */
export interface Finding {
  readonly value: number;
  readonly items: readonly string[];
}

/** One row of the table. */
export interface Measure extends Finding {
  readonly id: MeasureId;
  readonly label: string;
  /** The largest value that meets the goal. */
  readonly goal: number;
}

/** A finding whose value is the number of its items. */
export function counted(items: readonly string[]): Finding {
  return { value: items.length, items };
}

/** The published sources of core. */
export function coreSources(repository: Repository): readonly Source[] {
  return packageSources(repository).filter(({ path }) => path.startsWith("packages/core/src/"));
}

/** Names a place in a source, as `path:line`. */
export function placeOf(source: Source, offset: number): string {
  return `${source.path}:${source.lineAt(offset)}`;
}
