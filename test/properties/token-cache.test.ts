import type { Auth, Validation } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import fc from "fast-check";
import { expect, it } from "vitest";
import { settableClock } from "../fixtures/clock.ts";
import { ACCESS, ORIGIN, openSecureServer, REFRESH } from "../fixtures/server.ts";
import { kidOf } from "../fixtures/tokens.ts";
import { holds } from "./check.ts";

const ALGORITHMS = ["HS256", "EdDSA"] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/** Two servers over one store and one clock. The one keeps tokens, the other checks every signature. */
function openPair(algorithm: Algorithm, tokenCache: number) {
  const [store, clock] = [memory(), settableClock()];
  const open = (options: object): Auth =>
    openSecureServer({ store, clock, accessToken: { algorithm }, ...options }).auth;
  return {
    clock,
    keeping: open({ tokenCache }),
    checking: open({ tokenCache: false }),
    stranger: open({ tokenCache, accessToken: { algorithm, audience: "another" } }),
  };
}

type Pair = ReturnType<typeof openPair>;
interface Issued {
  readonly id: string;
  readonly access: string;
  readonly refresh: string;
}

const which = fc.nat({ max: 5 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("issue"),
      transport: fc.constantFrom("cookie", "cookie", "bearer"),
      stranger: fc.nat({ max: 9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("advance"),
      seconds: fc.constantFrom(1, 5, 9, 10, 11, 12, 31, 60, 400, 540, 590, 599, 600, 601, -1, -30, -61),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("end", "change", "rotate", "revoke"), which }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("present"),
      which,
      other: which,
      form: fc.constantFrom(
        "cookie",
        "cookie",
        "cookie",
        "bearer",
        "bearer",
        "both",
        "twice",
        "spaced",
        "cut",
        "longer",
        "swapped",
        "upper",
      ),
      method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST"),
      site: fc.constantFrom(null, null, "same-origin", "cross-site"),
      refresh: fc.constantFrom("never", "auto"),
      fresh: fc.constantFrom(false, false, false, true),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Presented = Extract<Step, { form: string }>;

function headersOf({ form, site, refresh }: Presented, one: Issued, other: Issued): Headers {
  const headers = new Headers(site === null ? {} : { "sec-fetch-site": site });
  const cookie = (...pairs: readonly string[]): void =>
    headers.set("cookie", ["theme=dark", ...pairs].join("; "));
  const { access } = one;
  const texts: Readonly<Record<string, string>> = {
    cut: access.slice(0, -1),
    longer: `${access}A`,
    swapped: `${access.slice(0, access.lastIndexOf("."))}${other.access.slice(other.access.lastIndexOf("."))}`,
    upper: access.toUpperCase(),
  };
  if (form === "bearer" || form === "both") headers.set("authorization", `Bearer ${access}`);
  if (form === "both") cookie(`${ACCESS}=${other.access}`);
  else if (form === "twice") cookie(`${ACCESS}=${access}`, `${ACCESS}=${other.access}`);
  else if (form === "spaced") cookie(`${ACCESS} = ${access} `, `${ACCESS}=${other.access}`);
  else if (form !== "bearer")
    cookie(
      `${ACCESS}=${texts[form] ?? access}`,
      ...(refresh === "never" ? [`${REFRESH}=${one.refresh}`] : []),
    );
  return headers;
}

function shown(found: Validation): unknown {
  const headers = [...found.headers];
  if (!found.ok) return { code: found.code, status: found.status, headers };
  const { session, userId, claims, transport, refreshed, cookies } = found;
  // A token that is made again, from a session that was changed, has an id of its own.
  return {
    session,
    userId,
    claims: { ...claims, jti: null },
    transport,
    refreshed,
    headers,
    cookies: [...cookies],
  };
}

async function validate(auth: Auth, presented: Presented, one: Issued, other: Issued): Promise<unknown> {
  const { method, refresh, fresh } = presented;
  const reads: Promise<unknown>[] = [];
  const request = new Request(`${ORIGIN}/page`, { method, headers: headersOf(presented, one, other) });
  const waitUntil = (work: Promise<unknown>) => reads.push(work);
  const found = await auth.validate(request, { refresh, fresh, waitUntil });
  await Promise.all(reads);
  return shown(found);
}

async function issue(
  { keeping, stranger }: Pair,
  userId: string,
  { transport, stranger: of }: { transport: string; stranger: number },
): Promise<Issued> {
  const auth = of === 0 ? stranger : keeping;
  const issued = await auth.sessions.create(userId, {
    transport: transport === "bearer" ? "bearer" : "cookie",
  });
  return { id: issued.session.id, access: issued.accessToken, refresh: String(issued.refreshToken) };
}

async function changeKeys({ keeping, checking }: Pair, kind: string, kid: string): Promise<void> {
  if (kind === "rotate") await keeping.keys.rotate();
  // The second call learns what the first one did, as the server that keeps tokens knows it.
  else for (const auth of [keeping, checking]) await auth.keys.revoke(kid);
}

async function live(pair: Pair, algorithm: Algorithm, steps: readonly Step[]): Promise<void> {
  const { clock, keeping, checking } = pair;
  const { id: userId } = await keeping.users.create({ username: `user-${Math.random()}` });
  const issued = [await issue(pair, userId, { transport: "cookie", stranger: 1 })];
  const at = (index: number): Issued => issued[index % issued.length] ?? { id: "", access: "", refresh: "" };
  for (const each of steps) {
    if ("transport" in each) issued.push(await issue(pair, userId, each));
    else if ("seconds" in each) clock.advance(each.seconds);
    else if ("form" in each) {
      const [one, other] = [at(each.which), at(each.other)];
      const expected = await validate(checking, each, one, other);
      expect(await validate(keeping, each, one, other), JSON.stringify(each)).toEqual(expected);
    } else if (each.kind === "end") await keeping.sessions.revoke(at(each.which).id);
    else if (each.kind === "change")
      await keeping.sessions.update(at(each.which).id, { context: { changedAt: clock.now() } });
    else if (algorithm === "EdDSA") await changeKeys(pair, each.kind, kidOf(at(each.which).access));
  }
}

const histories = fc.array(step, { minLength: 2, maxLength: 8 });

it.each<[algorithm: Algorithm, cases: number]>([
  ["HS256", 9_800],
  ["EdDSA", 200],
])(
  "a server that keeps tokens answers as one that checks every signature, with %s",
  async (algorithm, cases) => {
    let count = 0;
    let pair = openPair(algorithm, 1);
    await holds(
      `histories with ${algorithm}`,
      histories,
      async (steps) => {
        if (++count % 200 === 0) pair = openPair(algorithm, count % 400 === 0 ? 3 : 100);
        await live(pair, algorithm, steps);
      },
      cases,
    );
  },
);
