import { type Cases, equal, requirePresent } from "../cases.ts";
import { DEFAULTS, START, sampleSession, sampleWithChild, sessionId } from "../samples.ts";

export const readCases: Cases = {
  "gets ended and expired rows too, and null for an unknown id": async ({ sessions }) => {
    const ended = sampleSession("ended", { endedAt: START + 3, endReason: "revoked" });
    const expired = sampleSession("expired", { expiresAt: START + 1 });
    await sessions.create(ended, DEFAULTS);
    await sessions.create(expired, DEFAULTS);
    equal(await sessions.get(ended.id, START + 9), { row: ended, now: START + 9 }, "ended");
    equal(await sessions.get(expired.id, START + 9), { row: expired, now: START + 9 }, "expired");
    equal(await sessions.get(sessionId("unknown"), START), null, "unknown");
  },

  "lists the user's live sessions, newest first": async ({ sessions }) => {
    const rows = [
      sampleSession("second", { createdAt: START - 5 }),
      sampleSession("third", { createdAt: START - 7 }),
      sampleSession("first", { createdAt: START - 5, expiresAt: START + 2 }),
      sampleSession("theirs", { userId: "bob" }),
      sampleSession("ended", { endedAt: START, endReason: "logout" }),
      sampleSession("expired", { expiresAt: START + 1 }),
      sampleSession("past", { expiresAt: null, absoluteExpiresAt: START + 1 }),
    ];
    for (const row of rows) await sessions.create(row, DEFAULTS);
    equal(await sessions.list("ann", START + 1), [rows[2], rows[0], rows[1]], "ann's");
    equal(await sessions.list("bob", START + 1), [rows[3]], "bob's");
    equal(await sessions.list("unknown", START), [], "unknown user");
  },

  "shares no row with its callers": async ({ sessions }) => {
    const role = ["reader"];
    const row = sampleSession("phone", { context: { role }, amr: role });
    await sessions.create(row, DEFAULTS);
    role.push("admin");
    const read = requirePresent(await sessions.get(row.id, START), "get").row;
    equal(
      { context: read.context, amr: read.amr },
      { context: { role: ["reader"] }, amr: ["reader"] },
      "after the caller's change",
    );
    tamper(read);
    equal(
      (await sessions.get(row.id, START))?.row.context,
      { role: ["reader"] },
      "after the reader's change",
    );
  },
};

// A frozen row throws here, which is also correct.
function tamper(row: object): void {
  try {
    Object.assign(row, { context: { role: ["admin"] } });
    if ("context" in row) Object.assign(Object(row.context), { role: ["admin"] });
  } catch {
    return;
  }
}

const context = { role: "writer" };
const device = { userAgent: null, address: "2001:db8::1" };

export const updateCases: Cases = {
  "replaces the given members and nothing else": async ({ sessions }) => {
    const row = sampleWithChild("phone");
    await sessions.create(row, DEFAULTS);
    equal(await sessions.update(row.id, { context }, null), { ...row, context }, "context");
    equal(await sessions.update(row.id, { device }, null), { ...row, context, device }, "device");
    equal(
      await sessions.update(row.id, { context: {}, device: row.device }, null),
      { ...row, context: {} },
      "both",
    );
    equal(await sessions.update(row.id, {}, null), { ...row, context: {} }, "neither");
    equal((await sessions.get(row.id, START))?.row, { ...row, context: {} }, "row");
  },

  "leaves an ended session unchanged": async ({ sessions }) => {
    const row = sampleSession("phone", { endedAt: START, endReason: "logout" });
    await sessions.create(row, DEFAULTS);
    equal(await sessions.update(row.id, { context, device }, null), null, "update");
    equal((await sessions.get(row.id, START))?.row, row, "row");
  },

  "returns null for an unknown session": async ({ sessions }) => {
    equal(await sessions.update(sessionId("unknown"), { context }, null), null, "update");
  },
};
