import fc from "fast-check";
import { expect, it } from "vitest";
import { expectValidation } from "./answers.ts";
import { holds } from "./check.ts";
import { anyText, mutate, mutation, rarely } from "./mutation.ts";
import { openTarget } from "./target.ts";

const text = fc.oneof(
  anyText(120),
  fc.stringMatching(/^lkr_[A-Za-z0-9_-]{92}$/),
  fc.stringMatching(/^[\w-]{1,40}\.[\w-]{1,60}\.[\w-]{86}$/),
);

/** A refresh token without its first byte: whether the cookie outlives the browser is the choice of the holder. */
function secretPart(token: string): string {
  return Buffer.from(token.slice("lkr_".length), "base64url").toString("hex", 1);
}

it("any text as a token gets one of the listed verdicts, and only the very token is valid", async () => {
  const target = await openTarget();
  await holds(
    "token text",
    fc.record({ text: rarely(text), mutation }),
    async ({ text: raw, mutation: change }) => {
      const { access, refresh } = await target.tokens("bearer");
      const offered = raw ?? mutate(access, change);
      if (expectValidation(await target.auth.sessions.verify(offered))) expect(offered).toBe(access);
      const token = raw ?? mutate(refresh, change);
      const result = await target.auth.sessions.refresh(token);
      if (result.ok) expect(secretPart(token)).toBe(secretPart(refresh));
      else
        expect([
          "refresh_token_invalid",
          "refresh_token_reused",
          "session_expired",
          "session_revoked",
        ]).toContain(result.code);
      target.expectNoFault();
    },
  );
});
