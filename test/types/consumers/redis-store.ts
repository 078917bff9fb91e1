import { createAuth } from "@latchkey/core";
import { type RedisClient, redis } from "@latchkey/redis";

export const open = (client: RedisClient) => redis(client, { prefix: "auth:" });

export const authOver = (client: RedisClient) => createAuth({ store: open(client), revocation: "store" });

export const throttleOf = (client: RedisClient) => open(client).throttle;
