import { describe, expect, it } from "vitest";
import { emailCode, magicLink } from "./providers.ts";

describe.each([
  { make: magicLink, type: "magic_link" },
  { make: emailCode, type: "email_code" },
])("$type", ({ make, type }) => {
  it("creates no account for an unknown address by default", () => {
    expect(make()).toEqual({ type, signUp: false });
    expect(make({ signUp: true })).toEqual({ type, signUp: true });
    expect(make({ signUp: false })).toEqual({ type, signUp: false });
  });

  it("refuses a wrong option by its name", () => {
    expect(() => make({ signUp: "yes" } as never)).toThrow(`${make.name}: signUp is "yes", but`);
    expect(() => make({ signup: true } as never)).toThrow("did you mean signUp?");
    expect(() => make(null as never)).toThrow(TypeError);
  });
});
