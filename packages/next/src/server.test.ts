import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** A program that calls a route with this jar instead of that of Next, and prints the calls and the cookies of the jar. */
const program = (jar: string): string => `
import { registerHooks } from "node:module";
const headers = "export const cookies = async () => globalThis.jar, headers = async () => new Headers({ host: 'localhost' })";
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "next/headers.js"
      ? { url: "data:text/javascript," + encodeURIComponent(headers), shortCircuit: true }
      : next(specifier, context),
});
const { RequestCookies } = await import("next/dist/server/web/spec-extension/cookies.js");
const cookies = new RequestCookies(new Headers({ cookie: "a=1" }));
globalThis.jar = Object.assign(cookies, ${jar});
const { callRoute } = await import("./server.ts");
let calls = 0;
const route = async () => {
  calls++;
  return new Response(null, { headers: { "set-cookie": "b=2; Path=/" } });
};
const error = await callRoute(route).then(() => null, (thrown) => thrown.message);
console.log(JSON.stringify({ calls, error, kept: cookies.getAll().map(({ name }) => name) }));
`;

async function outcome(jar: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", program(jar)],
    { cwd: import.meta.dirname },
  );
  return JSON.parse(stdout);
}

it.each([
  ["throws a TypeError", '{ set: () => { throw new TypeError("read-only"); } }'],
  ["throws an error of Next's", '{ set: () => { throw new Error("Cookies can only be modified"); } }'],
  ["has no set", "{ set: undefined }"],
  ["ignores what is set", "{ set: () => undefined }"],
])("calls no route if the jar %s", async (_, jar) => {
  const error = "callRoute needs an action or a route handler";
  expect(await outcome(jar)).toEqual({ calls: 0, error, kept: ["a"] });
});

it("sets the cookies of the response in a jar that can be written, and no others", async () => {
  expect(await outcome("{}")).toEqual({ calls: 1, error: null, kept: ["a", "b"] });
});
