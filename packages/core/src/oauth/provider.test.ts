import { expect, it } from "vitest";
import { connectLater, type OAuthConnection } from "./provider.ts";

it("lets all who come while a connection is loaded share the one that came first", async () => {
  let made = 0;
  const used: number[] = [];
  const connection = connectLater(async (): Promise<OAuthConnection> => {
    const own = ++made;
    return {
      authorizationUrl: async () => {
        used.push(own);
        return new URL("https://id.example.org");
      },
      identify: () => Promise.reject(new Error("nobody signs in here")),
    };
  });
  const flow = { state: "s", nonce: "n", codeVerifier: "v", redirectUri: "https://app.example.com" };
  const one = (): Promise<URL> => connection.authorizationUrl(flow);
  await Promise.all([one(), one(), one()]);
  await one();
  expect([...new Set(used)]).toEqual([1]);
});
