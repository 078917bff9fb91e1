import { type AuthorizationServer, processAuthorizationCodeResponse } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { now, platformEnv } from "../platform/env.ts";
import { type OAuthFault, oauthFault } from "./fault.ts";
import { verifyIdToken } from "./id-token.ts";

const ISSUER = "https://id.example.org";
const NONCE = "n".repeat(43);
const NOW = now(platformEnv);
const right = { iss: ISSUER, aud: "client", iat: NOW, exp: NOW + 300, nonce: NONCE, sub: "ann" };

function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64url");
}

function tokenOf(claims: object, header: object = {}): string {
  return `${encode(JSON.stringify({ alg: "RS256", ...header }))}.${encode(JSON.stringify(claims))}.AAAA`;
}

/** Has oauth4webapi alone validate a token. */
async function library(token: string): Promise<unknown> {
  const server: AuthorizationServer = { issuer: ISSUER };
  const answer = { access_token: "access", token_type: "bearer", id_token: token };
  const options = { expectedNonce: NONCE, requireIdToken: true };
  return processAuthorizationCodeResponse(server, { client_id: "client" }, Response.json(answer), options);
}

function ours(token: string): Promise<unknown> {
  const expected = { issuer: () => ISSUER, clientId: "client", nonce: NONCE, accessToken: "access" };
  return verifyIdToken(platformEnv, token, async () => true, expected);
}

const BROKEN = new Uint8Array([...Buffer.from('{"alg":"RS256","x":"'), 0xff, ...Buffer.from('"}')]);

const CASES: readonly (readonly [string, OAuthFault, string])[] = [
  ["another typ", "id_token_form", tokenOf(right, { typ: "at+jwt" })],
  ["b64", "id_token_form", tokenOf(right, { b64: false })],
  ["broken UTF-8", "id_token_form", tokenOf(right).replace(/^[^.]*/, encode(BROKEN))],
  ["stray bits in the signature", "id_token_form", tokenOf(right).replace(/AAAA$/, "AB")],
  ["more than 16 kB", "id_token_form", tokenOf({ ...right, x: "x".repeat(16_384) })],
  [
    "us twice as audience",
    "id_token_audience",
    tokenOf({ ...right, aud: ["client", "client"], azp: "client" }),
  ],
  ["another authorized party", "id_token_audience", tokenOf({ ...right, azp: "another" })],
  ["an iat of yesterday", "id_token_time", tokenOf({ ...right, iat: NOW - 86_400 })],
  ["an iat of tomorrow", "id_token_time", tokenOf({ ...right, iat: NOW + 86_400, exp: NOW + 90_000 })],
  ["an exp before iat", "id_token_time", tokenOf({ ...right, exp: NOW - 10 })],
  ["a subject with a line end", "subject", tokenOf({ ...right, sub: "ann\n" })],
  ["a subject of 256 characters", "subject", tokenOf({ ...right, sub: "x".repeat(256) })],
  ["an empty subject", "subject", tokenOf({ ...right, sub: "" })],
  ["at_hash of another access token", "id_token_access", tokenOf({ ...right, at_hash: "x".repeat(22) })],
];

describe("an ID token that oauth4webapi accepts", () => {
  it("is accepted here too where it is valid", async () => {
    await expect(library(tokenOf(right))).resolves.toBeDefined();
    await expect(ours(tokenOf(right))).resolves.toMatchObject({ sub: "ann" });
  });

  // A case that the library begins to refuse needs no check of ours any more.
  it.each(CASES)("OAU-11 is refused here with %s", async (_, fault, token) => {
    await expect(library(token)).resolves.toBeDefined();
    await expect(ours(token)).rejects.toThrow(oauthFault(fault).message);
  });
});
