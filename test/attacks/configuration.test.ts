import { inspect } from "node:util";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { ORIGIN, SECRET } from "../fixtures/server.ts";
import { openForgery } from "./forger.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { present, signUp } from "./session.ts";

/** What `createAuth` throws for these options, with its stack and its cause. */
function refusal(options: object): string {
  try {
    createAuth({ store: memory(), ...options } as Parameters<typeof createAuth>[0]);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return inspect(error);
  }
  return "";
}

describe("the secret", () => {
  const bad: readonly (readonly [title: string, secret: unknown])[] = [
    ["short", "x1Y2z3W4v5U6t7S8r9Q0p1O2n3M4l5K"],
    ["of one letter", "a".repeat(40)],
    ["of few letters", "abcabcabcabcabcabcabcabcabcabcabcabc"],
    ["a placeholder", "changeme-changeme-changeme-changeme-0"],
    ["a placeholder with a hyphen", "please change-me please, 32 bytes long"],
    ["an example", "this-is-an-example-secret-of-32-bytes!"],
    ["your secret", "your-secret-goes-here-and-is-long-ok1"],
    ["with a newline at the end", `${SECRET}\n`],
    ["with a blank in front", ` ${SECRET}`],
    ["in quotes", `"${SECRET}"`],
    ["in single quotes", `'${SECRET}'`],
    ["no text", 42],
    ["an empty list", []],
    ["a list with a short one", [SECRET, "sh0rt"]],
    ["the same twice", [SECRET, SECRET]],
    ["a list with what is no text", [SECRET, 1]],
  ];

  it.each(bad)("SEC-01 SEC-02 KEY-15 is refused where it is %s and baseURL is not localhost", (_, secret) => {
    const said = refusal({ baseURL: ORIGIN, secret });
    expect(said).toContain("secret");
    // Whatever is wrong with it, it is not shown.
    for (const text of [secret].flat())
      if (typeof text === "string" && text.length > 4) expect(said).not.toContain(text.trim());
  });

  it("SEC-01 is optional on localhost, but checked where it is given", () => {
    expect(refusal({})).toBe("");
    expect(refusal({ baseURL: "http://localhost:3000" })).toBe("");
    expect(refusal({ secret: "short" })).toContain("secret");
  });
});

describe("the address of the server", () => {
  it.each([
    "http://app.example.com",
    "https://app.example.com/path",
    "https://app.example.com/?q=1",
    "https://app.example.com/#x",
    "https://u:hunter2@app.example.com",
    "app.example.com",
    "ftp://app.example.com",
    "javascript:alert(1)",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
  ])("SEC-07 %j is refused as baseURL", (baseURL) => {
    const said = refusal({ baseURL, secret: SECRET });
    expect(said).toContain("baseURL");
    expect(said).not.toContain("hunter2");
  });

  it.each(["auth", "/", "/auth/", "//auth", "/a//b", "/auth?x", "/auth#x", "/a b", "/äuth", "/auth;x", ""])(
    "HTTP-08 %j is refused as basePath",
    (basePath) => {
      expect(refusal({ basePath })).toContain("basePath");
    },
  );

  it("SEC-06 NODE_ENV changes nothing", async () => {
    const before = process.env["NODE_ENV"];
    const lines: unknown[] = [];
    try {
      for (const mode of ["development", "production", "test"]) {
        process.env["NODE_ENV"] = mode;
        const server = openAttackedServer();
        const response = await server.send("/auth/signup", {
          method: "POST",
          body: { email: "ann@example.com", password: PASSWORD },
        });
        lines.push(response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, "")));
        expect(refusal({ baseURL: ORIGIN, secret: "short" })).toContain("secret");
      }
    } finally {
      if (before === undefined) delete process.env["NODE_ENV"];
      else process.env["NODE_ENV"] = before;
    }
    expect(lines).toEqual([lines[0], lines[0], lines[0]]);
  });
});

describe("the options of createAuth", () => {
  it.each([
    ["an unknown option", { secrets: [SECRET] }, "secrets"],
    ["an unknown member", { accessToken: { lifetme: 600 } }, "accessToken.lifetme"],
    ["no store", { store: undefined }, "store"],
    ["half a store", { store: { sessions: {} } }, "store"],
    ["an unknown algorithm", { accessToken: { algorithm: "none" } }, "accessToken.algorithm"],
    ["an algorithm in another case", { accessToken: { algorithm: "eddsa" } }, "accessToken.algorithm"],
    ["a switch that is no boolean", { restrictTransport: "false" }, "restrictTransport"],
    ["a limit of none", { sessions: { limit: 0 } }, "sessions.limit"],
    ["a scheme of two words", { bearer: { schemes: ["Bearer x"] } }, "bearer.schemes"],
    ["a header with a colon", { bearer: { header: "x:y" } }, "bearer.header"],
    ["a header with a line break", { bearer: { header: "x\r\ny" } }, "bearer.header"],
    ["no schemes", { bearer: { schemes: [] } }, "bearer.schemes"],
    ["a hook that is no function", { hooks: { validated: true } }, "hooks.validated"],
    ["a clock that is no function", { env: { clock: 1 } }, "env.clock"],
  ])("are refused by name: %s", (_, options, name) => {
    expect(refusal(options)).toContain(name);
  });

  it("SEC-09 do not follow changes that the application makes after the start", async () => {
    const previous = [{ name: "old.sid" }];
    const trustedOrigins: string[] = [];
    const schemes = ["Bearer"];
    const cookies = { previous, sameSite: "strict" as "strict" | "none" };
    const forgery = openForgery("ed25519", { trustedOrigins, cookies, bearer: { schemes } });
    previous.push({ name: "evil" });
    trustedOrigins.push("https://evil.example");
    schemes.push("Evil");
    cookies.sameSite = "none";
    const ask = (headers: Record<string, string>, method = "GET"): Promise<boolean> =>
      forgery.server.auth.validate(new Request(ORIGIN, { method, headers })).then(({ ok }) => ok);
    const cookie = forgery.token({ transport: "cookie" });
    expect(await ask({ cookie: `old.sid=${cookie}` })).toBe(true);
    expect(await ask({ cookie: `evil=${cookie}` })).toBe(false);
    expect(await ask({ authorization: `Evil ${forgery.token()}` })).toBe(false);
    expect(await ask({ cookie: `old.sid=${cookie}`, origin: "https://evil.example" }, "POST")).toBe(false);
    const response = await forgery.server.send("/auth/logout", { method: "POST" });
    expect(response.headers.getSetCookie().every((line) => line.endsWith("SameSite=Strict"))).toBe(true);
    expect(Object.isFrozen(forgery.server.auth) && Object.isFrozen(forgery.server.auth.handlers)).toBe(true);
  });

  it("SEC-09 KEY-08 do not follow a change of a provided key after the start", async () => {
    const jwk = {
      ...(await import("./forger.ts")).makeKey("ed25519").privateKey.export({ format: "jwk" }),
      kty: "OKP",
      kid: "a",
    };
    const provided = [jwk];
    const server = openAttackedServer({ keys: { provided } });
    jwk.kid = "changed";
    provided.push({ ...jwk, kid: "b" });
    const { keys } = await server.auth.keys.jwks();
    expect(keys.map(({ kid }) => kid)).toEqual(["a"]);
  });

  it("LOG-01 no secret can be printed from the server object", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    await present(server, "cookie", ann.refresh);
    const text = inspect(server.auth, { depth: 20, showHidden: true }) + JSON.stringify(server.auth);
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/lkr_|eyJ|\$scrypt/);
  });
});
