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
  list: async () => [],
  update: async () => null,
  changeEmail: async () => null,
} satisfies UserStore<Member>;

export const club = createAuth({
  store: memory(),
  users: members,
  user: { serialize: ({ id, plan }) => ({ id, plan }) },
});

export const planOf = async (id: string) => (await club.users.get(id))?.plan;

export const promote = async (id: string) =>
  (await club.users.update(id, { plan: "gold", name: "Ann", email: "ann@example.com", emailVerified: true }))
    ?.plan;

export async function plans(query: string) {
  const { users, next } = await club.users.list({ query, limit: 20 });
  const more = next === null ? { users: [] } : await club.users.list({ query, after: next });
  return [...users, ...more.users].map(({ plan }) => plan);
}

export type Club = typeof club;
