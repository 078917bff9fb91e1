import { expect, it } from "vitest";
import { openStage, requestTo } from "./stage.ts";
import { codeOf } from "./verdicts.ts";

// RFC 6265bis 5.1.4: a browser sends the owner's own refresh cookie to its path only.
it("a refresh cookie outside of cookies.refreshPath was set by another host, and does not count", async () => {
  const stage = openStage({ cookies: { refreshPath: "/auth" } });
  const { id } = await stage.auth.users.create({ email: "thief@example.com" });
  const { refreshToken } = await stage.auth.sessions.create(id);
  const headers = { cookie: `__Secure-latchkey.refresh=${refreshToken}` };
  for (const path of ["/", "/page", "/authors", "/auth-page"]) {
    expect(codeOf(await stage.auth.validate(requestTo(path, { headers })))).toBe("unauthenticated");
  }
  for (const path of ["/auth", "/auth/page"]) {
    expect((await stage.auth.validate(requestTo(path, { headers }))).ok).toBe(true);
  }
});
