import { expect, it } from "vitest";
import { decideApp } from "./app-token.ts";

const OURS = ["ios", "web"];

it("accepts a token for one of our apps", () => {
  for (const aud of ["ios", ["ios"]]) {
    for (const azp of [undefined, "ios", "web"])
      expect(decideApp(azp === undefined ? { aud } : { aud, azp }, OURS)).toBe("ios");
  }
});

it("refuses a token for another app, for several, and for one of ours that another asked for", () => {
  const wrong: readonly unknown[] = [
    undefined,
    null,
    "",
    "other",
    7,
    [],
    ["ios", "web"],
    ["other"],
    [["ios"]],
  ];
  for (const aud of wrong) expect({ aud, app: decideApp({ aud }, OURS) }).toEqual({ aud, app: null });
  for (const azp of ["other", null, "", 7, ["ios"]]) expect(decideApp({ aud: "ios", azp }, OURS)).toBeNull();
  expect(decideApp({ aud: "ios" }, [])).toBeNull();
  expect(decideApp(Object.create({ aud: "ios" }), OURS)).toBeNull();
});
