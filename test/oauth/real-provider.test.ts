import { oidc } from "@latchkey/core/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callbackOf, travel } from "../fixtures/oauth-flow.ts";
import { openServerWith } from "../fixtures/oauth-server.ts";
import {
  type ClientKind,
  type IdentityProvider,
  startIdentityProvider,
} from "../fixtures/providers/certified-provider.ts";

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await startIdentityProvider({
    redirectUris: ["oidc"].map(callbackOf),
    accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" } },
  });
});
afterAll(() => provider.close());

describe("a certified OpenID provider", () => {
  it.each<ClientKind>(["basic", "post", "public"])("signs in as a %s client", async (kind) => {
    const { issuer, clients } = provider;
    const { auth, browser, events } = openServerWith([oidc({ issuer, ...clients[kind] })]);
    const own = browser();
    const answer = await travel(own, "oidc", { login: "ann" });
    expect(events.filter(({ type }) => type === "oauth.failed")).toEqual([]);
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe("http://localhost:3000/welcome");
    const me = await (await own.get("/auth/me")).json();
    expect(me).toMatchObject({ email: "ann@example.com", name: "Ann" });
    expect(await auth.users.accounts(me.id)).toEqual([{ provider: "oidc", subject: "ann-1" }]);
  });
});
