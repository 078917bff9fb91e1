import type { AuthClient } from "@latchkey/client";
import { google } from "@latchkey/core/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localFetch, wellKnown } from "../fixtures/providers/local-fetch.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { openSimulation, type Simulation } from "./simulation.ts";

const IOS = "com.example.ios";

let provider: RiggedProvider;

beforeAll(async () => {
  provider = await startRiggedProvider({ issuer: "https://accounts.google.com" });
});
afterAll(() => provider.close());

function openWithGoogle(): Simulation {
  const { fetch } = localFetch(wellKnown(provider.origin));
  const providers = [google({ clientId: "id", clientSecret: "secret", idTokenAudiences: [IOS] })];
  return openSimulation({ providers, env: { fetch, clock: () => Date.now() } });
}

async function signInByTheSheet({ signIn }: AuthClient, aud = IOS) {
  const begun = await signIn.idTokenNonce("google");
  if (!begun.ok) throw new Error(`the nonce: ${begun.error.code}`);
  const { nonce, expiresIn } = begun.data;
  expect(expiresIn).toBe(600);
  const idToken = provider.mint({ claims: { aud, nonce } });
  return signIn.idToken("google", { idToken, nonce });
}

describe("a person who signs in by the sheet of Google", () => {
  it("is signed in by cookies in a page", async () => {
    const { client } = openWithGoogle().profile().tab();
    expect(await signInByTheSheet(client)).toMatchObject({ ok: true, data: { user: { name: "Ann" } } });
    expect((await client.fetch("/auth/me")).status).toBe(200);
  });

  it("is signed in by tokens in an app that keeps them", async () => {
    const kept: { value: string | null } = { value: null };
    const storage = {
      read: () => kept.value,
      write: (value: string | null) => {
        kept.value = value;
      },
    };
    const client = openWithGoogle().holder({ storage });
    expect(await signInByTheSheet(client)).toMatchObject({ ok: true });
    expect(kept.value).toContain("refresh");
    expect(await client.refresh()).toMatchObject({ ok: true });
  });

  it("is told that a token of another app is refused, and stays signed out", async () => {
    const { client } = openWithGoogle().profile().tab();
    const result = await signInByTheSheet(client, "com.attacker.app");
    expect(result).toMatchObject({ ok: false, error: { code: "oauth_failed", status: 400 } });
    expect(client.session.get().status).not.toBe("signed-in");
  });
});
