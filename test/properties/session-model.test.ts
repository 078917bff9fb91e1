import { type Auth, type AuthEvent, createAuth, type JsonObject, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ORIGIN } from "../fixtures/server.ts";
import { holds } from "./check.ts";

const LEASE = 60;
const IDLE = 1_000;
/** Each is a whole history of a server of its own. */
const HISTORIES = 2_000;

/** One family as the rules have it, with every refresh token it ever issued, oldest first. */
interface Family {
  readonly id: string;
  readonly issued: string[];
  /** Places in `issued`; null where no child waits. */
  root: number;
  child: number | null;
  childAt: number;
  refreshedAt: number;
  over: boolean;
}

type Step =
  | { readonly kind: "sign-in" }
  | { readonly kind: "revokeAll" }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "present"; readonly family: number; readonly age: number }
  | { readonly kind: "revoke"; readonly family: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>({ kind: "sign-in" }, { kind: "sign-in" }, { kind: "revokeAll" }),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(1, LEASE - 1, LEASE, 300, IDLE)
      .map((seconds): Step => ({ kind: "pass", seconds })),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("present" as const),
      family: fc.nat(2),
      age: fc.constantFrom(0, 0, 0, 1, 1, 2, 5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), family: fc.nat(2) }) },
);

/** What the rules say of a token, and what they leave of its family. */
function judge(family: Family, place: number, now: number): string {
  if (family.over) return "session_revoked";
  if (now >= family.refreshedAt + IDLE) return "session_expired";
  const leased = family.child !== null && now - family.childAt < LEASE;
  const isGood = place === family.root || place === family.child;
  if (!isGood) {
    family.over = true;
    return "refresh_token_reused";
  }
  if (leased) return "access_only";
  const outcome = place === family.child ? "rotated" : family.child === null ? "first" : "reissued";
  if (outcome === "rotated") family.root = place;
  family.child = family.issued.length;
  family.childAt = now;
  family.refreshedAt = now;
  return outcome;
}

/** A server, and what the rules say of it. */
interface World {
  readonly auth: Auth<JsonObject, User>;
  readonly userId: string;
  readonly families: Family[];
  readonly events: readonly AuthEvent[];
  now: number;
  alarms: number;
}

async function openWorld(): Promise<World> {
  const events: AuthEvent[] = [];
  const time = { now: 1_900_000_000 };
  const auth = createAuth({
    store: memory(),
    baseURL: ORIGIN,
    rateLimit: false,
    secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
    // Signed by a shared secret: thousands of rings would cost more than what is tested here.
    accessToken: { algorithm: "HS256" },
    refreshToken: { lifetime: IDLE, maxLifetime: null },
    onEvent: (event) => events.push(event),
    env: { clock: () => time.now * 1_000 },
  });
  const { id } = await auth.users.create({ email: "ann@example.com" });
  const world = {
    auth,
    userId: id,
    families: [],
    events,
    alarms: 0,
    get now() {
      return time.now;
    },
    set now(at) {
      time.now = at;
    },
  };
  await signIn(world);
  return world;
}

async function signIn({ auth, userId, families, now }: World): Promise<void> {
  const { session, refreshToken } = await auth.sessions.create(userId, { transport: "bearer" });
  const issued = [refreshToken ?? ""];
  families.push({ id: session.id, issued, root: 0, child: null, childAt: 0, refreshedAt: now, over: false });
}

async function take(world: World, step: Step): Promise<void> {
  const { auth, families } = world;
  if (step.kind === "sign-in") return signIn(world);
  if (step.kind === "pass") {
    world.now += step.seconds;
    return;
  }
  if (step.kind === "revokeAll") {
    await auth.sessions.revokeAll(world.userId);
    for (const family of families) family.over = true;
    return;
  }
  const family = families[step.family % families.length];
  if (family === undefined) throw new Error("no user is signed in");
  if (step.kind === "present") return present(world, family, step.age);
  await auth.sessions.revoke(family.id);
  family.over = true;
}

async function present(world: World, family: Family, age: number): Promise<void> {
  const place = Math.max(0, family.issued.length - 1 - age);
  const expected = judge(family, place, world.now);
  const result = await world.auth.sessions.refresh(family.issued[place] ?? "");
  expect(result.ok ? result.outcome : result.code).toBe(expected);
  if (expected === "refresh_token_reused") world.alarms += 1;
  if (!result.ok) return;
  expect(result.refreshToken === null).toBe(expected === "access_only");
  if (result.refreshToken !== null) family.issued.push(result.refreshToken);
  expect((await world.auth.sessions.verify(result.accessToken)).ok).toBe(true);
}

it("CON-15 any sequence of operations on a user's sessions gives the results and alarms of the rules", async () => {
  const histories = fc.array(step, { minLength: 3, maxLength: 16 });
  const keepsTheRules = async (steps: readonly Step[]): Promise<void> => {
    const world = await openWorld();
    for (const each of steps) await take(world, each);
    const { auth, families, events, now, alarms } = world;
    expect(events.filter(({ type }) => type === "session.reuse_detected").length).toBe(alarms);
    const live = families.filter(({ over, refreshedAt }) => !over && now < refreshedAt + IDLE);
    const listed = await auth.sessions.list(world.userId);
    expect(listed.map(({ id }) => id).sort()).toEqual(live.map(({ id }) => id).sort());
  };
  await holds("session model", histories, keepsTheRules, HISTORIES);
});
