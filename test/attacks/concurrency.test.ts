import { password } from "@latchkey/core/password";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  endReasonOf,
  modes,
  present,
  read,
  rotated,
  signIn,
  signUp,
  told,
  whoAmI,
  withAccess,
} from "./session.ts";
import { cheapHasher, LEASE, openStage, PASSWORD, requestTo } from "./stage.ts";

describe.each(modes)("at the same time (%s)", (mode) => {
  it("CON-01 fifty refreshes of one token: one refresh token, forty-nine times access only, no alarm", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const [, child = ""] = await rotated(stage, ann, 1);
    for (const token of [child, child]) {
      stage.pass(LEASE);
      const answers = await Promise.all(Array.from({ length: 50 }, () => present(stage, mode, token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(answers.filter(({ refresh }) => refresh !== null).length).toBe(1);
      expect(answers.flatMap(({ cleared }) => cleared)).toEqual([]);
    }
    expect(told(stage, "session.reuse_detected")).toBe(0);
  });

  it.each(["sign-out", "revokeAll", "setPassword", "disable", "delete", "reuse"] as const)(
    "CON-03 CON-04 CON-05 refresh and %s, in any order: nothing survives",
    async (act) => {
      for (const before of [0, 1, 5, 10]) {
        const stage = openStage({ revocation: "store" });
        const ann = await signUp(stage, mode);
        const tokens = await rotated(stage, ann, 2);
        const newest = tokens.at(-1) ?? "";
        const end = (): Promise<unknown> => {
          if (act === "sign-out") return stage.auth.sessions.revoke(ann.sessionId);
          if (act === "revokeAll") return stage.auth.sessions.revokeAll(ann.userId);
          if (act === "setPassword") return stage.auth.users.setPassword(ann.userId, "another long password");
          if (act === "reuse") return present(stage, mode, tokens[0] ?? "");
          return stage.auth.users[act](ann.userId);
        };
        const calls = Array.from({ length: 10 }, () => () => present(stage, mode, newest));
        const all = await Promise.all([
          ...calls.slice(0, before).map((call) => call()),
          end(),
          ...calls.slice(before).map((call) => call()),
        ]);
        expect(await endReasonOf(stage, ann.sessionId)).not.toBeNull();
        for (const answer of all.filter(isAnswer)) {
          if (answer.refresh !== null)
            expect((await present(stage, mode, answer.refresh)).code).toBe("session_revoked");
          if (answer.access !== null) expect((await whoAmI(stage, mode, answer.access)).status).toBe(401);
        }
      }
    },
  );

  it("CON-04 a sign-in that checked the old password while it changed leaves no session", async () => {
    const gates: (() => void)[] = [];
    let holding = false;
    const hasher = {
      ...cheapHasher,
      async verify(input: string, stored: string | null): Promise<boolean> {
        const ok = await cheapHasher.verify(input, stored);
        if (holding) await new Promise<void>((open) => gates.push(open));
        return ok;
      },
    };
    for (const act of ["setPassword", "disable", "delete", "revokeAll"] as const) {
      const stage = openStage({ providers: [password({ hasher })] });
      const ann = await signUp(stage, mode);
      holding = true;
      const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
      const entering = stage.send("/auth/login", { method: "POST", body });
      while (gates.length === 0) await new Promise((next) => setImmediate(next));
      holding = false;
      if (act === "setPassword") await stage.auth.users.setPassword(ann.userId, "another long password");
      else if (act === "revokeAll") await stage.auth.sessions.revokeAll(ann.userId);
      else await stage.auth.users[act](ann.userId);
      for (const open of gates.splice(0)) open();
      const answer = await read(await entering);
      expect([act, answer.status, answer.code, answer.access]).toEqual([
        act,
        401,
        "invalid_credentials",
        null,
      ]);
      expect(await stage.auth.sessions.list(ann.userId)).toEqual([]);
    }
  });

  it("CON-09 twenty sign-ups of one address, in all its forms: one user, nineteen refusals", async () => {
    const stage = openStage();
    const forms = [
      "ann@example.com",
      "ANN@example.com",
      " ann@example.com ",
      "Ann@EXAMPLE.COM",
      "\uff21nn@example.com",
    ];
    const attempts = Array.from({ length: 20 }, (_, n) =>
      stage.send("/auth/signup", {
        method: "POST",
        body: { email: forms[n % forms.length], password: PASSWORD, transport: mode },
      }),
    );
    const answers = await Promise.all((await Promise.all(attempts)).map(read));
    expect(answers.filter(({ status }) => status === 201).length).toBe(1);
    expect(answers.filter(({ code }) => code === "identifier_taken").length).toBe(19);
    expect(told(stage, "user.created")).toBe(1);
  });

  it("REF-28 A2 the limit of sessions holds under sign-ins at once", async () => {
    const stage = openStage({ sessions: { limit: 2 } });
    const ann = await signUp(stage, mode);
    await Promise.all(Array.from({ length: 10 }, () => signIn(stage, mode)));
    expect((await stage.auth.sessions.list(ann.userId)).length).toBe(2);
    expect((await present(stage, mode, ann.refresh)).code).toBe("session_revoked");
  });

  it("JWT-32 ten thousand checks of one token give the same verdict, and honour its expiry", async () => {
    const stage = openStage();
    const ann = await signUp(stage, mode);
    const request = (): Request => requestTo("/", { headers: withAccess(mode, ann.access) });
    for (let round = 0; round < 20; round++) {
      const found = await Promise.all(Array.from({ length: 500 }, () => stage.auth.validate(request())));
      expect(found.every(({ ok }) => ok)).toBe(true);
    }
    stage.pass(600);
    expect((await stage.auth.validate(request())).ok).toBe(false);
  });
});

describe("two users at once", () => {
  it("CON-11 never see each other, however their requests interleave", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom("/auth/me", "/auth/session", "/auth/refresh"), {
          minLength: 2,
          maxLength: 5,
        }),
        async (scheduler, paths) => {
          const stage = openStage({
            hooks: { refreshed: () => scheduler.schedule(Promise.resolve(undefined)) },
          });
          const holders = await Promise.all([
            signUp(stage, "cookie"),
            signUp(stage, "cookie", "bob@example.com"),
          ]);
          stage.pass(650);
          const answers = holders.flatMap((holder) =>
            paths.map(async (path) => {
              await scheduler.schedule(Promise.resolve(undefined));
              const headers = {
                cookie: `__Host-Http-latchkey.access=${holder.access}; __Host-Http-latchkey.refresh=${holder.refresh}`,
              };
              const answer = await read(
                await stage.send(path, { method: path === "/auth/refresh" ? "POST" : "GET", headers }),
              );
              return { holder, answer };
            }),
          );
          await scheduler.waitFor(Promise.all(answers));
          for (const { holder, answer } of await Promise.all(answers)) {
            expect(answer.status).toBe(200);
            const other = holders.find(({ userId }) => userId !== holder.userId);
            expect(JSON.stringify(answer.body)).not.toContain(other?.userId);
            const found = answer.access === null ? null : await stage.auth.sessions.verify(answer.access);
            if (found?.ok) expect(found.userId).toBe(holder.userId);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("CON-12 pruning beside refreshes deletes no live session and revives none", async () => {
    const stage = openStage({ refreshToken: { lifetime: 1_000, maxLifetime: 5_000 } });
    const ann = await signUp(stage, "cookie");
    const ended = await signIn(stage, "cookie");
    await stage.auth.sessions.revoke(ended.sessionId);
    let token = ann.refresh;
    for (let n = 0; n < 4; n++) {
      stage.pass(900);
      const [answer] = await Promise.all([
        present(stage, "cookie", token),
        stage.auth.sessions.prune(),
        present(stage, "cookie", ended.refresh),
      ]);
      expect(answer.status).toBe(200);
      token = answer.refresh ?? token;
    }
    expect(await stage.auth.sessions.get(ended.sessionId)).toBeNull();
    expect((await present(stage, "cookie", ended.refresh)).code).toBe("session_expired");
    expect((await stage.auth.sessions.list(ann.userId)).length).toBe(1);
  });
});

type Answer = Awaited<ReturnType<typeof read>>;

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && "cleared" in value;
}
