import { AuthError } from "../platform/errors.ts";
import { checkMembers, type MembersOf, shown } from "../platform/option-error.ts";
import { parsePrefix } from "../users/identifier.ts";
import { type ListOptions, type PublicUser, publicUser, type User, type UserPage } from "../users/user.ts";
import { isListedBefore, ordersOf, readCursor, type UserCursor, writeCursor } from "../users/user-range.ts";
import type { App } from "./app.ts";

const OPTIONS: MembersOf<ListOptions> = { after: null, limit: null, query: null };
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** Lists users, a page at a time. Fails with `invalid_request`. */
export async function listUsers(app: App, options: ListOptions = {}): Promise<UserPage> {
  checkMembers("users.list", options, OPTIONS);
  const { after, limit = DEFAULT_LIMIT, query = "" } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    const wanted = `it must be a whole number from 1 to ${MAX_LIMIT}`;
    throw new AuthError("invalid_request", `users.list: limit is ${shown(limit)}, but ${wanted}`);
  }
  const prefix = parsePrefix(query);
  if (prefix === null) return { users: [], next: null };
  const [first = "id"] = ordersOf(prefix);
  const start = after === undefined ? { by: first, after: null } : readCursor(after, prefix);
  if (start === null) {
    const reason = "users.list: after must be `next` of a page of the same query";
    throw new AuthError("invalid_request", reason);
  }
  return readPage(app, { prefix, start, limit });
}

interface Page {
  readonly prefix: string;
  readonly start: UserCursor;
  readonly limit: number;
}

/** Reads one range of each order, so a page of users that an earlier order has is shorter, and costs no more. */
async function readPage(app: App, { prefix, start, limit }: Page): Promise<UserPage> {
  const { users: store } = app;
  if (store.list === undefined)
    throw new TypeError("users has no list: add it to your UserStore to list users");
  const orders = ordersOf(prefix);
  const users: PublicUser[] = [];
  let left = limit;
  for (const by of orders.slice(orders.indexOf(start.by))) {
    const after = by === start.by ? start.after : null;
    const found = await store.list({ by, prefix, after, limit: left + 1 });
    const taken = found.slice(0, left);
    const others = taken.filter((user) => !isListedBefore(user, by, prefix));
    users.push(...others.map(publicUser));
    if (found.length > left) return { users, next: writeCursor({ by, after: keyOf(taken, by) ?? after }) };
    left -= taken.length;
  }
  return { users, next: null };
}

function keyOf(users: readonly User[], by: UserCursor["by"]): string | null {
  return users.at(-1)?.[by] ?? null;
}
