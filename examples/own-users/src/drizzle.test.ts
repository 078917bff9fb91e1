import { drizzleUsers, openDrizzle } from "./drizzle.ts";
import { describeOwnUsers } from "./whole-life.ts";

describeOwnUsers("Drizzle", (pool) => drizzleUsers(openDrizzle(pool)));
