/** Nothing is known of any token yet. */
export const unknownFamily = { root: null, child: null, issuedAt: null, newest: null, ended: null };

/** Nobody but this browser has had a token in hand. */
export const nobodyElse = { thief: [], lost: [] };

/** Who has what, after one more event. */
export function nextHolders(holders, { type, outcome, generation, by, presented }) {
  if (by === "thief") {
    const got = type === "session.refreshed" && outcome !== "access_only" ? [generation] : [];
    return { ...holders, thief: together(holders.thief, [presented, ...got]) };
  }
  const isLost = by === "lost" && type === "session.refreshed" && outcome !== "access_only";
  return isLost ? { ...holders, lost: together(holders.lost, [generation]) } : holders;
}

function together(known, more) {
  return [...new Set([...known, ...more.filter((generation) => generation !== null)])];
}

/** Seconds for which nobody gets another refresh token. */
export function leaseLeft({ issuedAt, ended }, now, lease) {
  if (issuedAt === null || ended !== null) return 0;
  return Math.min(lease, Math.max(0, issuedAt + lease - now));
}

/** Where a token stands in its family. */
export function placeOf({ root, child }, generation) {
  return generation === root ? "root" : generation === child ? "child" : "retired";
}

/** The tokens that are good no more, oldest first. */
export function retiredOf(family) {
  if (family.newest === null) return [];
  const all = Array.from({ length: family.newest + 1 }, (_, generation) => generation);
  return all.filter((generation) => placeOf(family, generation) === "retired");
}

/** What a token gets from the server, were it presented now. */
export function fateOf({ child, ended }, place, left) {
  if (ended !== null) return "refused";
  if (place === "retired") return "alarm";
  if (left > 0) return "access";
  if (place === "child") return "promotion";
  return child === null ? "first" : "reissue";
}

/** The family in words: what the picture shows. */
export function describe({ family, holders, held, left }) {
  if (family.root === null) return "The server has not told of this family yet.";
  const retired = retiredOf(family);
  const sentences = [
    family.ended === null ? "" : `The family has ended (${family.ended}).`,
    `Root: token ${family.root}.`,
    family.child === null ? "Child: none yet." : `Child: token ${family.child}, ${leaseText(family, left)}.`,
    retired.length === 0 ? "" : `Retired: ${listOf(retired)}.`,
    held === null ? "" : `You hold token ${held}.`,
    holders.thief.length === 0 ? "" : `The thief has had ${listOf(holders.thief)}.`,
    holders.lost.length === 0 ? "" : `Lost on its way: ${listOf(holders.lost)}.`,
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

function leaseText({ ended }, left) {
  if (ended !== null) return "of no use now";
  return left > 0 ? `its lease runs for ${Math.ceil(left)} s more` : "its lease is over";
}

function listOf(generations) {
  const shown = generations.slice(-6);
  const word = generations.length === 1 ? "token" : "tokens";
  return `${word} ${shown.length < generations.length ? "… " : ""}${shown.join(", ")}`;
}
