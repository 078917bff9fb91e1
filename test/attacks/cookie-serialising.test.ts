import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { ACCESS, REFRESH, type TestServer } from "../fixtures/server.ts";
import { type Options, openAttackedServer, PASSWORD } from "./server.ts";
import { signUp } from "./session.ts";

const BODY = { email: "ann@example.com", password: PASSWORD };

async function signUpLines(server: TestServer): Promise<readonly string[]> {
  const response = await server.send("/auth/signup", { method: "POST", body: BODY });
  // The value is what differs from time to time.
  return response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, "=VALUE"));
}

describe("our Set-Cookie lines", () => {
  it("CKS-01 T9 equal fixed bytes, and neither scripts nor subdomains can reach the cookies", async () => {
    expect(await signUpLines(openAttackedServer())).toEqual([
      `${ACCESS}=VALUE; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax`,
      `${REFRESH}=VALUE; Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ]);
  });

  it.each<readonly [string, Options, string, string]>([
    [
      "CKS-02 a path",
      { cookies: { refreshPath: "/auth" } },
      "__Host-Http-latchkey.access",
      "__Secure-latchkey.refresh",
    ],
    [
      "a domain",
      { cookies: { domain: "example.com" } },
      "__Secure-latchkey.access",
      "__Secure-latchkey.refresh",
    ],
    ["names", { cookies: { names: { access: "a", refresh: "r" } } }, "__Host-Http-a", "__Host-Http-r"],
    ["localhost", { baseURL: "http://localhost:3000" }, "latchkey.access.3000", "latchkey.refresh.3000"],
    ["localhost without a port", { baseURL: "http://localhost" }, "latchkey.access", "latchkey.refresh"],
    [
      "https on localhost",
      { baseURL: "https://localhost:3000" },
      "__Host-Http-latchkey.access",
      "__Host-Http-latchkey.refresh",
    ],
  ])("CKS-06 have the prefix that the option requires: %s", async (_, options, access, refresh) => {
    const lines = await signUpLines(openAttackedServer(options));
    expect(lines.map((line) => line.split("=")[0])).toEqual([access, refresh]);
    for (const line of lines) {
      expect(line.includes("; Secure;")).toBe(line.startsWith("__"));
      if (line.startsWith("__Host-")) expect(line).toMatch(/; Path=\/;/);
      if (line.startsWith("__Host-")) expect(line).not.toContain("Domain=");
    }
  });

  it("CKS-02 of a refresh cookie with a path equal fixed bytes", async () => {
    const [, refresh] = await signUpLines(openAttackedServer({ cookies: { refreshPath: "/auth" } }));
    expect(refresh).toBe(
      "__Secure-latchkey.refresh=VALUE; Max-Age=1209600; Path=/auth; Secure; HttpOnly; SameSite=Lax",
    );
  });

  it("CKS-03 always have SameSite, and None only with Secure", async () => {
    for (const [sameSite, written] of [
      ["lax", "Lax"],
      ["strict", "Strict"],
      ["none", "None"],
    ] as const) {
      for (const line of await signUpLines(openAttackedServer({ cookies: { sameSite } })))
        expect(line).toMatch(new RegExp(`; SameSite=${written}$`));
    }
    for (const line of await signUpLines(
      openAttackedServer({ cookies: { sameSite: "none" }, baseURL: "http://localhost:3000" }),
    )) {
      expect(line).toMatch(/; SameSite=Lax$/);
    }
  });

  it.each<readonly [string, Options]>([
    ["the defaults", {}],
    ["a domain", { cookies: { domain: "example.com" } }],
    ["a path", { cookies: { refreshPath: "/auth" } }],
    ["localhost", { baseURL: "http://localhost:3000" }],
  ])("CKS-08 CKS-09 delete a cookie at the place where it was set: %s", async (_, options) => {
    const server = openAttackedServer(options);
    const set = await signUpLines(server);
    const response = await server.send("/auth/logout", { method: "POST" });
    expect(response.headers.getSetCookie()).toEqual(
      set.map((line) =>
        line
          .replace("=VALUE; Max-Age=600", "=; Max-Age=0")
          .replace("=VALUE; Max-Age=1209600", "=; Max-Age=0"),
      ),
    );
  });

  it("CKS-08 CLK-07 have at most 400 days, also for a session without an end", async () => {
    const [, refresh] = await signUpLines(openAttackedServer({ refreshToken: { lifetime: null } }));
    expect(refresh).toContain("; Max-Age=34560000;");
    const [, long] = await signUpLines(openAttackedServer({ refreshToken: { lifetime: 2 ** 31 - 1 } }));
    expect(long).toContain("; Max-Age=34560000;");
  });

  it("CKS-07 are not sent with a token that is too large, and the developer gets an error", async () => {
    const server = openAttackedServer({ accessToken: { claims: () => ({ pad: "x".repeat(4_000) }) } });
    const response = await server.send("/auth/signup", { method: "POST", body: BODY });
    expect({
      status: response.status,
      body: await response.json(),
      cookies: response.headers.getSetCookie(),
    }).toMatchObject({ status: 500, body: { error: "internal_error" }, cookies: [] });
    const fault = server.events.find(({ type }) => type === "internal_error");
    expect(fault).toMatchObject({ error: expect.stringMatching(/4000.*(context|claims)/) });
  });

  it("CKS-07 a bearer token that is too long to be accepted later is refused as well", async () => {
    const server = openAttackedServer({ accessToken: { claims: () => ({ pad: "x".repeat(4_000) }) } });
    const body = { ...BODY, transport: "bearer" };
    const response = await server.send("/auth/signup", { method: "POST", body });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 500,
      body: { error: "internal_error" },
    });
  });

  it("CKS-07 two ordinary cookies stay below 4 kB together", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    expect(ACCESS.length + ann.access.length + REFRESH.length + ann.refresh.length).toBeLessThan(1_500);
  });
});

describe("cookie options", () => {
  const refused: readonly (readonly [title: string, options: Options, named: RegExp])[] = [
    ...["a b", "a=b", "a;b", "a,b", "a\u0000", "a\n", "ä", "", "\u2028", '"a"', "a/b"].map(
      (name) =>
        [
          `CKS-04 the name ${JSON.stringify(name)}`,
          { cookies: { names: { access: name } } },
          /cookies\.names\.access/,
        ] as const,
    ),
    [
      "CKS-06 a prefix of one's own",
      { cookies: { names: { access: "__Host-x" } } },
      /cookies\.names\.access/,
    ],
    [
      "CKS-06 a prefix in another case",
      { cookies: { names: { refresh: "__SECURE-x" } } },
      /cookies\.names\.refresh/,
    ],
    ["one name for both", { cookies: { names: { access: "x", refresh: "x" } } }, /cookies\.names/],
    ["CKS-05 a domain with a line break", { cookies: { domain: "example.com\r\nx: y" } }, /cookies\.domain/],
    ["CKS-05 a domain with a semicolon", { cookies: { domain: "example.com;x" } }, /cookies\.domain/],
    ["a domain that is not the host's", { cookies: { domain: "evil.example" } }, /cookies\.domain/],
    ["a public suffix", { cookies: { domain: "com" } }, /cookies\.domain/],
    ["CKS-05 a path with a semicolon", { cookies: { refreshPath: "/auth;x" } }, /cookies\.refreshPath/],
    ["CKS-05 a path with a line break", { cookies: { refreshPath: "/auth\n" } }, /cookies\.refreshPath/],
    ["a path that is not ours", { cookies: { refreshPath: "/other" } }, /cookies\.refreshPath/],
    [
      "CKS-05 a former name with a semicolon",
      { cookies: { previous: [{ name: "a;b" }] } },
      /cookies\.previous/,
    ],
    [
      "CKS-05 a former path with a line break",
      { cookies: { previous: [{ name: "a", path: "/\r\n" }] } },
      /cookies\.previous/,
    ],
    [
      "CKS-05 a former domain with a line break",
      { cookies: { previous: [{ name: "a", domain: "x\r\ny: z" }] } },
      /cookies\.previous/,
    ],
    [
      "CKS-05 a former domain with a semicolon",
      { cookies: { previous: [{ name: "a", domain: "x;y" }] } },
      /cookies\.previous/,
    ],
  ];

  it.each(refused)("%s is refused at the start", (_, options, named) => {
    const make = (): unknown =>
      createAuth({
        store: memory(),
        baseURL: "https://app.example.com",
        secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
        ...options,
      });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(named);
  });

  it.each(["httpOnly", "secure", "expires", "maxAge", "priority"])("CKS-06 S8 do not include %s", (name) => {
    const cookies = { [name]: false };
    expect(() => createAuth({ store: memory(), cookies })).toThrow(new RegExp(`cookies\\.${name}`));
  });
});
