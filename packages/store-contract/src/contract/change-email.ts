import type { Store, User } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { sampleUser } from "../samples.ts";

const NEW = "new@example.com";
const CROWD = 16;

export const changeEmailCases: Cases = {
  "gives a user another address, which is proved, and raises the version": async ({ users }) => {
    const ann = sampleUser("ann", { name: "Ann" });
    await users.create(ann);
    await users.link("ann", { provider: "github", subject: "1001" });
    const changed = { ...ann, email: NEW, emailVerified: true, credentialsVersion: 2 };
    equal(await users.changeEmail("ann", NEW, 1), changed, "change");
    equal(await users.get("ann"), changed, "get");
    equal(await users.find({ email: NEW }), changed, "by the new address");
    equal(await users.find({ email: "ann@example.com" }), null, "by the old address");
    equal(await users.find({ username: "ann" }), changed, "by user name");
    equal((await users.accounts("ann")).length, 1, "accounts");
  },

  "gives a user an address that is not proved, and takes the proof back": async ({ users }) => {
    const ann = sampleUser("ann", { emailVerified: true });
    await users.create(ann);
    const unproved = { ...ann, email: NEW, emailVerified: false, credentialsVersion: 2 };
    equal(await users.changeEmail("ann", NEW, 1, false), unproved, "change");
    equal(await users.find({ email: NEW }), unproved, "find");
    const proved = { ...unproved, emailVerified: true, credentialsVersion: 3 };
    equal(await users.changeEmail("ann", NEW, 2, true), proved, "the same, proved");
    equal(await users.changeEmail("ann", NEW, 3, false), { ...unproved, credentialsVersion: 4 }, "and back");
  },

  "frees the old address at once": async ({ users }) => {
    await users.create(sampleUser("ann"));
    await users.changeEmail("ann", NEW, 1);
    const bob = sampleUser("bob", { email: "ann@example.com" });
    equal(await users.create(bob), true, "a sign-up");
    equal(await users.find({ email: "ann@example.com" }), bob, "find");
    equal(await users.changeEmail("ann", "ann@example.com", 2), "taken", "back");
    equal((await users.changeEmail("bob", "third@example.com", 1)) !== null, true, "bob leaves it");
    equal((await changeThere(users, "ann", "ann@example.com", 2))?.credentialsVersion, 3, "back again");
    equal((await users.find({ email: "ann@example.com" }))?.id, "ann", "find again");
    equal(await users.create(sampleUser("eve", { email: NEW })), true, "the address in between");
  },

  "refuses the address of another user, and changes nothing": async ({ users }) => {
    const [ann, bob] = [sampleUser("ann"), sampleUser("bob")];
    for (const user of [ann, bob]) await users.create(user);
    equal(await users.changeEmail("ann", "bob@example.com", 1), "taken", "change");
    for (const user of [ann, bob]) {
      equal(await users.get(user.id), user, "get");
      equal(await users.find({ email: `${user.id}@example.com` }), user, "find");
    }
    equal((await changeThere(users, "ann", "bob", 1))?.email, "bob", "the user name of another user");
  },

  "refuses a wrong version and an unknown user, and leaves the address free": async ({ users }) => {
    const ann = sampleUser("ann", { credentialsVersion: 3 });
    await users.create(ann);
    for (const version of [2, 4, 0]) equal(await users.changeEmail("ann", NEW, version), null, "version");
    equal(await users.changeEmail("unknown", NEW, 1), null, "unknown");
    equal(await users.get("ann"), ann, "get");
    equal(await users.find({ email: NEW }), null, "find");
    await users.create(sampleUser("bob"));
    equal(await users.changeEmail("ann", "bob@example.com", 2), null, "version before address");
    equal(await users.create(sampleUser("eve", { email: NEW })), true, "a sign-up");
  },

  "proves the address of the user itself, and raises the version": async ({ users }) => {
    const ann = sampleUser("ann");
    await users.create(ann);
    const proved = { ...ann, emailVerified: true, credentialsVersion: 2 };
    equal(await users.changeEmail("ann", "ann@example.com", 1), proved, "change");
    equal(await users.changeEmail("ann", "ann@example.com", 1), null, "with the old version");
    equal(await users.find({ email: "ann@example.com" }), proved, "find");
    equal(await users.create(sampleUser("bob", { email: "ann@example.com" })), false, "still taken");
  },

  "gives an address to a user without one": async ({ users }) => {
    await users.create(sampleUser("ann", { email: null }));
    equal((await changeThere(users, "ann", NEW, 1))?.email, NEW, "change");
    equal((await users.find({ email: NEW }))?.id, "ann", "find");
    equal(await users.delete("ann"), true, "delete");
    equal(await users.create(sampleUser("bob", { email: NEW })), true, "free after the deletion");
  },

  "many users race for one address: one wins, the others keep theirs": async ({ users }) => {
    const ids = Array.from({ length: CROWD }, (_, index) => `u${index}`);
    for (const id of ids) await users.create(sampleUser(id));
    const got = await Promise.all(ids.map((id) => users.changeEmail(id, NEW, 1)));
    equal(got.filter((one) => one === "taken").length, CROWD - 1, "losers");
    const [winner] = got.flatMap((one) => (one === "taken" || one === null ? [] : [one.id]));
    equal((await users.find({ email: NEW }))?.id, winner, "winner");
    for (const id of ids) {
      if (id === winner) continue;
      equal(await users.find({ email: `${id}@example.com` }), sampleUser(id), "loser");
    }
  },

  "a change races with sign-ups for one address: one of them has it": async ({ users }) => {
    await users.create(sampleUser("ann"));
    const [changed, ...made] = await Promise.all([
      users.changeEmail("ann", NEW, 1),
      ...Array.from({ length: CROWD }, (_, index) => users.create(sampleUser(`u${index}`, { email: NEW }))),
    ]);
    const isChanged = changed !== "taken" && changed !== null;
    equal(made.filter(Boolean).length + (isChanged ? 1 : 0), 1, "winners");
    const winner = isChanged ? "ann" : `u${made.indexOf(true)}`;
    equal((await users.find({ email: NEW }))?.id, winner, "find");
    equal((await users.get("ann"))?.email, isChanged ? NEW : "ann@example.com", "ann");
  },

  "changes of one user to one address race: one wins, and to no other it is taken": async ({ users }) => {
    await users.create(sampleUser("ann"));
    const got = await Promise.all(Array.from({ length: CROWD }, () => users.changeEmail("ann", NEW, 1)));
    equal(got.filter((one) => one === null).length, CROWD - 1, "losers");
    equal((await users.find({ email: NEW }))?.credentialsVersion, 2, "winner");
  },

  "changes of one user race: one wins, and the other addresses are free": async ({ users }) => {
    await users.create(sampleUser("ann"));
    const addresses = Array.from({ length: CROWD }, (_, index) => `n${index % 8}@example.com`);
    const got = await Promise.all(addresses.map((address) => users.changeEmail("ann", address, 1)));
    const won = got.flatMap((one) => (one === "taken" || one === null ? [] : [one.email]));
    equal(won.length, 1, "winners");
    equal((await users.get("ann"))?.email, won[0], "get");
    for (const [index, email] of [...new Set(addresses), "ann@example.com"].entries()) {
      equal(
        await users.create(sampleUser(`u${index}`, { email })),
        email !== won[0],
        `a sign-up with ${email}`,
      );
    }
  },
};

async function changeThere(
  users: Store["users"],
  id: string,
  email: string,
  version: number,
): Promise<User | null> {
  const changed = await users.changeEmail(id, email, version);
  return changed === "taken" ? null : changed;
}
