import { expect, it } from "vitest";
import { requestTo } from "../fixtures/requests.ts";
import { openAttackedServer } from "./server.ts";
import { codeOf } from "./verdicts.ts";

// RFC 6265bis 5.1.4: a browser sends the owner's own refresh cookie to its path only.
it("a refresh cookie outside cookies.refreshPath is ignored, because another host set it", async () => {
  const server = openAttackedServer({ cookies: { refreshPath: "/auth" } });
  const { id } = await server.auth.users.create({ email: "thief@example.com" });
  const { refreshToken } = await server.auth.sessions.create(id);
  const headers = { cookie: `__Secure-latchkey.refresh=${refreshToken}` };
  for (const path of ["/", "/page", "/authors", "/auth-page"]) {
    expect(codeOf(await server.auth.validate(requestTo(path, { headers })))).toBe("unauthenticated");
  }
  for (const path of ["/auth", "/auth/page"]) {
    expect((await server.auth.validate(requestTo(path, { headers }))).ok).toBe(true);
  }
});
