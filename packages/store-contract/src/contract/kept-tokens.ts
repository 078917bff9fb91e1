import type { UserStore } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { sampleUser } from "../samples.ts";

const CROWD = 16;
const ROUNDS = 8;
const LONGEST = 100_000;
const github = { provider: "github", subject: "1001" };
const google = { provider: "google", subject: "1001" };

export const keptTokenCases: Cases = {
  "keeps a text with an account, replaces it, and deletes it": async ({ users }) => {
    await createLinkedUsers(users);
    equal(await users.keptTokens(github), null, "at first");
    for (const text of ["first", "second", ""]) {
      equal(await users.keepTokens(github, text), true, "keep");
      equal(await users.keptTokens(github), text, "kept");
    }
    for (const _ of ["once", "again"]) {
      equal(await users.keepTokens(github, null), true, "forget");
      equal(await users.keptTokens(github), null, "forgotten");
    }
    equal((await users.findByAccount(github))?.id, "ann", "the link stays");
  },

  "keeps each account's text by itself, and changes nothing else": async ({ users }) => {
    await createLinkedUsers(users);
    const another = { provider: "github", subject: "1002" };
    await users.link("ann", google);
    await users.link("bob", another);
    for (const account of [google, github, another]) await users.keepTokens(account, nameOf(account));
    for (const account of [google, github, another]) {
      equal(await users.keptTokens(account), nameOf(account), "kept");
    }
    await users.keepTokens(github, null);
    equal(await users.keptTokens(google), nameOf(google), "the user's other account");
    equal(await users.keptTokens(another), nameOf(another), "the provider's other account");
    equal(await users.accounts("ann"), [github, google], "links");
    equal(await users.get("ann"), sampleUser("ann"), "user");
  },

  "keeps nothing for an account that is not linked, and links none": async ({ users }) => {
    await createLinkedUsers(users);
    equal(await users.keepTokens(google, "text"), false, "keep");
    equal(await users.keepTokens(google, null), false, "forget");
    equal(await users.keptTokens(google), null, "kept");
    equal(await users.findByAccount(google), null, "find");
    equal(await users.accounts("ann"), [github], "list");
    equal(await users.link("ann", google), true, "link");
    equal(await users.keptTokens(google), null, "after linking");
  },

  "deletes the text with the link, so that a new link starts without one": async ({ users }) => {
    await createLinkedUsers(users);
    await users.keepTokens(github, "ann's");
    equal(await users.unlink("bob", github), false, "of another user");
    equal(await users.link("bob", github), false, "while it is linked");
    equal(await users.keptTokens(github), "ann's", "still there");
    for (const id of ["bob", "ann", "ann"]) {
      await users.unlink("ann", github);
      await users.unlink("bob", github);
      equal(await users.keptTokens(github), null, "unlinked");
      equal(await users.keepTokens(github, "late"), false, "keep");
      equal(await users.link(id, github), true, "link");
      equal(await users.keptTokens(github), null, `linked to ${id}`);
      equal(await users.keepTokens(github, id), true, "keep");
      equal(await users.keptTokens(github), id, "kept");
    }
  },

  "deletes the text with the user": async ({ users }) => {
    await createLinkedUsers(users);
    await users.link("bob", google);
    await users.keepTokens(github, "ann's");
    await users.keepTokens(google, "bob's");
    await users.delete("ann");
    equal(await users.keptTokens(github), null, "deleted");
    equal(await users.keepTokens(github, "late"), false, "keep");
    equal(await users.keptTokens(google), "bob's", "another user's");
    await users.create(sampleUser("ann"));
    equal(await users.keptTokens(github), null, "a user of the same id");
    await users.link("ann", github);
    equal(await users.keptTokens(github), null, "linked again");
  },

  "keeps a text of 100,000 characters": async ({ users }) => {
    await createLinkedUsers(users);
    const characters = Array.from({ length: LONGEST }, (_, n) => String.fromCharCode(33 + ((n * n) % 94)));
    const text = characters.join("");
    equal(await users.keepTokens(github, text), true, "keep");
    equal((await users.keptTokens(github)) === text, true, "unchanged");
  },

  "keeps by many: one whole text": async ({ users }) => {
    await createLinkedUsers(users);
    const texts = Array.from({ length: CROWD }, (_, n) => String.fromCharCode(97 + n).repeat(1_000));
    const kept = await Promise.all(texts.map((text) => users.keepTokens(github, text)));
    equal(
      kept,
      texts.map(() => true),
      "answers",
    );
    equal(texts.includes((await users.keptTokens(github)) ?? ""), true, "one of them");
  },

  "keep against unlink: no text is left for the next link": async ({ users }) => {
    await createLinkedUsers(users);
    for (let round = 0; round < ROUNDS; round++) {
      const keep = (): Promise<boolean> => users.keepTokens(github, `round ${round}`);
      await Promise.all([keep(), keep(), users.unlink("ann", github), keep(), keep()]);
      equal(await users.keptTokens(github), null, "unlinked");
      equal(await users.findByAccount(github), null, "no link is made");
      await users.link("bob", github);
      equal(await users.keptTokens(github), null, "the next");
      await users.unlink("bob", github);
      await users.link("ann", github);
      equal(await users.keptTokens(github), null, "and the one before");
    }
  },

  "keep against delete: no text is left for the next link": async ({ users }) => {
    await createLinkedUsers(users);
    for (let round = 0; round < ROUNDS; round++) {
      const keep = (): Promise<boolean> => users.keepTokens(github, `round ${round}`);
      await Promise.all([keep(), keep(), users.delete("ann"), keep(), keep()]);
      equal(await users.keptTokens(github), null, "deleted");
      await users.create(sampleUser("ann"));
      equal(await users.accounts("ann"), [], "no link is made");
      await users.link("ann", github);
      equal(await users.keptTokens(github), null, "the next");
    }
  },
};

/** Creates two users, and links an account to ann. */
async function createLinkedUsers(users: UserStore): Promise<void> {
  await users.create(sampleUser("ann"));
  await users.create(sampleUser("bob"));
  await users.link("ann", github);
}

function nameOf({ provider, subject }: { readonly provider: string; readonly subject: string }): string {
  return `${provider} ${subject}`;
}
