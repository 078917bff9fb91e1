import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { expect, it } from "vitest";
import { countOf, expectSentTo, openDesk, whoIs } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/in-process-provider.ts";

/** A store in which another callback links the account first, and its link is not in the user's list yet. */
function halfWay(): Store {
  const { users, ...rest } = memory();
  let links = 0;
  return {
    ...rest,
    users: {
      ...users,
      link: async (id, account) => (await users.link(id, account)) && links++ > 0,
      accounts: async () => [],
    },
  };
}

it("keeps a new user whom another callback found by the proven address, though their link is half-way", async () => {
  const desk = openDesk({ store: halfWay() });
  const browser = desk.browser();
  expectSentTo(await desk.signIn(browser, ANN_THERE), "/welcome");
  expect(await whoIs(browser)).not.toBeNull();
  expect([countOf(desk, "user.created"), countOf(desk, "user.deleted")]).toEqual([1, 0]);
});
