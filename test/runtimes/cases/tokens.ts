import type { Algorithm, PublicJwk } from "@latchkey/core";
import { createValidator } from "@latchkey/core/validator";
import { ORIGIN, openSecureServer } from "../../fixtures/server.ts";
import { answered } from "../answers.ts";
import { type Case, holds, same } from "../case.ts";
import { bearerOf, bearing } from "../requests.ts";

const algorithms: readonly Algorithm[] = ["EdDSA", "ES256", "RS256", "PS256", "HS256"];

async function codeOf(work: Promise<{ readonly ok: boolean; readonly code?: string }>): Promise<string> {
  const found = await work;
  return found.ok ? "ok" : (found.code ?? "");
}

async function privateKey(name: "Ed25519" | "ECDSA"): Promise<JsonWebKey> {
  const algorithm = { name, namedCurve: "P-256" };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  return crypto.subtle.exportKey("jwk", pair.privateKey);
}

export const tokens: readonly Case[] = [
  ...algorithms.map((algorithm) => ({
    name: `access tokens are signed and checked by ${algorithm}`,
    run: async () => {
      const server = openSecureServer({ accessToken: { algorithm } });
      const { access } = await bearerOf(server, "/auth/signup");
      const { keys } = await server.auth.keys.jwks();
      same([...new Set(keys.map(({ alg }) => alg))], algorithm === "HS256" ? [] : [algorithm]);
      same(await codeOf(server.auth.validate(bearing(access))), "ok");
      const [head, body = "", signature] = access.split(".");
      const forged = [head, `${body[0] === "A" ? "B" : "A"}${body.slice(1)}`, signature].join(".");
      same(await codeOf(server.auth.validate(bearing(forged))), "unauthenticated");
    },
  })),
  {
    name: "a rotation of the keys ends no session",
    run: async () => {
      const server = openSecureServer();
      const before = await bearerOf(server, "/auth/signup");
      const announced = (await server.auth.keys.jwks()).keys.map(({ kid }: PublicJwk) => kid);
      await server.auth.keys.rotate();
      const after = await bearerOf(server, "/auth/login");
      const kids = [before, after].map(({ access }) => JSON.parse(atob(access.split(".")[0] ?? "")).kid);
      holds(kids[0] !== kids[1], "another key signs");
      holds(announced.includes(kids[1]), "the new key was announced");
      for (const { access } of [before, after])
        same(await codeOf(server.auth.validate(bearing(access))), "ok");
    },
  },
  {
    name: "a revoked key verifies no token, and refresh tokens still work",
    run: async () => {
      const server = openSecureServer();
      const { access, refresh } = await bearerOf(server, "/auth/signup");
      const { kid } = JSON.parse(atob(access.split(".")[0] ?? ""));
      same(await server.auth.keys.revoke(kid), true);
      same(await codeOf(server.auth.validate(bearing(access))), "unauthenticated");
      const body = { refresh_token: refresh };
      await answered(await server.browser().post("/auth/refresh", body), 200);
    },
  },
  {
    name: "a provided key whose two parts belong to different keys signs nothing, and the error names it",
    run: async () => {
      for (const [algorithm, name] of [["EdDSA", "Ed25519"] as const, ["ES256", "ECDSA"] as const]) {
        const [one, other] = [await privateKey(name), await privateKey(name)];
        const { kty = "", crv = "", x = "", y, d = "" } = { ...one, d: other.d ?? "" };
        const mixed = { kty, crv, x, d, ...(y === undefined ? {} : { y }), kid: "mixed" };
        const server = openSecureServer({ keys: { provided: [mixed] }, accessToken: { algorithm } });
        const error: unknown = await server.auth.keys.jwks().catch((thrown: unknown) => thrown);
        holds(
          error instanceof Error && error.message.includes('"mixed"'),
          `the error names it: ${algorithm}`,
        );
      }
    },
  },
  {
    name: "a validator checks tokens by the key set alone",
    run: async () => {
      const server = openSecureServer();
      const { access } = await bearerOf(server, "/auth/signup");
      const env = { clock: server.clock.now };
      const { validate } = createValidator({ jwks: await server.auth.keys.jwks(), issuer: ORIGIN, env });
      const found = await validate(bearing(access));
      same(found.ok && found.transport, "bearer");
      same(await codeOf(validate(bearing(`${access}A`))), "unauthenticated");
      same(await codeOf(validate(new Request(ORIGIN))), "unauthenticated");
      const elsewhere = createValidator({
        jwks: await server.auth.keys.jwks(),
        issuer: "https://else.example",
        env,
      });
      same(await codeOf(elsewhere.validate(bearing(access))), "unauthenticated");
      server.clock.advance(601);
      same(await codeOf(validate(bearing(access))), "unauthenticated");
    },
  },
  {
    name: "a validator fetches the key set by its URL, once",
    run: async () => {
      const server = openSecureServer();
      const { access } = await bearerOf(server, "/auth/signup");
      let looks = 0;
      const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
        looks++;
        return server.auth.handle(new Request(input, init));
      };
      const { validate } = createValidator({
        jwksUrl: `${ORIGIN}/auth/jwks`,
        issuer: ORIGIN,
        env: { clock: server.clock.now, fetch },
      });
      for (let n = 0; n < 5; n++) same(await codeOf(validate(bearing(access))), "ok");
      same(looks, 1, "looks at the key set");
    },
  },
  {
    name: "a validator whose key set does not come says so",
    run: async () => {
      const server = openSecureServer();
      const { access } = await bearerOf(server, "/auth/signup");
      const fetch = () => Promise.reject(new TypeError("no route to host"));
      const { validate } = createValidator({
        jwksUrl: `${ORIGIN}/auth/jwks`,
        issuer: ORIGIN,
        env: { fetch },
      });
      same(await codeOf(validate(bearing(access))), "store_unavailable");
    },
  },
];
