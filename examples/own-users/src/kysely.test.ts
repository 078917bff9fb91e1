import { kyselyUsers, openKysely } from "./kysely.ts";
import { describeOwnUsers } from "./whole-life.ts";

describeOwnUsers("Kysely", (pool) => kyselyUsers(openKysely(pool)));
