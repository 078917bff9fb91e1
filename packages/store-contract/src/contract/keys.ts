import { type Cases, equal } from "../cases.ts";

export const keyCases: Cases = {
  "is empty at first": async ({ keys }) => {
    equal(await keys.load(), null, "load");
    equal(await keys.save(1, "x"), false, "a version that is not there");
    equal(await keys.load(), null, "load");
  },

  "saves under compare-and-set": async ({ keys }) => {
    equal(await keys.save(0, "one"), true, "first");
    equal(await keys.load(), { version: 1, document: "one" }, "load");
    equal(await keys.save(0, "other"), false, "first again");
    equal(await keys.save(1, "two"), true, "second");
    equal(await keys.save(1, "other"), false, "second again");
    equal(await keys.save(3, "other"), false, "from the future");
    equal(await keys.load(), { version: 2, document: "two" }, "load");
  },

  "keeps a document of any size": async ({ keys }) => {
    const document = JSON.stringify({ keys: "k".repeat(100_000) });
    equal(await keys.save(0, document), true, "save");
    equal((await keys.load())?.document === document, true, "load");
  },
};
