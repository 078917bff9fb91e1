import { DatabaseSync } from "node:sqlite";
import { type Auth as AnyAuth, createAuth, type JsonObject, type Store, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password, scryptHasher } from "@latchkey/core/password";
import { describeStore } from "@latchkey/store-contract";
import { describe, expect, it } from "vitest";
import { migrated } from "./files.ts";

const ORIGIN = "https://app.example.com";
const ANN = { email: "ann@example.com", password: "correct horse battery" };
const START = 1_900_000_000_000;

type Auth = AnyAuth<JsonObject, User>;

interface Composed {
  readonly store: Store;
  /** Where the sessions are. */
  readonly home: Store;
  /** Where the users and the attempts are. */
  readonly elsewhere: Store;
  readonly close: () => Promise<void>;
}

const compositions: Readonly<Record<string, () => Promise<Composed>>> = {
  "sessions in SQLite, users and throttle in memory": async () => {
    const database = new DatabaseSync(":memory:");
    return compose(await migrated(database), memory(), database);
  },
  "sessions in memory, users and throttle in SQLite": async () => {
    const database = new DatabaseSync(":memory:");
    return compose(memory(), await migrated(database), database);
  },
};

function compose(home: Store, elsewhere: Store, database: DatabaseSync): Composed {
  const store = { ...home, users: elsewhere.users, throttle: elsewhere.throttle };
  return { store, home, elsewhere, close: async () => database.close() };
}

for (const [name, make] of Object.entries(compositions)) {
  describeStore({ describe, it }, name, make);

  describe(name, () => {
    it("serves a sign-up, refreshes and a sign-out", async () => {
      const { store, home, elsewhere, close } = await make();
      const auth = authOver(store);
      const signedUp = await post(auth, "/signup", ANN);
      expect(signedUp.status).toBe(201);
      const id = (await elsewhere.users.find({ email: ANN.email }))?.id ?? "";
      expect(await home.users.find({ email: ANN.email })).toBeNull();
      expect(await liveSessions(home, id)).toBe(1);
      expect(await liveSessions(elsewhere, id)).toBe(0);
      const refreshed = await post(auth, "/refresh", { refresh_token: await refreshTokenOf(signedUp) });
      expect(refreshed.status).toBe(200);
      await auth.users.setPassword(id, "another horse battery");
      expect(await liveSessions(home, id)).toBe(0);
      const late = await post(auth, "/refresh", { refresh_token: await refreshTokenOf(refreshed) });
      expect({ status: late.status, error: (await late.json()).error }).toEqual({
        status: 401,
        error: "session_revoked",
      });
      await close();
    });

    const overtakers: Readonly<Record<string, (auth: Auth, id: string) => Promise<unknown>>> = {
      "a new password is set": (auth, id) => auth.users.setPassword(id, "another horse battery"),
      "the user is disabled": (auth, id) => auth.users.disable(id),
      "the user is deleted": (auth, id) => auth.users.delete(id),
    };
    for (const [what, overtake] of Object.entries(overtakers)) {
      it(`leaves no session of a sign-in during which ${what}`, async () => {
        const { store, home, elsewhere, close } = await make();
        const plain = authOver(store);
        await post(plain, "/signup", ANN);
        const id = (await elsewhere.users.find({ email: ANN.email }))?.id ?? "";
        const overtaken = authOver({ ...store, sessions: lateSessions(store, () => overtake(plain, id)) });
        const answer = await post(overtaken, "/login", ANN);
        expect({ status: answer.status, error: (await answer.json()).error }).toEqual({
          status: 401,
          error: "invalid_credentials",
        });
        expect(await liveSessions(home, id)).toBe(0);
        await close();
      });
    }

    it("counts attempts in the store of the throttle only", async () => {
      const { store, home, close } = await make();
      const auth = authOver(store);
      await post(auth, "/signup", ANN);
      const wrong = { ...ANN, password: "wrong horse battery" };
      const statuses: number[] = [];
      for (let n = 0; n < 11; n++) statuses.push((await post(auth, "/login", wrong)).status);
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
      const another = authOver({ ...store, throttle: home.throttle });
      expect((await post(another, "/login", wrong)).status).toBe(401);
      await close();
    });
  });
}

/** Sessions that are created only once something else has happened: after the password was checked. */
function lateSessions({ sessions }: Store, before: () => Promise<unknown>): Store["sessions"] {
  return {
    ...sessions,
    create: async (...args) => {
      await before();
      return sessions.create(...args);
    },
  };
}

function authOver(store: Store): Auth {
  return createAuth({
    store,
    providers: [password({ hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) })],
    baseURL: ORIGIN,
    secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
    clientAddress: () => "203.0.113.7",
    env: { clock: () => START },
  });
}

function post(auth: Auth, path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const asked = path === "/refresh" ? body : { ...body, transport: "bearer" };
  return auth.handle(
    new Request(`${ORIGIN}/auth${path}`, { method: "POST", headers, body: JSON.stringify(asked) }),
  );
}

async function refreshTokenOf(response: Response): Promise<unknown> {
  const body: { refresh_token?: string } = await response.clone().json();
  return body.refresh_token;
}

async function liveSessions({ sessions }: Store, userId: string): Promise<number> {
  return (await sessions.list(userId, START / 1_000)).length;
}
