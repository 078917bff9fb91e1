import { createPrivateKey, createPublicKey } from "node:crypto";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { SECRET } from "../fixtures/server.ts";
import { makeKey } from "./forger.ts";
import { openAttackedServer } from "./server.ts";
import { signUp } from "./session.ts";

const PUBLIC: Readonly<Record<string, readonly string[]>> = {
  EdDSA: ["alg", "crv", "kid", "kty", "use", "x"],
  ES256: ["alg", "crv", "kid", "kty", "use", "x", "y"],
  RS256: ["alg", "e", "kid", "kty", "n", "use"],
};

describe("the published key set", () => {
  it.each(["EdDSA", "ES256", "RS256"] as const)(
    "KEY-09 holds public members only (%s)",
    async (algorithm) => {
      const server = openAttackedServer({ accessToken: { algorithm } });
      await signUp(server, "cookie");
      const { keys } = await server.auth.keys.jwks();
      expect(keys.length).toBe(2);
      for (const jwk of keys) {
        expect(Object.keys(jwk).sort()).toEqual(PUBLIC[algorithm]);
        expect(() => createPublicKey({ key: { ...jwk }, format: "jwk" })).not.toThrow();
        expect(() => createPrivateKey({ key: { ...jwk }, format: "jwk" })).toThrow();
      }
    },
  );

  it("KEY-09 holds none of the private members of a provided key, and no unknown member", async () => {
    const { privateKey } = makeKey("rsa");
    const jwk = {
      ...privateKey.export({ format: "jwk" }),
      kty: "RSA",
      kid: "a",
      k: "secret",
      oth: [],
      r: "r",
      t: "t",
      comment: "secret",
    };
    const { auth } = openAttackedServer({ keys: { provided: [jwk] }, accessToken: { algorithm: "RS256" } });
    const text = await (await auth.handle(new Request("https://app.example.com/auth/jwks"))).text();
    expect(Object.keys(JSON.parse(text).keys[0]).sort()).toEqual(PUBLIC["RS256"]);
    for (const member of ["d", "p", "q", "dp", "dq", "qi"] as const)
      expect(text).not.toContain(String(jwk[member]));
    expect(text).not.toContain("secret");
  });

  it("KEY-09 lists no shared secret", async () => {
    const server = openAttackedServer({ accessToken: { algorithm: "HS256" } });
    await signUp(server, "cookie");
    expect(await (await server.send("/auth/jwks")).json()).toEqual({ keys: [] });
  });

  it("KEY-10 has its media type and a stable ETag, and answers GET and HEAD alone", async () => {
    const server = openAttackedServer();
    const first = await server.send("/auth/jwks");
    const second = await server.send("/auth/.well-known/jwks.json");
    const etag = first.headers.get("etag") ?? "";
    expect(first.headers.get("content-type")).toBe("application/jwk-set+json");
    expect({ isLong: etag.length > 2, again: second.headers.get("etag") }).toEqual({
      isLong: true,
      again: etag,
    });
    expect(await second.json()).toEqual(await first.json());
    const known = await server.send("/auth/jwks", { headers: { "if-none-match": `"x", ${etag}` } });
    expect({ status: known.status, text: await known.text() }).toEqual({ status: 304, text: "" });
    const head = await server.send("/auth/jwks", { method: "HEAD" });
    expect({ status: head.status, etag: head.headers.get("etag"), text: await head.text() }).toEqual({
      status: 200,
      etag,
      text: "",
    });
    for (const method of ["POST", "PUT", "DELETE"])
      expect((await server.send("/auth/jwks", { method })).status).toBe(405);
    await server.auth.keys.rotate();
    expect((await server.send("/auth/jwks")).headers.get("etag")).not.toBe(etag);
  });

  it("KEY-08 an invalid set of provided keys is refused at the start", () => {
    const jwk = { ...makeKey("ed25519").privateKey.export({ format: "jwk" }), kty: "OKP" };
    const attempt = (
      provided: readonly object[],
      algorithm: "EdDSA" | "ES256" | "HS256" = "EdDSA",
    ): (() => unknown) => {
      const options = { store: memory(), secret: SECRET, accessToken: { algorithm }, keys: { provided } };
      return () => createAuth(options as Parameters<typeof createAuth>[0]);
    };
    expect(attempt([{ ...jwk, kid: "a" }])).not.toThrow();
    expect(attempt([])).toThrow(/keys\.provided/);
    expect(attempt([jwk])).toThrow(/keys\.provided\[0\] has no kid/);
    expect(attempt([{ ...jwk, kid: "" }])).toThrow(/keys\.provided\[0\] has no kid/);
    expect(
      attempt([
        { ...jwk, kid: "a" },
        { ...jwk, kid: "a" },
      ]),
    ).toThrow(/keys\.provided\[0\] \(kid "a"\) has the kid of another key/);
    expect(attempt([{ ...jwk, kid: "a", alg: "ES256" }])).toThrow(/keys\.provided/);
    expect(attempt([{ ...jwk, kid: "a", kty: "EC" }])).toThrow(/keys\.provided/);
    expect(attempt([{ ...jwk, kid: "a" }], "ES256")).toThrow(/keys\.provided/);
    expect(attempt([{ ...jwk, kid: "a" }], "HS256")).toThrow(/keys\.provided/);
    expect(attempt([{ ...jwk, kid: "not a name" }])).toThrow(/keys\.provided/);
  });

  it("LOG-01 the error for a refused key never shows the key", () => {
    const { privateKey } = makeKey("ed25519");
    const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
    const jwk = { ...privateKey.export({ format: "jwk" }), kid: "a", kty: "EC" };
    for (const provided of [[pem], pem, [jwk], [JSON.stringify(jwk)], { keys: [jwk] }]) {
      const options: object = { store: memory(), keys: { provided } };
      const thrown = thrownBy(() => createAuth(options as Parameters<typeof createAuth>[0]));
      expect(thrown).toContain("keys.provided");
      for (const secret of [String(jwk.d), pem.split("\n")[1] ?? pem]) expect(thrown).not.toContain(secret);
    }
  });
});

function thrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error instanceof Error ? error.stack : error);
  }
  return "nothing was thrown";
}
