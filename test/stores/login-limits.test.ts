import { describe, expect, it } from "vitest";
import { type CrowdName, type CrowdResult, crowds } from "./login-crowd.ts";
import { onSixStores } from "./six-stores.ts";

/** What 200 sign-ins at once come to, by the default rules: in every store exactly this. */
const EXPECTED: Readonly<Record<CrowdName, CrowdResult>> = {
  "one address": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [] },
  "200 addresses": { statuses: { 401: 100, 429: 100 }, hashed: 100, after: [200, 200, 429] },
  "copies of a device cookie": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [200] },
  "right passwords": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [] },
};

describe("sign-ins", () => {
  onSixStores(crowds, (name, run) => {
    it(`of 200 at once with ${name}, as many reach the hasher as the rule says`, async () => {
      expect(await run()).toEqual(EXPECTED[name as CrowdName]);
    });
  });
});
