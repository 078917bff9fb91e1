import { type Cases, equal } from "../cases.ts";
import { START, sampleUser } from "../samples.ts";

const always = { ifVersion: null, raiseVersion: false } as const;

export const userCases: Cases = {
  "keeps users as given, and finds them": async ({ users }) => {
    const ann = sampleUser("ann", {
      name: "Ann",
      picture: "https://images.example.com/ann.png",
      emailVerified: true,
      disabledAt: START,
    });
    const bob = sampleUser("bob", { email: null, passwordHash: null, credentialsVersion: 7 });
    const eve = sampleUser("eve", { username: null });
    for (const user of [ann, bob, eve]) {
      equal(await users.create(user), true, "create");
      equal(await users.get(user.id), user, "get");
    }
    equal(await users.find({ email: "ann@example.com" }), ann, "by e-mail");
    equal(await users.find({ username: "bob" }), bob, "by user name");
    equal(await users.find({ username: "ann@example.com" }), null, "an e-mail as a user name");
    equal(await users.find({ email: "ANN@example.com" }), null, "another form");
    equal(await users.get("unknown"), null, "unknown");
  },

  "refuses taken ids and identifiers, and leaves their user unchanged": async ({ users }) => {
    const ann = sampleUser("ann");
    await users.create(ann);
    equal(await users.create(sampleUser("ann", { email: "x@example.com", username: "x" })), false, "id");
    equal(await users.create(sampleUser("x", { email: ann.email })), false, "e-mail");
    equal(await users.create(sampleUser("x", { username: ann.username })), false, "user name");
    equal(await users.get("x"), null, "nothing was made");
    equal(await users.get("ann"), ann, "ann");
    equal(await users.create(sampleUser("x", { username: ann.email })), true, "each kind by itself");
  },

  "allows any number of users without an identifier": async ({ users }) => {
    equal(await users.create(sampleUser("a", { email: null, username: null })), true, "first");
    equal(await users.create(sampleUser("b", { email: null, username: null })), true, "second");
  },

  "changes the given members and nothing else": async ({ users }) => {
    const ann = sampleUser("ann");
    await users.create(ann);
    const profile = { name: "Ann", picture: "https://images.example.com/ann.png" };
    const named = { ...ann, ...profile, emailVerified: true };
    equal(await users.update("ann", { ...profile, emailVerified: true }, always), named, "name and picture");
    const off = { ...named, passwordHash: null, disabledAt: START };
    equal(await users.update("ann", { passwordHash: null, disabledAt: START }, always), off, "null and time");
    const back = { ...off, name: null, picture: null, emailVerified: false, disabledAt: null };
    equal(
      await users.update(
        "ann",
        { name: null, picture: null, emailVerified: false, disabledAt: null },
        always,
      ),
      back,
      "back",
    );
    equal(await users.update("ann", {}, always), back, "nothing");
    equal(await users.get("ann"), back, "get");
    equal(await users.update("unknown", { name: "x" }, always), null, "unknown");
  },

  "refuses a member that it does not keep, and changes nothing": async ({ users }) => {
    const ann = sampleUser("ann");
    await users.create(ann);
    const change: object = { name: "Ann", noSuchMember: "gold" };
    const error: unknown = await users.update("ann", change, always).catch((reason: unknown) => reason);
    equal(error instanceof Error && error.message.includes("noSuchMember"), true, "the member is named");
    equal(await users.get("ann"), ann, "get");
  },

  "compares the version, and raises it": async ({ users }) => {
    const ann = sampleUser("ann");
    await users.create(ann);
    const raise = { ifVersion: 1, raiseVersion: true };
    const changed = { ...ann, passwordHash: "new", credentialsVersion: 2 };
    equal(await users.update("ann", { passwordHash: "new" }, raise), changed, "first");
    equal(await users.update("ann", { passwordHash: "newer" }, raise), null, "with the old version");
    equal(await users.get("ann"), changed, "get");
    const kept = await users.update("ann", { name: "Ann" }, { ifVersion: 2, raiseVersion: false });
    equal(kept?.credentialsVersion, 2, "not raised");
  },

  "deletes once, and frees the identifiers": async ({ users }) => {
    await users.create(sampleUser("ann"));
    equal(await users.delete("ann"), true, "delete");
    equal(await users.delete("ann"), false, "again");
    equal(await users.get("ann"), null, "get");
    equal(await users.find({ email: "ann@example.com" }), null, "find");
    equal(await users.create(sampleUser("ann")), true, "create again");
  },
};
