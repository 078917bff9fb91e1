import { describe, expect, it } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { type ResetCrowd, type ResetResult, resetCrowds } from "./reset-crowd.ts";
import { onSixStores } from "./six-stores.ts";

const REDEEMED: ResetResult = {
  counts: { "200 ": 1, "400 mail_token_invalid": 49 },
  sessions: 0,
  passwords: 1,
  messages: ["reset", "password_changed"],
};
const REQUESTED: Readonly<Record<string, number>> = { "200 ": 5, "429 rate_limited": 195 };

/** In every store exactly this. */
const EXPECTED: Readonly<Record<ResetCrowd, ResetResult>> = {
  "50 redeems": REDEEMED,
  "50 redeems of a first proof": REDEEMED,
  "200 requests": {
    known: REQUESTED,
    unknown: REQUESTED,
    messages: new Array(5).fill(`reset ${ANN.email}`),
  },
};

describe("resets", () => {
  onSixStores(resetCrowds, (name, run) => {
    it(`of ${name} at once, as many win as the rule says`, async () => {
      expect(await run()).toEqual(EXPECTED[name as ResetCrowd]);
    });
  });
});
