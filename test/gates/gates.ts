import { docs } from "./docs.ts";
import { ids } from "./ids.ts";
import { barrels, cycles, imports, testKit } from "./imports.ts";
import { language } from "./language.ts";
import { layers } from "./layers.ts";
import { names, topLevel } from "./names.ts";
import { purity } from "./purity.ts";
import type { Gate } from "./repository.ts";
import { size } from "./size.ts";
import { tests } from "./tests.ts";
import { words } from "./words.ts";

/** Every gate, in the order of the report. */
export const gates: readonly Gate[] = [
  size,
  language,
  names,
  topLevel,
  imports,
  barrels,
  layers,
  cycles,
  testKit,
  purity,
  docs,
  ids,
  tests,
  words,
];
