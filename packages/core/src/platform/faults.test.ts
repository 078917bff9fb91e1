import { describe, expect, it } from "vitest";
import { failureReporter } from "./faults.ts";

describe("failureReporter", () => {
  it("tells each reason once a minute", () => {
    const said: string[] = [];
    const report = failureReporter((line) => said.push(line));
    for (let second = 0; second < 121; second++) {
      const minute = Math.floor(second / 60);
      report(minute, "github code_refused", `a ${second}`);
      if (second === 30) report(minute, "github status", "b");
    }
    expect(said).toEqual(["a 0", "b", "a 60", "a 120"]);
  });
});
