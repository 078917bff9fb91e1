import { createAuth } from "@latchkey/core";
import { migrate, postgres, type SqlStore } from "@latchkey/sql/postgres";
import postgresJs from "postgres";
import { expect, test } from "vitest";
import { type OwnServer, ownServer, quietPool } from "./postgres-server.ts";

test("a server that stops and starts causes 503 without cookies while it is down, and every session works afterwards", async () => {
  const server = await ownServer();
  await server.start();
  const pool = quietPool({ connectionString: server.url });
  const sql = postgresJs(server.url, { onnotice: () => undefined });
  try {
    const stores = { pg: postgres(pool), "postgres.js": postgres(sql) };
    await migrate(stores["postgres.js"]);
    await outage(server, Object.values(stores));
  } finally {
    await pool.end();
    await sql.end({ timeout: 1 });
    await server.remove();
  }
});

const person = {
  email: null,
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
  passwordHash: null,
  credentialsVersion: 1,
  createdAt: 0,
  disabledAt: null,
};

async function outage(server: OwnServer, stores: readonly SqlStore[]): Promise<void> {
  const users = await Promise.all(
    stores.map(async (store, index) => {
      const auth = createAuth({ store });
      const id = `user ${index}`;
      await store.users.create({ ...person, id });
      const { refreshToken } = await auth.sessions.create(id, { transport: "cookie" });
      const request = () =>
        new Request("http://localhost:3000/", {
          headers: { cookie: `latchkey.refresh.3000=${refreshToken}` },
        });
      return { auth, request };
    }),
  );

  await server.halt();
  for (const { auth, request } of users) {
    const found = await auth.validate(request());
    expect(found).toMatchObject({ ok: false, code: "store_unavailable", status: 503 });
    expect(found.headers.get("set-cookie")).toBeNull();
  }

  await server.start();
  for (const { auth, request } of users) {
    const found = await untilOk(() => auth.validate(request()));
    expect(found.ok && found.refreshed).toBe(true);
    expect(found.headers.get("set-cookie")).toContain("latchkey.refresh.3000=");
  }
}

/** A client may find out only now that a connection is lost: it gets time to come back. */
async function untilOk<T extends { readonly ok: boolean }>(attempt: () => Promise<T>): Promise<T> {
  let found = await attempt();
  for (let tries = 0; !found.ok && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    found = await attempt();
  }
  return found;
}
