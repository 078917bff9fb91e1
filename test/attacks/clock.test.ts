import { createAuth } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { countOf, ORIGIN, SECRET } from "../fixtures/server.ts";
import { LEASE, openAttackedServer } from "./server.ts";
import { modes, present, signUp, whoAmI } from "./session.ts";

const HOUR = 3_600;

describe.each(modes)("clocks (%s)", (mode) => {
  it("CLK-01 parallel tabs on two servers whose clocks differ by less than the lease raise no alarm", async () => {
    for (const apart of [-LEASE + 1, -30, -1, 0, 1, 30, LEASE - 1]) {
      const store = newStore();
      const [here, there] = [openAttackedServer({ store }), openAttackedServer({ store })];
      there.clock.advance(apart);
      const ann = await signUp(here, mode);
      const answers = [
        await present(here, mode, ann.refresh),
        await present(there, mode, ann.refresh),
        await present(here, mode, ann.refresh),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(answers.filter(({ refresh }) => refresh !== null).length).toBe(1);
      expect(countOf(here, "session.reuse_detected") + countOf(there, "session.reuse_detected")).toBe(0);
    }
  });

  it("CLK-01 a child with a date far ahead prevents neither rotation nor the detection of reuse", async () => {
    const store = newStore();
    const [ahead, here] = [openAttackedServer({ store }), openAttackedServer({ store })];
    const ann = await signUp(here, mode);
    ahead.clock.advance(HOUR);
    const first = await present(ahead, mode, ann.refresh);
    const second = await present(here, mode, first.refresh ?? "");
    expect({ status: second.status, hasRefresh: second.refresh !== null }).toEqual({
      status: 200,
      hasRefresh: true,
    });
    expect((await present(here, mode, ann.refresh)).code).toBe("refresh_token_reused");
  });

  it("CLK-02 a clock that jumps back makes no expired token valid", async () => {
    const server = openAttackedServer({ refreshToken: { lifetime: 2 * HOUR, maxLifetime: 2 * HOUR } });
    const ann = await signUp(server, mode);
    server.clock.advance(2 * HOUR);
    expect((await present(server, mode, ann.refresh)).code).toBe("session_expired");
    server.clock.advance(-1);
    // Not over yet by this clock: the row's own time decides, and nothing beyond it is handed out.
    const late = await present(server, mode, ann.refresh);
    expect(late.body["expires_in"]).toBe(1);
    server.clock.advance(1);
    expect((await whoAmI(server, mode, late.access ?? "")).code).toBe("unauthenticated");
  });

  it("CLK-02 a session that ended before the jump stays ended", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    await server.auth.sessions.revoke(ann.sessionId);
    server.clock.advance(-HOUR);
    expect((await present(server, mode, ann.refresh)).code).toBe("session_revoked");
    expect((await whoAmI(server, mode, ann.access)).code).toBe("unauthenticated");
  });

  it("CLK-02 CLK-03 no lifetime in an answer is negative, in whichever direction the clock jumps", async () => {
    for (const jump of [-HOUR, -1, 0, HOUR, 13 * 24 * HOUR]) {
      const server = openAttackedServer();
      const ann = await signUp(server, mode);
      server.clock.advance(jump);
      const answer = await present(server, mode, ann.refresh);
      expect({ jump, status: answer.status }).toEqual({ jump, status: 200 });
      expect(Number(answer.body["expires_in"])).toBeGreaterThan(0);
      for (const line of answer.headers.getSetCookie()) expect(line).toMatch(/Max-Age=[1-9]/);
    }
  });

  it("CLK-04 CLK-05 the order of events does not depend on a clock that stands still", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const answers = await Promise.all(Array.from({ length: 10 }, () => present(server, mode, ann.refresh)));
    expect(answers.filter(({ refresh }) => refresh !== null).length).toBe(1);
    const tokens = new Set(answers.map(({ access }) => access));
    expect(tokens.size).toBe(10);
  });

  it("CLK-08 every time is in whole seconds", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const found = await server.auth.sessions.verify(ann.access);
    if (!found.ok) throw new Error(found.code);
    const { iat, exp, auth_time, session_created, session_expires } = found.claims;
    for (const time of [iat, exp, auth_time, session_created, session_expires]) {
      expect({
        isInteger: Number.isInteger(time),
        isInSeconds: Number(time) < 1e11,
        isRecent: Number(time) > 1e9,
      }).toEqual({ isInteger: true, isInSeconds: true, isRecent: true });
    }
    expect(exp - iat).toBe(600);
  });

  it("CLK-06 the time zone of the server changes nothing", async () => {
    const before = process.env["TZ"];
    const bodies: unknown[] = [];
    try {
      for (const zone of ["UTC", "Pacific/Kiritimati", "America/St_Johns"]) {
        process.env["TZ"] = zone;
        const server = openAttackedServer();
        const ann = await signUp(server, mode);
        server.clock.advance(599);
        const found = await server.auth.sessions.verify(ann.access);
        bodies.push(found.ok && [found.claims.iat, found.claims.exp, found.session.expiresAt]);
      }
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
    expect(bodies).toEqual([bodies[0], bodies[0], bodies[0]]);
  });
});

describe("CLK-07 lifetimes", () => {
  const values: readonly unknown[] = [
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "15m ",
    "600",
    2 ** 31,
    1.5,
    true,
    {},
    [600],
  ];
  const refused = (options: object): void => {
    const given = { store: newStore(), baseURL: ORIGIN, secret: SECRET, ...options };
    expect(() => createAuth(given as Parameters<typeof createAuth>[0])).toThrow(TypeError);
  };

  it.each(values)("%s is refused as a lifetime in the configuration", (value) => {
    refused({ accessToken: { lifetime: value } });
    refused({ refreshToken: { lifetime: value } });
    refused({ refreshToken: { maxLifetime: value } });
    refused({ refreshToken: { lease: value } });
    refused({ keys: { rotateEvery: value } });
    refused({ storeTimeout: value });
    if (value !== 0) refused({ refreshToken: { refreshBefore: value } });
  });

  it.each(values)("%s is refused as a lifetime of one session", async (value) => {
    const { auth } = openAttackedServer();
    const { id } = await auth.users.create({ email: "ann@example.com" });
    for (const name of ["accessLifetime", "refreshLifetime"]) {
      await expect(auth.sessions.create(id, { [name]: value })).rejects.toThrow(/sessions\.create/);
    }
    expect(await auth.sessions.list(id)).toEqual([]);
  });

  it.each([
    ["a lease too short", { refreshToken: { lease: 4 } }, /refreshToken\.lease/],
    ["a lease too long", { refreshToken: { lease: 301 } }, /refreshToken\.lease/],
    ["an access token below two leases", { accessToken: { lifetime: 119 } }, /accessToken\.lifetime/],
    [
      "an access token above a day",
      { accessToken: { lifetime: 86_401 }, refreshToken: { lifetime: null } },
      /accessToken\.lifetime/,
    ],
    [
      "refreshBefore that leaves no two leases",
      { refreshToken: { refreshBefore: 481 } },
      /refreshToken\.refreshBefore/,
    ],
    [
      "an idle life below the access token's and two leases",
      { refreshToken: { lifetime: 719 } },
      /refreshToken\.lifetime/,
    ],
    [
      "an absolute life below the idle one",
      { refreshToken: { lifetime: 1_000, maxLifetime: 999 } },
      /refreshToken\.maxLifetime/,
    ],
  ])("%s is refused, and the error names it", (_, options, named) => {
    expect(() => createAuth({ store: newStore(), ...options })).toThrow(named);
  });

  it("lifetimes at their exact bounds are allowed", () => {
    const options = {
      accessToken: { lifetime: 120 },
      refreshToken: { lease: 60, refreshBefore: 0, lifetime: 240, maxLifetime: 240 },
    };
    expect(() => createAuth({ store: newStore(), ...options })).not.toThrow();
  });
});
