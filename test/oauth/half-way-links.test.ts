import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { expect, it } from "vitest";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { openStubServer } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { countOf } from "../fixtures/server.ts";

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

it("a failed link keeps a new user that another callback found by the proven address", async () => {
  const server = openStubServer({ store: halfWay() });
  const browser = server.browser();
  expectSentTo(await server.signIn(browser, ANN_THERE), "/welcome");
  expect(await whoIs(browser)).not.toBeNull();
  expect({ created: countOf(server, "user.created"), deleted: countOf(server, "user.deleted") }).toEqual({
    created: 1,
    deleted: 0,
  });
});
