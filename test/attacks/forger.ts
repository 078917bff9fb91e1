import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { ORIGIN, type TestServer } from "../fixtures/server.ts";
import { type Options, openAttackedServer } from "./server.ts";

/** A signer of any token at all, written without the library's own code. */
export interface Forger {
  readonly kid: string;
  readonly publicKey: KeyObject;
  /** A token that is right, but for these changes; a member set to undefined is left out. */
  readonly token: (changes?: Members, header?: Members) => string;
  /** Signs any two texts. */
  readonly seal: (header: string, payload: string) => string;
}

export type Members = Readonly<Record<string, unknown>>;
export type KeyKind = "ed25519" | "es256" | "rsa";

/** A server whose signing key the test holds. */
export interface Forgery extends Forger {
  readonly server: TestServer;
  readonly claims: Members;
}

const KID = "key-1";
const ALG: Readonly<Record<KeyKind, "EdDSA" | "ES256" | "RS256">> = {
  ed25519: "EdDSA",
  es256: "ES256",
  rsa: "RS256",
};

export function makeKey(kind: KeyKind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (kind === "ed25519") return generateKeyPairSync("ed25519");
  if (kind === "es256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

/** Opens a server with a provided key, and the means to sign with it. */
export function openForgery(kind: KeyKind = "ed25519", changes: Options = {}): Forgery {
  const { privateKey, publicKey } = makeKey(kind);
  const jwk = {
    ...privateKey.export({ format: "jwk" }),
    kty: kind === "rsa" ? "RSA" : kind === "es256" ? "EC" : "OKP",
    kid: KID,
  };
  const { accessToken, ...others } = changes;
  const server = openAttackedServer({
    ...others,
    keys: { provided: [jwk] },
    accessToken: { algorithm: ALG[kind], ...accessToken },
  });
  const claims = claimsAt(Math.floor(server.clock.now() / 1_000));
  const header = { alg: ALG[kind], typ: "at+jwt", kid: KID };
  const seal = (head: string, payload: string): string =>
    signed(head, payload, (data) => signature(kind, privateKey, data));
  return {
    server,
    claims,
    kid: KID,
    publicKey,
    seal,
    token: (change = {}, head = {}) =>
      seal(JSON.stringify({ ...header, ...head }), JSON.stringify({ ...claims, ...change })),
  };
}

/** The claims of a token that is right in everything. */
export function claimsAt(now: number): Members {
  return {
    iss: ORIGIN,
    aud: ORIGIN,
    sub: "ann",
    sid: "AAAAAAAAAAAAAAAAAAAAAA",
    jti: "one",
    iat: now,
    exp: now + 600,
    auth_time: now,
    amr: ["pwd"],
    transport: "bearer",
    context: {},
    session_created: now,
    session_expires: now + 86_400,
  };
}

/** Joins two texts and a signature over them into a token. */
export function signed(header: string, payload: string, signer: (data: string) => Uint8Array): string {
  const data = `${base64url(header)}.${base64url(payload)}`;
  return `${data}.${Buffer.from(signer(data)).toString("base64url")}`;
}

/** Signs with HMAC and SHA-256. */
export function hmac(key: string | Uint8Array): (data: string) => Uint8Array {
  return (data) => createHmac("sha256", key).update(data).digest();
}

/** A public key in each form in which an attacker may have it. */
export function publicForms(key: KeyObject): readonly (string | Uint8Array)[] {
  const pem = key.export({ format: "pem", type: "spki" });
  const text = typeof pem === "string" ? pem : pem.toString("utf8");
  const jwk = key.export({ format: "jwk" });
  return [
    text,
    text.trim(),
    key.export({ format: "der", type: "spki" }),
    JSON.stringify(jwk),
    jwk.x ?? jwk.n ?? "",
  ];
}

export function signature(kind: KeyKind, key: KeyObject, data: string): Uint8Array {
  if (kind === "ed25519") return sign(null, Buffer.from(data), key);
  return sign("sha256", Buffer.from(data), kind === "es256" ? { key, dsaEncoding: "ieee-p1363" } : key);
}

export function base64url(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64url");
}
