import { references, resolve } from "./modules.ts";
import { at, type Gate, packageSources, type Violation } from "./repository.ts";
import type { Source } from "./source.ts";

const ROOT = "packages/core/src/";

/** The concepts of core, lowest first. A concept is a folder, or a file that stands by itself. */
const LAYERS: readonly { readonly units: readonly string[]; readonly siblings: boolean }[] = [
  { units: ["platform"], siblings: false },
  { units: ["keys", "cookies", "csrf", "throttle"], siblings: false },
  { units: ["users"], siblings: false },
  { units: ["sessions", "password", "oauth"], siblings: false },
  { units: ["mail"], siblings: false },
  { units: ["store"], siblings: false },
  { units: ["accounts"], siblings: false },
  { units: ["http"], siblings: false },
  { units: ["http/routes"], siblings: false },
  { units: ["http/handle"], siblings: false },
  { units: ["auth"], siblings: false },
  { units: ["index", "validator", "memory", "legacy-hashes"], siblings: true },
  { units: ["otel"], siblings: false },
  { units: ["testing"], siblings: false },
];

/** In core an import points down; type-only imports count too. */
export const layers: Gate = (repository) =>
  packageSources(repository)
    .filter(({ path }) => path.startsWith(ROOT))
    .flatMap(layerFaults);

function layerFaults(source: Source): Violation[] {
  const unit = unitOf(source.path);
  const layer = layerOf(unit);
  if (layer === -1) return [at(source, 0, "layer", `${unit} has no layer: add it to the table, or move it`)];
  return references(source).flatMap(({ specifier, offset }) => {
    const path = resolve(source, specifier, new Map());
    if (path === null || !path.startsWith(ROOT)) return [];
    const target = unitOf(path);
    const fault = faultOf({ unit, layer }, target);
    return fault === null ? [] : [at(source, offset, "layer", fault)];
  });
}

function faultOf(from: { readonly unit: string; readonly layer: number }, target: string): string | null {
  const below = layerOf(target);
  if (target === from.unit || below < from.layer) return null;
  if (below > from.layer) return `${from.unit} imports ${target}, which lies above it`;
  return LAYERS[below]?.siblings === true ? null : `${from.unit} imports its sibling ${target}`;
}

function unitOf(path: string): string {
  const [first = "", second] = path.slice(ROOT.length).split("/");
  if (first === "http" && (second === "routes" || second === "handle.ts"))
    return `http/${second.replace(".ts", "")}`;
  return first.replace(/\.ts$/, "");
}

function layerOf(unit: string): number {
  return LAYERS.findIndex(({ units }) => units.includes(unit));
}
