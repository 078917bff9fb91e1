import { memory } from "@latchkey/core/memory";
import { describeStore } from "@latchkey/store-contract";
import { describe, it } from "vitest";

describeStore({ describe, it }, "memory", async () => ({ store: memory() }));
