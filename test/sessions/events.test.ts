import type { AuthEvent } from "@latchkey/core";
import { describe, expect, test } from "vitest";
import { ANN, openServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("B10 each operation emits an event of a closed union, with its time", async () => {
      const { auth, clock, events, signedIn, browser } = openServer({ store: await make() });
      const at = clock.now() / 1_000;
      const ann = await signedIn();
      await browser().post("/auth/login", { ...ANN, password: "wrong password" });
      await ann.post("/auth/refresh");
      await ann.post("/auth/logout");
      const user = String((await auth.users.find({ email: ANN.email }))?.id);
      await auth.users.setPassword(user, "another long password");
      await auth.users.disable(user);
      await auth.users.enable(user);
      await auth.users.delete(user);
      expect(typesOf(events)).toEqual([
        "user.created",
        "key.created",
        "key.created",
        "session.started",
        "sign_in.failed",
        "session.refreshed",
        "session.ended",
        "user.password_changed",
        "user.disabled",
        "user.enabled",
        "user.deleted",
      ] satisfies AuthEvent["type"][]);
      expect(events.every((event) => event.at === at)).toBe(true);
    });

    test("B10 an onEvent that throws, rejects or never resolves has no effect", async () => {
      const sinks = [
        (): never => {
          throw new Error("sink");
        },
        () => Promise.reject(new Error("sink")),
        () => new Promise<never>(() => undefined),
      ];
      for (const onEvent of sinks) {
        const { signedIn } = openServer({ store: await make(), onEvent });
        const ann = await signedIn();
        expect((await ann.post("/auth/refresh")).status).toBe(200);
        expect((await ann.post("/auth/logout")).status).toBe(200);
      }
    });
  });
}
