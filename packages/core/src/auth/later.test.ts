import { expect, it, vi } from "vitest";
import { memory } from "../memory/index.ts";
import { password } from "../password/index.ts";
import type { AuthEvent } from "../sessions/events.ts";
import { createAuth } from "./create-auth.ts";

vi.mock("./actions.ts", () => {
  throw new Error("Cannot find module '/srv/secret-path/actions.js'");
});
it("answers internal_error where the actions cannot be loaded, and tells no path", async () => {
  const events: AuthEvent[] = [];
  const auth = createAuth({
    store: memory(),
    providers: [password()],
    onEvent: (event) => events.push(event),
  });
  const login = new Request("http://localhost:3000/auth/login", { method: "POST", body: "{}" });
  for (const answer of [auth.handle, auth.handlers.login]) {
    const response = await answer(login.clone());
    expect([response.status, response.headers.get("cache-control")]).toEqual([500, "private, no-store"]);
    const text = await response.text();
    expect(JSON.parse(text).error).toBe("internal_error");
    expect(text).not.toContain("secret-path");
  }
  expect(events.map(({ type }) => type)).toEqual(["internal_error", "internal_error"]);
});
