import { describe, expect, test } from "vitest";
import { clearedIn, expectError } from "../fixtures/answers.ts";
import { ANN, openServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf, sidOf } from "../fixtures/tokens.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("A10 hooks run after sign-in, refresh and every validation, and can refuse", async () => {
      const seen: string[] = [];
      let refuse = "";
      const ran = (hook: string) => (): false | undefined => {
        seen.push(hook);
        return refuse === hook ? false : undefined;
      };
      const hooks = { signedIn: ran("signedIn"), refreshed: ran("refreshed"), validated: ran("validated") };
      const { auth, clock, events, signedIn, browser } = openServer({ store: await make(), hooks });
      const ann = await signedIn();
      clock.advance(601);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(seen).toEqual(["signedIn", "refreshed", "validated"]);
      refuse = "validated";
      expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, status: 401 });
      refuse = "refreshed";
      const refused = await ann.copy().post("/auth/refresh");
      expect(clearedIn(refused.headers).length).toBe(2);
      await expectError(refused, 401, "session_revoked");
      refuse = "signedIn";
      const answer = await browser().post("/auth/login", ANN);
      expect(answer.headers.getSetCookie()).toEqual([]);
      await expectError(answer, 401, "invalid_credentials");
      const user = await auth.users.find({ email: ANN.email });
      expect(await auth.sessions.list(user?.id ?? "")).toEqual([]);
      const reasons = events.flatMap((event) => (event.type === "session.ended" ? [event.reason] : []));
      // A sign-in that is refused starts no session, and ends none.
      expect(reasons).toEqual(["refused"]);
    });

    test("A10 hooks can change the result", async () => {
      const server = openServer({
        store: await make(),
        hooks: {
          signedIn: () => ({ context: { step: 1 } }),
          refreshed: () => ({ context: { step: 2 } }),
          validated: ({ session }) => ({
            context: { ...session.context, seen: true },
            claims: { plan: "gold" },
          }),
        },
      });
      const ann = await server.signedIn();
      expect(claimsOf(ann.cookie("access"))["context"]).toEqual({ step: 1 });
      await ann.post("/auth/refresh");
      expect(claimsOf(ann.cookie("access"))["context"]).toEqual({ step: 2 });
      const found = await server.auth.validate(ann.request("/page"));
      expect(found).toMatchObject({ ok: true, claims: { plan: "gold" } });
      expect(found.ok && found.session.context).toEqual({ step: 2, seen: true });
      const kept = await server.auth.sessions.get(sidOf(ann.cookie("access")));
      expect(kept?.context).toEqual({ step: 2 });
    });

    test("A10 a hook that throws causes internal_error, and a failed sign-in leaves no session", async () => {
      const broken = (): never => {
        throw new Error(`broken ${ANN.password}`);
      };
      const { auth, events, browser } = openServer({ store: await make(), hooks: { signedIn: broken } });
      const { id } = await auth.users.create(ANN);
      await expectError(await browser().post("/auth/login", ANN), 500, "internal_error");
      expect(await auth.sessions.list(id)).toEqual([]);
      expect(typesOf(events)).toContain("internal_error");
      expect(JSON.stringify(events)).not.toContain(ANN.password);
    });

    test("A10 an error that the application throws at sign-in leaves no session behind", async () => {
      const broken = (): never => {
        throw new Error("broken");
      };
      const faults = [
        { accessToken: { claims: broken } },
        { accessToken: { claims: () => ({ sub: "another" }) } },
        { accessToken: { claims: () => ({ long: "x".repeat(4_000) }) } },
        { user: { serialize: broken } },
      ];
      for (const fault of faults) {
        const { auth, browser } = openServer({ store: await make(), ...fault });
        const { id } = await auth.users.create(ANN);
        await expectError(await browser().post("/auth/login", ANN), 500, "internal_error");
        expect(await auth.sessions.list(id)).toEqual([]);
      }
    });
  });
}
