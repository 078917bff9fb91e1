import { describe, expect, it } from "vitest";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { countOf } from "../fixtures/server.ts";
import { ACCOUNTS, attempt, openSignUp, populate } from "./kinds-of-accounts.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { modes, read, signUp } from "./session.ts";

describe.each(modes)("whether an account exists (%s)", (mode) => {
  it("PWD-01 is not visible: unknown, wrong, disabled, deleted or without a password, all answers are equal bytes", async () => {
    const server = openAttackedServer();
    await populate(server);
    const answers: unknown[] = [];
    for (const email of ACCOUNTS) {
      // Those whose password is right must not be told from those where it is wrong, either.
      for (const secret of email.startsWith("disabled") || email.startsWith("deleted")
        ? [PASSWORD, "wrong password"]
        : ["wrong password"]) {
        const response = await attempt(server, email, secret, mode);
        answers.push({
          status: response.status,
          body: await response.text(),
          headers: [...response.headers],
        });
      }
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 401,
      body: expect.stringContaining("invalid_credentials"),
      headers: expect.anything(),
    });
    expect(countOf(server, "session.started")).toBe(0);
  });

  it("PWD-01 is visible with the right password, or the other test would prove nothing", async () => {
    const server = openAttackedServer();
    await populate(server);
    expect((await attempt(server, "wrong@example.com", PASSWORD, mode)).status).toBe(200);
  });
});

describe('sign-up with verifyEmail: "required"', () => {
  it("PWD-18 answers a known and an unknown address with the same status, body, headers and form of the cookie", async () => {
    const { server, probe } = await openSignUp();
    const answers = new Set<string>();
    for (const email of probe.emails) {
      for (let n = 0; n < 2; n++) {
        const answer = await probe.send(server, email);
        const cookies = answer.headers.getSetCookie().map((line) => line.replace(/=[\w-]{43};/, "=…;"));
        const headers = [...answer.headers].filter(([name]) => name !== "set-cookie");
        answers.add(JSON.stringify([answer.status, await answer.text(), headers, cookies]));
      }
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('[202,"{}"');
    expect(countOf(server, "session.started")).toBe(0);
    expect(await server.auth.users.find({ email: "unknown@example.com" })).toBeNull();
  });

  it("PWD-18 hashes once for every address", async () => {
    const { hasher, hashed } = countingHasher();
    const { server, probe } = await openSignUp(hasher);
    for (const email of probe.emails) {
      const before = hashed();
      await probe.send(server, email);
      expect({ email, hashed: hashed() - before }).toEqual({ email, hashed: 1 });
    }
  });
});

describe("sign-up", () => {
  it("PWD-03 with a taken address is refused, in every spelling, and changes nothing", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const before = await server.auth.users.get(ann.userId);
    for (const email of ["ann@example.com", "ANN@EXAMPLE.COM", " ann@example.com ", "\uff41nn@example.com"]) {
      const answer = await read(
        await server.send("/auth/signup", {
          method: "POST",
          body: { email, password: "another long password" },
        }),
      );
      expect({ status: answer.status, code: answer.code, cookies: answer.headers.getSetCookie() }).toEqual({
        status: 409,
        code: "identifier_taken",
        cookies: [],
      });
    }
    expect(await server.auth.users.get(ann.userId)).toEqual(before);
  });
});
