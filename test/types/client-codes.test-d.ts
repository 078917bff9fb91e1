import type { ServerCode } from "@latchkey/client";
import type { ErrorCode } from "@latchkey/core";
import { expectTypeOf, test } from "vitest";

// The client depends on nothing, so that it has its own list.
test("the client has every error code of the server, and no other", () => {
  expectTypeOf<ServerCode>().toEqualTypeOf<ErrorCode>();
});
