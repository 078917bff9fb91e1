import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** A program that runs `getSession` and `requireSession` for one request of Ada, and prints what they answer. */
const PROGRAM = `
import { registerHooks } from "node:module";
const headers = "export const cookies = async () => globalThis.jar, headers = async () => new Headers(globalThis.sent)";
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "next/headers.js"
      ? { url: "data:text/javascript," + encodeURIComponent(headers), shortCircuit: true }
      : next(specifier, context),
});
const { RequestCookies } = await import("next/dist/server/web/spec-extension/cookies.js");
const { createAuth } = await import("@latchkey/core");
const { memory } = await import("@latchkey/core/memory");
const { getSession, requireSession } = await import("./server.ts");

const store = memory();
let at = 1_800_000_000, rotations = 0, isDown = false;
const sessions = {
  ...store.sessions,
  rotate: (...given) => (rotations++, store.sessions.rotate(...given)),
  get: (...given) => (isDown ? Promise.reject(new Error("down")) : store.sessions.get(...given)),
};
const auth = createAuth({ store: { ...store, sessions }, env: { clock: () => at * 1_000 } });
const { id } = await auth.users.create({ email: "ada@example.com" });
const issued = await auth.sessions.create(id);
const cookie = issued.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");

function readOnly() {
  throw new TypeError("read-only");
}
function send(sent, jar = {}) {
  globalThis.sent = { host: "localhost", ...sent };
  globalThis.jar = Object.assign(new RequestCookies(new Headers(sent)), jar);
}
async function answer(options) {
  const told = [];
  const otherwise = (code) => void told.push(code);
  const code = await requireSession(auth, { otherwise, ...options }).then(() => "passes", (error) => error.code);
  return [code, ...told].join(", ");
}
const session = () => getSession(auth, { fresh: isDown }).then((found) => found?.userId === id, (error) => error.code);

const told = {};
send({});
told.anonymous = await answer({});
told.anonymousWhen = await answer({ when: () => true });
send({ cookie });
told.signedIn = await answer({});
told.allowed = await answer({ when: ({ userId }) => userId === id });
told.refused = await answer({ when: () => false });
told.truthy = await answer({ when: () => ({}) });
told.fresh = await answer({ maxAge: 1 });
told.method = await answer({ amr: ["pwd"] });
told.refusedFirst = await answer({ amr: ["pwd"], when: () => false });
told.misspelt = await requireSession(auth, { maxage: 1 }).catch((error) => error.message);
at += 2;
told.old = await answer({ maxAge: 1 });
told.anonymousOld = (send({}), await answer({ maxAge: 1 }));
send({ cookie });
isDown = true;
told.down = await session();
isDown = false;
at += 601;
send({ cookie }, { set: readOnly });
told.component = await session();
told.componentRotations = rotations;
send({ cookie, "content-type": "application/json" }, { set: readOnly });
told.unsafeComponent = await session();
send({ cookie });
told.action = await session();
told.actionRotations = rotations;
console.log(JSON.stringify(told));
`;

it("requires a session, refuses each `when` that does not return true, and rotates where cookies can be set", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    cwd: import.meta.dirname,
  });
  expect(JSON.parse(stdout)).toEqual({
    anonymous: "unauthenticated, unauthenticated",
    anonymousWhen: "unauthenticated, unauthenticated",
    signedIn: "passes",
    allowed: "passes",
    refused: "forbidden, forbidden",
    truthy: "forbidden, forbidden",
    fresh: "passes",
    method: "insufficient_user_authentication, insufficient_user_authentication",
    refusedFirst: "forbidden, forbidden",
    misspelt: "maxage is not an option of stepUp: did you mean maxAge?",
    old: "insufficient_user_authentication, insufficient_user_authentication",
    anonymousOld: "unauthenticated, unauthenticated",
    down: "store_unavailable",
    component: true,
    componentRotations: 0,
    // Without rotation, a refresh token does not authenticate a method that is not safe.
    unsafeComponent: false,
    action: true,
    actionRotations: 1,
  });
});
