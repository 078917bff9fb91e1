import { type Cases, equal } from "../cases.ts";
import { DEFAULTS, START, sampleSession, sampleUser } from "../samples.ts";

const nasty = [
  "'; DROP TABLE latchkey_sessions; --",
  `" OR 1=1 --`,
  "ann' OR '1'='1",
  ":id :now $1 ?1 @p %s {0} #{x}",
  "*\r\n$4\r\nPING\r\n",
  "return redis.call('FLUSHALL')",
  "{tag}:colon/slash\\back",
  `{"$ne":null}`,
  "__proto__",
  "constructor",
  "100%_like_[a-z]*",
  "straße ÄÖ İı ß ﬀ",
  "𝔘𝔫𝔦 👩‍👩‍👧 \u202e \u200b \ufeff",
  "e\u0301 \u00e9",
  "line\nbreak\ttab\u0001\u007f",
  " leading and trailing ",
  "",
  "x".repeat(2_000),
] as const;

export const stringCases: Cases = {
  "keeps any text in a session unchanged": async ({ sessions }) => {
    for (const [index, text] of nasty.entries()) {
      const row = sampleSession(`phone ${index}`, {
        userId: `${text}#${index}`,
        context: Object.fromEntries([[`key ${text}`, { deep: [text, "\u0000"] }]]),
        device: { userAgent: text, address: text },
        amr: [text],
      });
      await sessions.create(row, DEFAULTS);
      equal(await sessions.get(row.id, START), { row, now: START }, "get");
      equal(await sessions.list(row.userId, START), [row], "list");
      equal(await sessions.list(text, START), [], "another user");
    }
  },

  "ends the sessions of exactly the named user": async ({ sessions }) => {
    await sessions.create(sampleSession("bystander"), DEFAULTS);
    for (const text of nasty) {
      equal(await sessions.endAll(text, null, { reason: "revoked", now: START }), [], "endAll");
      equal(await sessions.prune({ userId: text, keep: true, now: START + 999_999 }), 0, "prune");
    }
    equal((await sessions.list("ann", START)).length, 1, "bystander");
  },

  "keeps any text in a user unchanged": async ({ users }) => {
    for (const text of nasty) {
      const user = sampleUser(text, {
        email: text,
        username: text,
        name: text,
        picture: text,
        passwordHash: text,
      });
      equal(await users.create(user), true, "create");
      equal(await users.get(text), user, "get");
      equal(await users.find({ email: text }), user, "by e-mail");
      equal(await users.find({ username: text }), user, "by user name");
      const changed = await users.update(text, { name: `${text}!` }, { ifVersion: 1, raiseVersion: false });
      equal(changed, { ...user, name: `${text}!` }, "update");
      const moved = {
        ...user,
        name: `${text}!`,
        email: `${text}@`,
        emailVerified: true,
        credentialsVersion: 2,
      };
      equal(await users.changeEmail(text, `${text}@`, 1), moved, "change of address");
      equal(await users.find({ email: `${text}@` }), moved, "by the new address");
    }
    equal(await users.find({ email: "e\u0301 \u00e9 " }), null, "close is not equal");
  },

  "keeps any text in the key document unchanged": async ({ keys }) => {
    for (const [version, text] of nasty.entries()) {
      await keys.save(version, text);
      equal(await keys.load(), { version: version + 1, document: text }, "load");
    }
  },

  "keeps any text in a linked account unchanged": async ({ users }) => {
    for (const [index, text] of nasty.entries()) {
      const id = `user ${index}`;
      await users.create(sampleUser(id));
      const account = { provider: text, subject: `${text}#${index}` };
      equal(await users.link(id, account), true, "link");
      equal(await users.accounts(id), [account], "list");
      equal((await users.findByAccount(account))?.id, id, "find");
      equal(await users.keepTokens(account, text), true, "keep");
      equal(await users.keptTokens(account), text, "kept");
    }
  },

  "keeps any text in a one-time token unchanged": async ({ tokens }) => {
    for (const text of nasty) {
      const data = Object.fromEntries([[`key ${text}`, { deep: [text, "\u0000"] }]]);
      const token = { hash: `${text}#`, purpose: text, userId: text, data, expiresAt: START + 1 };
      await tokens.put(token);
      await tokens.revoke(text, `${text} `);
      equal(await tokens.redeem(token.hash, text, START), token, "redeem");
    }
  },

  "keeps any text in a slot unchanged": async ({ tokens }) => {
    for (const text of nasty) {
      const data = Object.fromEntries([[`key ${text}`, { deep: [text, "\u0000"] }]]);
      const token = {
        slot: `${text}#`,
        purpose: text,
        secret: text,
        tries: null,
        userId: text,
        data,
        expiresAt: START + 1,
      };
      await tokens.fillSlot(token);
      equal(await tokens.redeemSlot(token.slot, `${text} `, START), null, "close is not equal");
      equal(await tokens.readSlot(token.slot, START), token, "read");
      equal(await tokens.redeemSlot(token.slot, text, START), token, "redeem");
    }
  },
};
