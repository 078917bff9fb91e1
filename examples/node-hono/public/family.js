/** The family before the server has described it. */
export const unknownFamily = { root: null, child: null, issuedAt: null, newest: null, ended: null };

/** The tokens of the thief, and those that were lost: none yet. */
export const noHolders = { thief: [], lost: [] };

/** The tokens of the thief and the lost tokens, after an event. */
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

/** How many seconds of the lease are left, in which no refresh token is issued. */
export function leaseLeft({ issuedAt, ended }, now, lease) {
  if (issuedAt === null || ended !== null) return 0;
  return Math.min(lease, Math.max(0, issuedAt + lease - now));
}

/** The role of a token in its family. */
export function placeOf({ root, child }, generation) {
  return generation === root ? "root" : generation === child ? "child" : "retired";
}

/** The retired tokens, oldest first. */
export function retiredOf(family) {
  if (family.newest === null) return [];
  const all = Array.from({ length: family.newest + 1 }, (_, generation) => generation);
  return all.filter((generation) => placeOf(family, generation) === "retired");
}

/** What the server would answer if a token of this role were presented now. */
export function fateOf({ child, ended }, place, left) {
  if (ended !== null) return "refused";
  if (place === "retired") return "alarm";
  if (left > 0) return "access";
  if (place === "child") return "promotion";
  return child === null ? "first" : "reissue";
}

/** Describes in text what the picture shows. */
export function describe({ family, holders, held, left }) {
  if (family.root === null) return "The server has not described this family yet.";
  const retired = retiredOf(family);
  const sentences = [
    family.ended === null ? "" : `The family has ended (${family.ended}).`,
    `Root: token ${family.root}.`,
    family.child === null ? "Child: none yet." : `Child: token ${family.child}, ${leaseText(family, left)}.`,
    retired.length === 0 ? "" : `Retired: ${listOf(retired)}.`,
    held === null ? "" : `You hold token ${held}.`,
    holders.thief.length === 0 ? "" : `The thief has ${listOf(holders.thief)}.`,
    holders.lost.length === 0 ? "" : `Never arrived: ${listOf(holders.lost)}.`,
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

function leaseText({ ended }, left) {
  if (ended !== null) return "not valid any more";
  return left > 0 ? `its lease ends in ${Math.ceil(left)} s` : "its lease has ended";
}

function listOf(generations) {
  const shown = generations.slice(-6);
  const word = generations.length === 1 ? "token" : "tokens";
  return `${word} ${shown.length < generations.length ? "… " : ""}${shown.join(", ")}`;
}
