import { createAuth, type User, type UserStore } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";

export interface Member extends User {
  readonly plan: "free" | "gold";
}

declare const rows: ReadonlyMap<string, Member>;

export const members = {
  ...memory().users,
  get: async (id) => rows.get(id) ?? null,
  find: async () => null,
  findByAccount: async () => null,
  update: async () => null,
  changeEmail: async () => null,
} satisfies UserStore<Member>;

export const club = createAuth({
  store: memory(),
  users: members,
  user: { serialize: ({ id, plan }) => ({ id, plan }) },
});

export const planOf = async (id: string) => (await club.users.get(id))?.plan;

export type Club = typeof club;
