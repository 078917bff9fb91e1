import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { hmac, type KeyKind, makeKey, openForgery, publicForms, signature, signed } from "./forger.ts";
import { openAttackedServer } from "./server.ts";
import { signUp } from "./session.ts";
import { GOOD, REFUSED, verdictsOf } from "./verdicts.ts";

const kinds: readonly KeyKind[] = ["ed25519", "es256", "rsa"];

describe("algorithm confusion", () => {
  it.each(kinds)("JWT-00 a token that is forged with the real key is accepted (%s)", async (kind) => {
    const { server, token } = openForgery(kind);
    expect(await verdictsOf(server, token())).toEqual(GOOD);
  });

  it.each(["none", "None", "nOnE", "NONE", ""])("JWT-01 refuses the algorithm %j", async (alg) => {
    const { server, token, claims, kid } = openForgery();
    const header = JSON.stringify({ alg, typ: "at+jwt", kid });
    const bare = signed(header, JSON.stringify(claims), () => new Uint8Array(0));
    expect(await verdictsOf(server, bare)).toEqual(REFUSED);
    expect(await verdictsOf(server, token({}, { alg }))).toEqual(REFUSED);
  });

  it.each(kinds)(
    "JWT-02 refuses HS256 with the public key as secret, in every encoding (%s)",
    async (kind) => {
      const { server, claims, kid, publicKey } = openForgery(kind);
      const header = JSON.stringify({ alg: "HS256", typ: "at+jwt", kid });
      for (const form of publicForms(publicKey)) {
        const forged = signed(header, JSON.stringify(claims), hmac(form));
        expect(await verdictsOf(server, forged)).toEqual(REFUSED);
      }
    },
  );

  it("JWT-02 refuses HS256 with the secret that seals the keys", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "bearer");
    const [header = "", payload = ""] = ann.access
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString());
    const { kid } = JSON.parse(header);
    const forged = signed(
      JSON.stringify({ alg: "HS256", typ: "at+jwt", kid }),
      payload,
      hmac("ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9"),
    );
    expect(await verdictsOf(server, forged)).toEqual(REFUSED);
  });

  it("JWT-03 ignores keys in the header of a token, and fetches nothing", async () => {
    const fetched: unknown[] = [];
    const fetch = (input: unknown): Promise<Response> => {
      fetched.push(input);
      return Promise.reject(new Error("no network"));
    };
    const { server, claims, kid } = openForgery("ed25519", { env: { fetch } });
    const { privateKey, publicKey } = makeKey("ed25519");
    const jwk = { ...publicKey.export({ format: "jwk" }), kid };
    const payload = JSON.stringify(claims);
    for (const extra of [
      { jwk },
      { jku: "https://evil.example/jwks" },
      { x5u: "https://evil.example/x" },
      { x5c: ["MIIB"] },
    ]) {
      const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid, ...extra });
      const forged = signed(header, payload, (data) => signature("ed25519", privateKey, data));
      expect(await verdictsOf(server, forged)).toEqual(REFUSED);
    }
    expect(fetched).toEqual([]);
  });

  it("JWT-04 refuses an algorithm that is not the key's own", async () => {
    const { server, token } = openForgery("rsa");
    for (const alg of ["PS256", "RS384", "RS512", "ES256", "EdDSA", "HS256", "Ed25519"]) {
      expect(await verdictsOf(server, token({}, { alg }))).toEqual(REFUSED);
    }
    const other = openForgery("ed25519");
    expect(await verdictsOf(other.server, other.token({}, { alg: "Ed25519" }))).toEqual(REFUSED);
  });

  it.each([
    undefined,
    "JWT",
    "jwt",
    "id_token",
    "dpop+jwt",
    "logout+jwt",
    "at+jwt ",
    "",
    1,
    null,
    ["at+jwt"],
  ])("JWT-08 refuses the type %j", async (typ) => {
    const { server, token } = openForgery();
    expect(await verdictsOf(server, token({}, { typ }))).toEqual(REFUSED);
  });

  it.each(["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])(
    "JWT-08 accepts the type %j",
    async (typ) => {
      const { server, token } = openForgery();
      expect(await verdictsOf(server, token({}, { typ }))).toEqual(GOOD);
    },
  );

  it.each([
    { crit: ["exp"], exp: 1 },
    { crit: ["b64"], b64: false },
    { crit: ["b64"], b64: true },
    { crit: [] },
    { crit: null },
    { crit: "b64" },
    { b64: false },
  ])("JWT-19 refuses the header %j", async (header) => {
    const { server, token } = openForgery();
    expect(await verdictsOf(server, token({}, header))).toEqual(REFUSED);
  });

  it("JWT-28 refuses a weak or unsuitable key at the start", () => {
    const pair = (kind: KeyKind): object => makeKey(kind).privateKey.export({ format: "jwk" });
    const rsa = { ...pair("rsa"), kid: "a" };
    const attempt = (algorithm: "EdDSA" | "ES256" | "RS256", jwk: object): (() => unknown) => {
      const provided = [{ kty: "", ...jwk }];
      return () => createAuth({ store: memory(), accessToken: { algorithm }, keys: { provided } });
    };
    expect(attempt("RS256", rsa)).not.toThrow();
    expect(attempt("RS256", { ...rsa, n: "wvQ" })).toThrow(/keys\.provided/);
    expect(attempt("RS256", { ...rsa, e: "AQ" })).toThrow(/keys\.provided/);
    expect(attempt("RS256", { ...rsa, use: "enc" })).toThrow(/keys\.provided/);
    expect(attempt("RS256", { ...rsa, key_ops: ["encrypt"] })).toThrow(/keys\.provided/);
    expect(attempt("RS256", { ...rsa, alg: "PS256" })).toThrow(/keys\.provided/);
    expect(attempt("ES256", rsa)).toThrow(/keys\.provided/);
    expect(attempt("EdDSA", { ...pair("es256"), kid: "a" })).toThrow(/keys\.provided/);
    expect(attempt("EdDSA", { ...pair("ed25519"), kid: "a", crv: "X25519" })).toThrow(/keys\.provided/);
    expect(attempt("ES256", { ...pair("es256"), kid: "a", crv: "P-384" })).toThrow(/keys\.provided/);
    expect(attempt("ES256", { ...pair("es256"), kid: "a", x: "AAAA" })).toThrow(/keys\.provided/);
  });

  it("JWT-29 refuses a public key where a private one must sign, and text where a key must be, at the start", () => {
    const { privateKey, publicKey } = makeKey("ed25519");
    const open = { kty: "OKP", ...publicKey.export({ format: "jwk" }), kid: "a" };
    const provide = (provided: unknown): (() => unknown) => {
      const options = { store: memory(), keys: { provided } };
      return () => createAuth(options as Parameters<typeof createAuth>[0]);
    };
    expect(provide([open])).toThrow(/keys\.provided/);
    expect(provide([privateKey.export({ format: "pem", type: "pkcs8" })])).toThrow(/keys\.provided/);
    expect(provide(["secret"])).toThrow(/keys\.provided/);
    expect(provide("secret")).toThrow(/keys\.provided/);
    expect(provide([])).toThrow(/keys\.provided/);
  });
});
