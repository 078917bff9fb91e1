import { equal } from "../assert.ts";
import type { Cases } from "../cases.ts";
import { DEFAULTS, START, sampleSession, sampleWithChild, sessionId } from "../samples.ts";

const context = { role: "writer" };
const device = { userAgent: null, address: "2001:db8::1" };

export const updateCases: Cases = {
  "replaces the given members and nothing else": async ({ sessions }) => {
    const row = sampleWithChild("phone");
    await sessions.create(row, DEFAULTS);
    equal(await sessions.update(row.id, { context }), { ...row, context }, "context");
    equal(await sessions.update(row.id, { device }), { ...row, context, device }, "device");
    equal(
      await sessions.update(row.id, { context: {}, device: row.device }),
      { ...row, context: {} },
      "both",
    );
    equal(await sessions.update(row.id, {}), { ...row, context: {} }, "neither");
    equal((await sessions.get(row.id, START))?.row, { ...row, context: {} }, "row");
  },

  "leaves an ended session unchanged": async ({ sessions }) => {
    const row = sampleSession("phone", { endedAt: START, endReason: "logout" });
    await sessions.create(row, DEFAULTS);
    equal(await sessions.update(row.id, { context, device }), null, "update");
    equal((await sessions.get(row.id, START))?.row, row, "row");
  },

  "returns null for an unknown session": async ({ sessions }) => {
    equal(await sessions.update(sessionId("unknown"), { context }), null, "update");
  },
};
