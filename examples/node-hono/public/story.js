const ORDINARY = ["session.refreshed", "session.reuse_detected", "session.started", "session.ended"];

/** Describes events in one or two sentences, and says whether they are bad; null if there is nothing to describe. */
export function tell(entries) {
  const told = entries.filter(({ type }) => ORDINARY.includes(type));
  const alarm = told.find(({ type }) => type === "session.reuse_detected");
  if (alarm !== undefined) return { text: alarmText(alarm), isBad: true };
  const last = told.at(-1);
  if (last === undefined) return null;
  const race = told.filter((entry) => isOfRace(entry, told[0]));
  if (race.length > 1 && race.length === told.length) return { text: raceText(race), isBad: false };
  return { text: textOf(last), isBad: isBad(last) };
}

/** Describes only the last of the events from before the page was opened. */
export function tellLast(entries) {
  const told = entries.filter(({ type }) => ORDINARY.includes(type));
  return tell(told.slice(told.at(-1)?.type === "session.ended" ? -2 : -1));
}

function isOfRace({ type, by, presented, at }, first) {
  return (
    type === "session.refreshed" && by === "browser" && presented === first.presented && at - first.at <= 1
  );
}

function isBad({ type, by, outcome }) {
  return type === "session.ended" || (by === "thief" && outcome !== "access_only");
}

function textOf(entry) {
  if (entry.type === "session.started") {
    return "Signed in. A new family begins: token 0 is its root, and this browser holds it.";
  }
  if (entry.type === "session.ended") {
    return `The session has ended (${entry.reason}). None of its refresh tokens is valid any more.`;
  }
  if (entry.by === "thief") return theftText(entry);
  return entry.by === "lost" ? lossText(entry) : refreshText(entry);
}

function refreshText({ outcome, generation, presented }) {
  const shown = presented === null ? "its token" : `token ${presented}`;
  switch (outcome) {
    case "first":
      return `This browser presented ${shown}, the root, and got its first child, token ${generation}. Both are valid: if the answer had been lost, the root would still work.`;
    case "rotated":
      return `This browser presented ${shown}, the child. That proves that it arrived, so it is the root now; the old root retires, and token ${generation} is the new child.`;
    case "reissued":
      return `This browser presented ${shown}, the root, once more: the answer to its last refresh must have been lost. Token ${generation} replaces the lost child, and the user stays signed in.`;
    default:
      return `This browser presented ${shown} during the lease, and got an access token only. It can continue. No refresh token was issued, so the family cannot fork.`;
  }
}

function lossText({ outcome, generation, presented }) {
  if (outcome === "access_only") {
    return "The answer was lost. During the lease it had an access token only, so no refresh token is missing.";
  }
  const proof =
    outcome === "rotated"
      ? `Token ${presented} arrived at the server and is the root now, but the answer`
      : "The answer";
  return `${proof} with token ${generation} was lost. This browser still holds token ${presented}, the root, and the root stays valid.`;
}

function theftText({ outcome, generation, presented }) {
  if (outcome === "access_only") {
    return `The thief presented token ${presented} during the lease, and got an access token only. Without a refresh token, the access ends soon.`;
  }
  return `The thief presented token ${presented}, the root, and got token ${generation}: to the server this looks like a lost answer. But your own token is retired now, and your next refresh raises the alarm.`;
}

function alarmText({ by, presentedGeneration }) {
  const who = by === "thief" ? "the thief" : "this browser";
  return `Alarm: ${who} presented token ${presentedGeneration}, which is retired. Two parties have tokens of this family, and the server cannot know which is the thief, so it ends the family. Neither party can refresh again, and their access tokens expire soon.`;
}

function raceText(refreshes) {
  const [{ presented }] = refreshes;
  const winner = refreshes.find(({ outcome }) => outcome !== "access_only");
  const losers = refreshes.length - (winner === undefined ? 0 : 1);
  const shown = presented === null ? "the same token" : `token ${presented}`;
  if (winner === undefined) {
    return `${losers} requests came together during the lease, and each got an access token only. The stored session has not changed, and the user stays signed in.`;
  }
  const rest = losers === 1 ? "the other one" : `the other ${losers}`;
  return `${refreshes.length} requests came together with ${shown}. One got token ${winner.generation}, the new child; ${rest} got an access token only. All of them can continue, and there is one successor.`;
}

/** Short labels for the picture: what happened to each token that was presented. */
export function labelsOf(entries) {
  const groups = Map.groupBy(
    entries.filter(({ type, presented }) => presented !== null && /refreshed|reuse_detected/.test(type)),
    ({ presented }) => presented,
  );
  return [...groups].map(([generation, group]) => ({
    generation,
    by: group[0].by,
    text: labelOf(group),
  }));
}

function labelOf(group) {
  if (group.some(({ type }) => type === "session.reuse_detected")) return "alarm";
  if (group.every(({ by }) => by === "lost")) return "answer lost";
  const only = group.filter(({ outcome }) => outcome === "access_only").length;
  const child = group.length - only;
  if (group.length === 1) return child === 1 ? "got a child" : "access only";
  return child === 0 ? `${only} × access only` : `${child} child · ${only} access`;
}
