import { type Cases, equal } from "../cases.ts";
import { sampleUser } from "../samples.ts";

const CROWD = 16;
const github = { provider: "github", subject: "1001" };
const google = { provider: "google", subject: "1001" };

export const accountCases: Cases = {
  "links accounts, and finds their users": async ({ users }) => {
    const [ann, bob] = [sampleUser("ann"), sampleUser("bob")];
    await users.create(ann);
    await users.create(bob);
    equal(await users.findByAccount(github), null, "before");
    equal(await users.accounts("ann"), [], "none");
    equal(await users.link("ann", github), true, "link");
    equal(await users.link("bob", google), true, "the same subject at another provider");
    equal(await users.findByAccount(github), ann, "ann");
    equal(await users.findByAccount(google), bob, "bob");
    equal(await users.findByAccount({ provider: "github", subject: "100" }), null, "close is not equal");
  },

  "lists accounts in the order of their linking": async ({ users }) => {
    await users.create(sampleUser("ann"));
    const accounts = ["z", "a", "m"].map((subject) => ({ provider: "oidc", subject }));
    for (const account of [...accounts, github]) await users.link("ann", account);
    equal(await users.accounts("ann"), [...accounts, github], "list");
    await users.unlink("ann", github);
    await users.unlink("ann", { provider: "oidc", subject: "z" });
    await users.link("ann", { provider: "oidc", subject: "z" });
    const subjects = (await users.accounts("ann")).map(({ subject }) => subject);
    equal(subjects, ["a", "m", "z"], "after linking again");
  },

  "refuses an account that is already linked, and an unknown user": async ({ users }) => {
    await users.create(sampleUser("ann"));
    await users.create(sampleUser("bob"));
    await users.link("ann", github);
    equal(await users.link("ann", github), false, "one's own");
    equal(await users.link("bob", github), false, "another's");
    equal(await users.link("unknown", google), false, "no such user");
    equal((await users.findByAccount(github))?.id, "ann", "holder");
    equal(await users.findByAccount(google), null, "without a user");
    equal(await users.accounts("unknown"), [], "list");
  },

  "removes a link of the named user only": async ({ users }) => {
    await users.create(sampleUser("ann"));
    await users.create(sampleUser("bob"));
    await users.link("ann", github);
    equal(await users.unlink("bob", github), false, "another's");
    equal(await users.unlink("ann", google), false, "not linked");
    equal(await users.unlink("ann", github), true, "unlink");
    equal(await users.unlink("ann", github), false, "again");
    equal(await users.findByAccount(github), null, "find");
    equal(await users.link("bob", github), true, "free for others");
  },

  "deletes the links with the user": async ({ users }) => {
    await users.create(sampleUser("ann"));
    await users.create(sampleUser("bob"));
    await users.link("ann", github);
    await users.link("bob", google);
    await users.delete("ann");
    equal(await users.findByAccount(github), null, "find");
    equal(await users.accounts("ann"), [], "list");
    await users.create(sampleUser("ann"));
    equal(await users.accounts("ann"), [], "a user of the same id inherits none");
    equal((await users.findByAccount(google))?.id, "bob", "bob's");
    equal(await users.link("ann", github), true, "free again");
  },

  "concurrent links of one account: one user gets it": async ({ users }) => {
    const ids = Array.from({ length: CROWD }, (_, index) => `u${index}`);
    for (const id of ids) await users.create(sampleUser(id));
    const linked = await Promise.all(ids.map((id) => users.link(id, github)));
    equal(linked.filter(Boolean).length, 1, "winners");
    equal((await users.findByAccount(github))?.id, ids[linked.indexOf(true)], "holder");
    const held = await Promise.all(ids.map((id) => users.accounts(id)));
    equal(
      held.map((list) => list.length > 0),
      linked,
      "lists",
    );
  },

  "link against delete: no link without a user": async ({ users }) => {
    for (let round = 0; round < 8; round++) {
      const id = `u${round}`;
      const account = { provider: "github", subject: id };
      await users.create(sampleUser(id));
      await Promise.all([users.link(id, account), users.delete(id), users.link(id, account)]);
      equal(await users.findByAccount(account), null, "find");
      await users.create(sampleUser(id));
      equal(await users.accounts(id), [], "list");
    }
  },
};
