const MOST_EDITS = 3;
/** A longer name is no misspelling, and comparing it would take long. */
const LONGEST_NAME = 64;

/** The known name that a misspelled one resembles most, whatever its case; null where none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > LONGEST_NAME) return null;
  const near = known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= boundOf(name, candidate))
    .sort((one, other) => one.edits - other.edits);
  return near[0]?.candidate ?? null;
}

/** One edit for every three characters: in a short name, two edits make another word. */
function boundOf(name: string, candidate: string): number {
  return Math.min(MOST_EDITS, Math.floor(Math.max(name.length, candidate.length) / 3));
}

/** Counts insertions, deletions, substitutions, and swaps of neighbours (optimal string alignment). */
function editsBetween(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const edits = [
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        ...(isSwap ? [at(beforeLast, column - 2) + 1] : []),
      ];
      current.push(Math.min(...edits));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
