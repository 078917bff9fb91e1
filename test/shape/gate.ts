import type { Gate } from "../gates/repository.ts";
import { largestAllowed } from "./goals.ts";
import { staticMeasures } from "./static.ts";

/** No measure that can be read from the sources exceeds its limit. */
export const shape: Gate = (repository) =>
  staticMeasures(repository).flatMap(({ id, label, value }) => {
    const largest = largestAllowed(id);
    if (value <= largest) return [];
    const detail = `${label}: ${value}, at most ${largest}; pnpm shape --files lists them`;
    return [{ path: "test/shape/goals.ts", line: 1, rule: "shape", detail }];
  });
