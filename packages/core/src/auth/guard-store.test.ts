import { describe, expect, it } from "vitest";
import { memory } from "../memory.ts";
import type { SlotToken, Store } from "../store.ts";
import { guardStore } from "./guard-store.ts";

const NOW = 1_900_000_000;
const token: SlotToken = {
  slot: "slot",
  purpose: "code",
  secret: "right",
  tries: 5,
  userId: "ann",
  data: {},
  expiresAt: NOW + 1,
};
const ann = {
  id: "ann",
  email: "ann@example.com",
  username: null,
  name: null,
  picture: null,
  emailVerified: true,
  passwordHash: null,
  credentialsVersion: 1,
  createdAt: NOW,
  disabledAt: null,
};

/** A guarded store whose operations on slots and addresses answer this value. */
function answering(value: unknown): { readonly store: Store; readonly failed: string[] } {
  const inner = memory();
  const failed: string[] = [];
  const answer = async (): Promise<never> => value as never;
  const tokens = { ...inner.tokens, fillSlot: answer, readSlot: answer, redeemSlot: answer };
  const users = { ...inner.users, create: answer, changeEmail: answer };
  const store = guardStore({ ...inner, tokens }, users, {
    timeout: 5,
    emit: (event) => void (event.type === "store.failed" && failed.push(event.operation)),
    keep: () => undefined,
  });
  return { store, failed };
}

const wrongRows = [undefined, true, false, 1, "", "yes", [], {}, "taken "];

describe("a store with slots and addresses", () => {
  const wrongTokens = [
    ...wrongRows,
    "taken",
    { ...token, slot: "another" },
    { ...token, slot: undefined },
    { ...token, secret: undefined },
    { ...token, purpose: null },
    { ...token, tries: "5" },
    { ...token, tries: undefined },
    { ...token, userId: 7 },
    { ...token, data: null },
    { ...token, expiresAt: "later" },
  ];
  it.each(wrongTokens.map((value) => [value]))("fails where a slot answers %j", async (value) => {
    const { store, failed } = answering(value);
    await expect(store.tokens.readSlot("slot", NOW)).rejects.toMatchObject({ code: "internal_error" });
    await expect(store.tokens.redeemSlot("slot", "right", NOW)).rejects.toMatchObject({
      code: "internal_error",
    });
    expect(failed).toEqual(["tokens.readSlot", "tokens.redeemSlot"]);
  });

  it("fails where another secret redeems the token", async () => {
    const { store } = answering(token);
    expect(await store.tokens.readSlot("slot", NOW)).toEqual(token);
    expect(await store.tokens.redeemSlot("slot", "right", NOW)).toEqual(token);
    await expect(store.tokens.redeemSlot("slot", "wrong", NOW)).rejects.toMatchObject({
      code: "internal_error",
    });
  });

  it.each([...wrongRows, { ...ann, credentialsVersion: "1" }].map((value) => [value]))(
    "fails where a change of address answers %j",
    async (value) => {
      const { store, failed } = answering(value);
      await expect(store.users.changeEmail("ann", "new@example.com", 1)).rejects.toMatchObject({
        code: "internal_error",
      });
      expect(failed).toEqual(["users.changeEmail"]);
    },
  );

  it.each([[null], ["taken"], [ann]])("passes %j on from a change of address", async (value) => {
    expect(await answering(value).store.users.changeEmail("ann", "new@example.com", 1)).toEqual(value);
  });

  it.each([undefined, null, 1, "", [], {}, { id: "1" }].map((value) => [value]))(
    "fails where a creation answers %j, which is neither a flag nor an id",
    async (value) => {
      const { store, failed } = answering(value);
      await expect(store.users.create(ann)).rejects.toMatchObject({
        code: "internal_error",
        operation: "users.create",
      });
      expect(failed).toEqual(["users.create"]);
    },
  );

  it.each([[true], [false], ["1"]])("passes %j on from a creation", async (value) => {
    expect(await answering(value).store.users.create(ann)).toBe(value);
  });
});
