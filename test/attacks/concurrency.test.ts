import { password } from "@latchkey/core/password";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { cheapHasher, countOf } from "../fixtures/server.ts";
import { LEASE, openAttackedServer, PASSWORD } from "./server.ts";
import { endReasonOf, modes, present, read, rotated, signIn, signUp, whoAmI, withAccess } from "./session.ts";

describe.each(modes)("simultaneous requests (%s)", (mode) => {
  it("CON-01 of fifty refreshes of one token, one gets a refresh token, 49 an access token only, and no alarm is raised", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const [, child = ""] = await rotated(server, ann, 1);
    for (const token of [child, child]) {
      server.clock.advance(LEASE);
      const answers = await Promise.all(Array.from({ length: 50 }, () => present(server, mode, token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(answers.filter(({ refresh }) => refresh !== null).length).toBe(1);
      expect(answers.flatMap(({ cleared }) => cleared)).toEqual([]);
    }
    expect(countOf(server, "session.reuse_detected")).toBe(0);
  });

  it.each(["sign-out", "revokeAll", "setPassword", "disable", "delete", "reuse"] as const)(
    "CON-03 CON-04 CON-05 no session survives a refresh beside %s, in any order",
    async (act) => {
      for (const before of [0, 1, 5, 10]) {
        const server = openAttackedServer({ revocation: "store" });
        const ann = await signUp(server, mode);
        const tokens = await rotated(server, ann, 2);
        const newest = tokens.at(-1) ?? "";
        const end = (): Promise<unknown> => {
          if (act === "sign-out") return server.auth.sessions.revoke(ann.sessionId);
          if (act === "revokeAll") return server.auth.sessions.revokeAll(ann.userId);
          if (act === "setPassword")
            return server.auth.users.setPassword(ann.userId, "another long password");
          if (act === "reuse") return present(server, mode, tokens[0] ?? "");
          return server.auth.users[act](ann.userId);
        };
        const calls = Array.from({ length: 10 }, () => () => present(server, mode, newest));
        const all = await Promise.all([
          ...calls.slice(0, before).map((call) => call()),
          end(),
          ...calls.slice(before).map((call) => call()),
        ]);
        expect(await endReasonOf(server, ann.sessionId)).not.toBeNull();
        for (const answer of all.filter(isAnswer)) {
          if (answer.refresh !== null)
            expect((await present(server, mode, answer.refresh)).code).toBe("session_revoked");
          if (answer.access !== null) expect((await whoAmI(server, mode, answer.access)).status).toBe(401);
        }
      }
    },
  );

  it("CON-04 a sign-in that checked the old password during its change leaves no session", async () => {
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
      const server = openAttackedServer({ providers: [password({ hasher })] });
      const ann = await signUp(server, mode);
      holding = true;
      const body = { email: "ann@example.com", password: PASSWORD, transport: mode };
      const entering = server.send("/auth/login", { method: "POST", body });
      while (gates.length === 0) await new Promise((next) => setImmediate(next));
      holding = false;
      if (act === "setPassword") await server.auth.users.setPassword(ann.userId, "another long password");
      else if (act === "revokeAll") await server.auth.sessions.revokeAll(ann.userId);
      else await server.auth.users[act](ann.userId);
      for (const open of gates.splice(0)) open();
      const answer = await read(await entering);
      expect({ act, status: answer.status, code: answer.code, access: answer.access }).toEqual({
        act,
        status: 401,
        code: "invalid_credentials",
        access: null,
      });
      expect(await server.auth.sessions.list(ann.userId)).toEqual([]);
    }
  });

  it("CON-09 of twenty sign-ups of one address in several spellings, one creates a user and nineteen are refused", async () => {
    const server = openAttackedServer();
    const forms = [
      "ann@example.com",
      "ANN@example.com",
      " ann@example.com ",
      "Ann@EXAMPLE.COM",
      "\uff21nn@example.com",
    ];
    const attempts = Array.from({ length: 20 }, (_, n) =>
      server.send("/auth/signup", {
        method: "POST",
        body: { email: forms[n % forms.length], password: PASSWORD, transport: mode },
      }),
    );
    const answers = await Promise.all((await Promise.all(attempts)).map(read));
    expect(answers.filter(({ status }) => status === 201).length).toBe(1);
    expect(answers.filter(({ code }) => code === "identifier_taken").length).toBe(19);
    expect(countOf(server, "user.created")).toBe(1);
  });

  it("REF-28 A2 the limit of sessions holds under simultaneous sign-ins", async () => {
    const server = openAttackedServer({ sessions: { limit: 2 } });
    const ann = await signUp(server, mode);
    await Promise.all(Array.from({ length: 10 }, () => signIn(server, mode)));
    expect((await server.auth.sessions.list(ann.userId)).length).toBe(2);
    expect((await present(server, mode, ann.refresh)).code).toBe("session_revoked");
  });

  it("JWT-32 ten thousand checks of one token give one verdict, and respect its expiry", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, mode);
    const request = (): Request => requestTo("/", { headers: withAccess(mode, ann.access) });
    for (let round = 0; round < 20; round++) {
      const found = await Promise.all(Array.from({ length: 500 }, () => server.auth.validate(request())));
      expect(found.every(({ ok }) => ok)).toBe(true);
    }
    server.clock.advance(600);
    expect((await server.auth.validate(request())).ok).toBe(false);
  });
});

describe("two users at the same time", () => {
  it("CON-11 never get each other's data, however their requests interleave", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom("/auth/me", "/auth/session", "/auth/refresh"), {
          minLength: 2,
          maxLength: 5,
        }),
        async (scheduler, paths) => {
          const server = openAttackedServer({
            hooks: { refreshed: () => scheduler.schedule(Promise.resolve(undefined)) },
          });
          const holders = await Promise.all([
            signUp(server, "cookie"),
            signUp(server, "cookie", "bob@example.com"),
          ]);
          server.clock.advance(650);
          const answers = holders.flatMap((holder) =>
            paths.map(async (path) => {
              await scheduler.schedule(Promise.resolve(undefined));
              const headers = {
                cookie: `__Host-Http-latchkey.access=${holder.access}; __Host-Http-latchkey.refresh=${holder.refresh}`,
              };
              const answer = await read(
                await server.send(path, { method: path === "/auth/refresh" ? "POST" : "GET", headers }),
              );
              return { holder, answer };
            }),
          );
          await scheduler.waitFor(Promise.all(answers));
          for (const { holder, answer } of await Promise.all(answers)) {
            expect(answer.status).toBe(200);
            const other = holders.find(({ userId }) => userId !== holder.userId);
            expect(JSON.stringify(answer.body)).not.toContain(other?.userId);
            const found = answer.access === null ? null : await server.auth.sessions.verify(answer.access);
            if (found?.ok) expect(found.userId).toBe(holder.userId);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("CON-12 prune during refreshes deletes no live session, and revives none", async () => {
    const server = openAttackedServer({ refreshToken: { lifetime: 1_000, maxLifetime: 5_000 } });
    const ann = await signUp(server, "cookie");
    const ended = await signIn(server, "cookie");
    await server.auth.sessions.revoke(ended.sessionId);
    let token = ann.refresh;
    for (let n = 0; n < 4; n++) {
      server.clock.advance(900);
      const [answer] = await Promise.all([
        present(server, "cookie", token),
        server.auth.sessions.prune(),
        present(server, "cookie", ended.refresh),
      ]);
      expect(answer.status).toBe(200);
      token = answer.refresh ?? token;
    }
    expect(await server.auth.sessions.get(ended.sessionId)).toBeNull();
    expect((await present(server, "cookie", ended.refresh)).code).toBe("session_expired");
    expect((await server.auth.sessions.list(ann.userId)).length).toBe(1);
  });
});

type Answer = Awaited<ReturnType<typeof read>>;

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && "cleared" in value;
}
