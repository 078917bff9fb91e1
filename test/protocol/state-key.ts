import type { Scheme, Token } from "./scheme.ts";
import type { Bounds, Flight, Jar, World } from "./world.ts";

/**
 * Names a world up to what can never make a difference: times count from now, up to the age at which nothing changes
 * any more; tokens are what the row (and the backup) makes of them; the order of the requests in flight is no order.
 */
export function stateKey<Row>(world: World<Row>, scheme: Scheme<Row>, bounds: Bounds): string {
  const { time, row, backup, jar, older, hoard, issuedAt } = world;
  const names: string[] = [];

  function standing(token: Token): string {
    const now = scheme.standing(row, token, time) ?? "";
    return backup === null ? now : `${now}/${scheme.standing(backup, token, time) ?? ""}`;
  }
  function tokenKey(token: Token | null): string {
    if (token === null) return "0";
    const key = standing(token);
    if (key === "" || key === "/") return "x";
    const known = names.indexOf(token.secretHash);
    return key + (known < 0 ? names.push(token.secretHash) - 1 : known);
  }
  function ageKey(since: number | null): string {
    return since === null ? "-" : `${Math.min(time - since, Math.max(bounds.lease, bounds.looks ?? 0))}`;
  }
  function jarKey(held: Jar): string {
    const since = world.left.rollback ? ageKey(held.since) : "";
    const proof = held.proof === held.token ? "" : tokenKey(held.proof);
    return `${tokenKey(held.token)}${proof},${since},${held.rotations}`;
  }
  function flightKey(flight: Flight): string {
    const leg = flight.stage === "request" ? flight.sender : flight.isProof ? "proof" : "";
    return `${flight.due}${leg}${flight.token === null ? "0" : standing(flight.token)}${flight.rotations}`;
  }

  let key = `${scheme.shape(row, time)};${ageKey(issuedAt)};${world.rotations};${jarKey(jar)}`;
  if (older !== null) key += `;${jarKey(older)}`;
  if (world.left.rollback) key += ";J";
  if (world.left.backup) key += ";B";
  if (backup !== null) {
    key += `;${scheme.shape(backup, time)},${scheme.generation(row) - scheme.generation(backup)}`;
  }
  const sorted = world.flights.map((flight) => ({ flight, key: flightKey(flight) }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { flight, key: own } of sorted) key += `|${own}${tokenKey(flight.token)}`;
  if (hoard === null) return key;
  const loot = new Set(hoard.map(tokenKey));
  return `${key}#${[...loot].sort().join()}`;
}
