import { type HostPair, hostPairs } from "./host-paths.ts";
import { memoryPlace, storePlaces } from "./open-stores.ts";
import { measure, type Path } from "./rounds.ts";
import { countedLoginPath, routePaths } from "./route-paths.ts";
import { head, row } from "./table.ts";
import { baselinesOf, missPath, openServers, validationPaths, validatorOf } from "./validation-paths.ts";

const ROUNDS = 100;

async function validations(): Promise<readonly Path[]> {
  const servers = openServers("EdDSA");
  const secret = openServers("HS256");
  const paths = [
    ...(await validationPaths("auth.validate", servers.validate, servers.issue)),
    missPath("auth.validate, miss, HS256", secret.validate, secret.issue),
    ...(await validationPaths("validator.validate", await validatorOf(servers), servers.issue)),
  ];
  return [...(await baselinesOf(servers)), ...paths];
}

async function hosts(): Promise<readonly HostPair[]> {
  const { auth, issue } = openServers("EdDSA");
  return hostPairs(auth, await issue());
}

/** The cost of bare jose for the tokens of a path; null for a path that checks none. */
function joseFor(name: string, costs: ReadonlyMap<string, number>): number | null {
  if (!name.includes("validate") || name.includes("anonymous")) return null;
  const kind = name.includes("refused") ? "refused" : name.includes("HS256") ? "HS256" : "EdDSA";
  return costs.get(`bare jose, ${kind}`) ?? null;
}

const places = await storePlaces();
const routes = [
  await countedLoginPath("memory, EdDSA", memoryPlace.open),
  ...(await routePaths("memory, HS256", memoryPlace.open, "HS256")),
  ...(await Promise.all(places.map(({ name, open }) => routePaths(`${name}, EdDSA`, open, "EdDSA")))).flat(),
];
const pairs = await hosts();
const paths = [
  ...(await validations()),
  ...routes,
  ...pairs.flatMap(({ alone, adapted }) => [alone, adapted]),
];
const measured = await measure(paths, ROUNDS);
const costs = new Map(paths.map(({ name }, index) => [name, measured[index] ?? Number.NaN]));
const unit = costs.get("one HMAC") ?? Number.NaN;

console.log(head(`Node ${process.versions.node}; one HMAC: ${unit.toFixed(2)} us`, ["HMAC", "jose"]));
for (const [name, cost] of costs) {
  const jose = joseFor(name, costs);
  console.log(row(name, { HMAC: cost / unit, jose: jose === null ? null : cost / jose }));
}
for (const { alone, adapted } of pairs) {
  const added = (costs.get(adapted.name) ?? Number.NaN) - (costs.get(alone.name) ?? Number.NaN);
  console.log(row(`added: ${adapted.name}`, { HMAC: added / unit, jose: null }));
}
for (const { close } of places) await close();
