import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Runs without a module that a route loads when it is called, as after a deployment that lost it. */
const PROGRAM = `
import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.endsWith("/blocklist.ts")) throw new Error("Cannot find module /srv/secret-path/blocklist.js");
    return next(specifier, context);
  },
});
const { createAuth } = await import("@latchkey/core");
const { memory } = await import("@latchkey/core/memory");
const { password } = await import("@latchkey/core/password");
const events = [];
const auth = createAuth({ store: memory(), providers: [password()], onEvent: ({ type }) => events.push(type) });
const answers = [];
const headers = { "content-type": "application/json" };
const body = JSON.stringify({ email: "ann@example.com", password: "correct horse battery" });
for (const answer of [auth.handle, auth.handlers.signup]) {
  const response = await answer(new Request("http://localhost:3000/auth/signup", { method: "POST", headers, body }));
  answers.push([response.status, response.headers.get("cache-control"), await response.json()]);
}
console.log(JSON.stringify({ answers, events }));
`;

it("a server answers internal_error without a path where the list of common passwords cannot be loaded", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    cwd: import.meta.dirname,
  });
  const fault = { error: "internal_error", message: expect.not.stringContaining("secret-path") };
  const answer = [500, "private, no-store", fault];
  expect(JSON.parse(stdout)).toEqual({
    answers: [answer, answer],
    events: ["internal_error", "internal_error"],
  });
});

/** Three requests at once while a part of the validator cannot be loaded, and one more when it can be. */
const VALIDATOR = `
import { registerHooks } from "node:module";
let missing = "";
registerHooks({
  resolve(specifier, context, next) {
    if (missing !== "" && specifier.endsWith(missing)) throw new Error("Cannot find module /srv/secret-path");
    return next(specifier, context);
  },
});
const { createValidator } = await import("@latchkey/core/validator");
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = [encode({ alg: "EdDSA", typ: "at+jwt", kid: "k" }), encode({}), "A".repeat(86)].join(".");
const { validate } = createValidator({
  jwksUrl: "https://app.example.com/auth/jwks",
  issuer: "https://app.example.com",
  env: { fetch: async () => new Response(null, { status: 500 }) },
});
const ask = async () => {
  const found = await validate(new Request("https://app.example.com/", { headers: { authorization: "Bearer " + token } }));
  return [found.status, await found.response().json()];
};
const answers = [];
for (const part of ["/verify-request.ts", "/remote.ts"]) {
  missing = part;
  answers.push(...(await Promise.all([ask(), ask(), ask()])));
}
missing = "";
answers.push(await ask());
console.log(JSON.stringify(answers));
`;

it("a validator answers internal_error while a part of it cannot be loaded, and loads it for the next request", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", VALIDATOR], {
    cwd: import.meta.dirname,
  });
  const fault = { error: "internal_error", message: expect.not.stringContaining("secret-path") };
  const known = { error: "store_unavailable", message: expect.any(String) };
  expect(JSON.parse(stdout)).toEqual([...Array.from({ length: 6 }, () => [500, fault]), [503, known]]);
});
