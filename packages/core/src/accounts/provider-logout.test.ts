import { expect, it } from "vitest";
import { decideProviderLogout, type SessionOrigin } from "./provider-logout.ts";

const PROVIDERS = ["oidc", "other"] as const;
const SUBJECTS = ["ann", "bob", null] as const;
const SIDS = ["s1", "s2", null] as const;
const METHODS = [["fed"], ["pwd"], [], ["pwd", "fed"]] as const;

const ORIGINS: readonly (SessionOrigin | null)[] = [
  null,
  ...PROVIDERS.flatMap((provider) =>
    (["ann", "bob"] as const).flatMap((subject) => SIDS.map((sid) => ({ provider, subject, sid }))),
  ),
];

it("ends the sessions of a subject or a session at the provider, and those that may be of it, for every combination", () => {
  let count = 0;
  for (const amr of METHODS)
    for (const origin of ORIGINS)
      for (const provider of PROVIDERS)
        for (const subject of SUBJECTS)
          for (const sid of SIDS) {
            if (subject === null && sid === null) continue;
            count++;
            const mayBeOther = (said: string | null, known: string | null): boolean =>
              said !== null && known !== null && said !== known;
            const isAnother =
              origin === null
                ? !amr.some((method) => method === "fed")
                : origin.provider !== provider ||
                  mayBeOther(subject, origin.subject) ||
                  mayBeOther(sid, origin.sid);
            const decision = decideProviderLogout({ amr, origin }, { provider, subject, sid });
            expect({ amr, origin, provider, subject, sid, decision }).toMatchObject({
              decision: isAnother ? "keep" : "end",
            });
          }
  expect(count).toBe(4 * 13 * 2 * 8);
});

it.each([
  ["the session of that sid", { provider: "oidc", subject: "ann", sid: "s1" }, "end"],
  ["another session of the user", { provider: "oidc", subject: "ann", sid: "s2" }, "keep"],
  ["a session whose ID token had no sid", { provider: "oidc", subject: "ann", sid: null }, "end"],
  ["the same sid at another provider", { provider: "other", subject: "ann", sid: "s1" }, "keep"],
  ["a session of another account", { provider: "oidc", subject: "bob", sid: "s1" }, "keep"],
] as const)("decides about %s by sub and sid", (_, origin, decision) => {
  const logout = { provider: "oidc", subject: "ann", sid: "s1" };
  expect(decideProviderLogout({ amr: ["fed"], origin }, logout)).toBe(decision);
});
