import type { User } from "@latchkey/core/store";

import { expect, test } from "vitest";
import type { RecordOperations } from "../../packages/cloudflare/src/operations.ts";
import { openRecords } from "../../packages/cloudflare/src/records.ts";
import { migrated, open } from "./files.ts";

const BOB: User = {
  id: "bob",
  email: "bob@example.com",
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
  passwordHash: null,
  credentialsVersion: 1,
  createdAt: 0,
  disabledAt: null,
};

test("a row gets no new address after the time of its reservation, which another user may have by then", async () => {
  const { operations } = await openRecords((await migrated(open(":memory:"))).driver);
  const {
    "users.create": create,
    "users.get": get,
    "users.changeEmailBefore": change,
  } = operations as unknown as RecordOperations;
  await create(BOB);
  const now = Math.floor(Date.now() / 1_000);
  await expect(change(now - 1, BOB.id, "new@example.com", 1)).rejects.toThrow("too late");
  expect(await get(BOB.id)).toEqual(BOB);
  const changed = await change(now + 30, BOB.id, "new@example.com", 1);
  expect(changed).toMatchObject({ email: "new@example.com", emailVerified: true, credentialsVersion: 2 });
});
