import { memory } from "@latchkey/core/memory";
import { describeStore } from "@latchkey/core/testing";
import { describe, it } from "vitest";

describeStore({ describe, it }, "memory", async () => ({ store: memory() }));
