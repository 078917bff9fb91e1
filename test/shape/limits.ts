/** What the sources tell. */
export type StaticId =
  | "files"
  | "coreFiles"
  | "forwarders"
  | "genericFunctions"
  | "importChain"
  | "commonLength"
  | "greatestLength"
  | "any"
  | "nonNull"
  | "cycles"
  | "caches"
  | "algorithmTables"
  | "routeLists"
  | "firstWords"
  | "otherWords";

/** What a call tells. */
export type RunningId = "validateLive" | "validateExpired" | "refresh" | "login" | "callback" | "loginFrames";

export type MeasureId = StaticId | RunningId;

const SLACK = 1.05;
/** Lengths are no counts: for them there is no slack. */
const EXACT: ReadonlySet<MeasureId> = new Set(["importChain", "commonLength", "greatestLength"]);

/** The goal where it is reached, else the value at the last look. Lower a limit when its value falls. */
const limits: Readonly<Record<MeasureId, number>> = {
  files: 240,
  coreFiles: 138,
  validateLive: 20,
  validateExpired: 37,
  refresh: 41,
  login: 56,
  callback: 66,
  loginFrames: 4,
  forwarders: 39,
  genericFunctions: 15,
  importChain: 14,
  commonLength: 21,
  greatestLength: 68,
  any: 0,
  nonNull: 0,
  cycles: 0,
  caches: 2,
  algorithmTables: 2,
  routeLists: 1,
  firstWords: 0,
  otherWords: 0,
};

/** The largest value that a measure may have today. */
export function largestAllowed(id: MeasureId): number {
  return EXACT.has(id) ? limits[id] : Math.floor(limits[id] * SLACK);
}
