import type { Store } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { sampleUser } from "../samples.ts";

type Users = Store["users"];
type Range = Parameters<NonNullable<Users["list"]>>[0];

/** The ids of a range. A store without the operation lists nothing, and is not checked. */
async function idsIn(users: Users, range: Partial<Range>): Promise<readonly string[] | null> {
  const whole = { by: "id", prefix: "", after: null, limit: 100, ...range } as const;
  const found = await users.list?.(whole);
  return found?.map(({ id }) => id) ?? null;
}

async function equalIds(users: Users, range: Partial<Range>, expected: readonly string[]): Promise<void> {
  const ids = await idsIn(users, range);
  if (ids !== null) equal(ids, expected, JSON.stringify(range));
}

export const listUserCases: Cases = {
  "lists users as they are stored, in the order of their ids": async ({ users }) => {
    const ann = sampleUser("ann", { name: "Ann", picture: "https://images.example.com/ann.png" });
    const zoe = sampleUser("zoe", { email: null, username: null, passwordHash: null });
    await equalIds(users, {}, []);
    for (const user of [zoe, ann]) await users.create(user);
    const found = await users.list?.({ by: "id", prefix: "", after: null, limit: 10 });
    if (found !== undefined) equal(found, [ann, zoe], "list");
    await equalIds(users, { by: "email" }, ["ann"]);
    await equalIds(users, { by: "username" }, ["ann"]);
  },

  "lists after a text, and at most the limit": async ({ users }) => {
    const ids = Array.from({ length: 12 }, (_, index) => `u${String(index).padStart(2, "0")}`);
    await Promise.all([...ids].reverse().map((id) => users.create(sampleUser(id))));
    await equalIds(users, { limit: 5 }, ids.slice(0, 5));
    await equalIds(users, { after: "u04", limit: 5 }, ids.slice(5, 10));
    await equalIds(users, { after: "u041", limit: 2 }, ids.slice(5, 7));
    await equalIds(users, { after: "u11" }, []);
    await equalIds(users, { by: "email", after: "u09@example.com" }, ["u10", "u11"]);
    await equalIds(users, { by: "username", prefix: "u0", after: "u07" }, ["u08", "u09"]);
  },

  "lists what begins with a text, byte by byte": async ({ users }) => {
    const emails = [
      "a@x.example",
      "ab@x.example",
      "ab%@x.example",
      "abc@x.example",
      "b@x.example",
      "Ab@x.example",
    ];
    for (const [index, email] of emails.entries()) await users.create(sampleUser(`${index}`, { email }));
    await equalIds(users, { by: "email", prefix: "ab" }, ["2", "1", "3"]);
    await equalIds(users, { by: "email", prefix: "ab%" }, ["2"]);
    await equalIds(users, { by: "email", prefix: "ab@x.example" }, ["1"]);
    await equalIds(users, { by: "email", prefix: "ab@x.example", after: "ab@x.example" }, []);
    await equalIds(users, { by: "email", prefix: "a_" }, []);
    await equalIds(users, { by: "email", prefix: "c" }, []);
  },

  "orders by the bytes of UTF-8": async ({ users }) => {
    const names = ["z", "zz", "é", "ﬀ", "\ud7ff", "\ue000", "\uffff", "𝔘", "\u{10ffff}"];
    for (const [index, username] of names.entries()) {
      await users.create(sampleUser(`${index}`, { username, email: null }));
    }
    const order = ["0", "1", "2", "4", "5", "3", "6", "7", "8"];
    await equalIds(users, { by: "username" }, order);
    for (const [index, id] of order.entries()) {
      await equalIds(users, { by: "username", after: names[Number(id)] ?? "" }, order.slice(index + 1));
    }
    for (const point of ["\ud7ff", "𝔘", "\u{10ffff}"]) {
      await equalIds(users, { by: "username", prefix: point }, [`${names.indexOf(point)}`]);
    }
  },

  "follows a change of address, and forgets a deleted user": async ({ users }) => {
    for (const id of ["ann", "bob"]) await users.create(sampleUser(id));
    await users.changeEmail("ann", "c@example.com", 1);
    equal(await users.changeEmail("ann", "bob@example.com", 2), "taken", "taken");
    await equalIds(users, { by: "email" }, ["bob", "ann"]);
    await equalIds(users, { by: "email", prefix: "a" }, []);
    await users.changeEmail("ann", "ann@example.com", 2);
    await equalIds(users, { by: "email" }, ["ann", "bob"]);
    await users.delete("ann");
    for (const by of ["id", "email", "username"] as const) await equalIds(users, { by }, ["bob"]);
    await users.create(sampleUser("ann"));
    for (const by of ["id", "email", "username"] as const) await equalIds(users, { by }, ["ann", "bob"]);
  },

  "lists no user of a refused sign-up": async ({ users }) => {
    await users.create(sampleUser("ann"));
    equal(await users.create(sampleUser("ann", { email: "x@example.com", username: "x" })), false, "id");
    equal(await users.create(sampleUser("x", { email: "ann@example.com" })), false, "e-mail");
    equal(await users.create(sampleUser("x", { username: "ann" })), false, "user name");
    for (const by of ["id", "email", "username"] as const) await equalIds(users, { by }, ["ann"]);
  },
};
