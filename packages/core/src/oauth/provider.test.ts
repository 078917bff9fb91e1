import { expect, it } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { defineProvider, type OAuthConnection, TRUST_ALL } from "./provider.ts";

it("connects once for all sign-ins that begin while the protocol is being loaded", async () => {
  let made = 0;
  const used: number[] = [];
  const described = { id: "test", storeTokens: false, trustEmail: TRUST_ALL };
  const provider = defineProvider(described, async (): Promise<OAuthConnection> => {
    const own = ++made;
    return {
      authorizationUrl: async () => {
        used.push(own);
        return new URL("https://id.example.org");
      },
      identify: () => Promise.reject(new Error("no sign-in comes back here")),
    };
  });
  const connection = provider.connect(platformEnv);
  expect(made).toBe(0);
  const flow = { state: "s", nonce: "n", codeVerifier: "v", redirectUri: "https://app.example.com" };
  const one = (): Promise<URL> => connection.authorizationUrl(flow);
  await Promise.all([one(), one(), one()]);
  await one();
  expect([...new Set(used)]).toEqual([1]);
});
