import { createHash } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";
import { AuthError, type ErrorContext } from "@latchkey/core";
import {
  type BreachedPasswords,
  haveIBeenPwned,
  type PasswordOptions,
  password,
} from "@latchkey/core/password";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { type LocalServer, openLocalServer } from "../fixtures/local-server.ts";
import { ANN, cheapHasher, openServer, type TestServer } from "../fixtures/server.ts";

const digestOf = (text: string): string => createHash("sha1").update(text).digest("hex").toUpperCase();
const DIGEST = digestOf(ANN.password);
const [PREFIX, REST] = [DIGEST.slice(0, 5), DIGEST.slice(5)];
/** Other entries of a range. */
const OTHERS = Array.from({ length: 900 }, (_, n) => `${digestOf(`other ${n}`).slice(5)}:${n % 7}`);

interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: number;
}

let local: LocalServer;
let reply: (response: ServerResponse) => void = () => undefined;
const requests: Request[] = [];
const open: ServerResponse[] = [];
const listener: RequestListener = (request, response) => {
  let bytes = 0;
  open.push(response);
  request.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
  });
  request.on("end", () => {
    requests.push({ method: request.method, url: request.url, headers: request.headers, bytes });
    if (request.url?.startsWith("/range/")) reply(response);
    else response.end(range(`${REST}:9`));
  });
};

beforeAll(async () => {
  local = await openLocalServer();
  local.listen(listener);
});
afterEach(() => {
  requests.length = 0;
  open.length = 0;
});
afterAll(() => local.close());

const range = (...entries: readonly string[]): string => [...OTHERS, ...entries].sort().join("\r\n");
const send =
  (text: string | Uint8Array, status = 200, headers = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);

interface World {
  readonly server: TestServer;
  readonly faults: (readonly [error: unknown, context: ErrorContext])[];
}

function world(breached: BreachedPasswords, options: PasswordOptions = {}): World {
  const faults: (readonly [unknown, ErrorContext])[] = [];
  const server = openServer({
    providers: [password({ hasher: cheapHasher, ...options, breached })],
    onError: (error, context) => void faults.push([error, context]),
  });
  return { server, faults };
}

const copy = (): BreachedPasswords => haveIBeenPwned({ url: `${local.origin}/range/` });
const join = ({ server }: World): Promise<Response> => server.browser().post("/auth/signup", ANN);
const failuresOf = ({ faults }: World): readonly (readonly [message: string, operation: string])[] =>
  faults.map(([error, { operation }]) => [error instanceof Error ? error.message : "", operation]);

describe("a password that is set", () => {
  it("is refused if the range has the rest of its digest", async () => {
    reply = send(range(`${REST}:3`));
    const here = world(copy());
    const answer = await join(here);
    expect({ status: answer.status, body: await bodyOf(answer) }).toEqual({
      status: 422,
      body: {
        error: "weak_password",
        message: "The password is known from a data breach: choose another.",
      },
    });
    expect(await here.server.auth.users.find(ANN)).toBeNull();
    expect(here.faults).toEqual([]);
  });

  it.each([
    ["lower case", `${REST}:3`.toLowerCase()],
    ["one line", `${REST}:1`],
    ["a line end after it", `${REST}:1\r\n`],
    ["line feeds alone", `${OTHERS[0]}\n${REST}:1\n${OTHERS[1]}\n`],
    ["a large count", `${REST}:99999999999999999999`],
    ["an entry of padding before it", `${REST}:0\r\n${REST}:2`],
  ])("is refused for a range with %s", async (_, text) => {
    reply = send(text);
    await expectError(await join(world(copy())), 422, "weak_password");
  });

  it.each([
    ["without it", range()],
    ["with it as padding", range(`${REST}:0`)],
    ["with it as padding of several zeros", range(`${REST}:000`)],
    ["with another digest of the same end", range(`0${REST.slice(1)}:5`)],
  ])("is accepted for a range %s", async (_, text) => {
    reply = send(text);
    const here = world(copy());
    expect((await join(here)).status).toBe(201);
    expect(requests).toHaveLength(1);
    expect(here.faults).toEqual([]);
  });

  it("leaves the server as five digits of its digest, with a wish for padding", async () => {
    reply = send(range());
    await join(world(copy()));
    expect(requests).toMatchObject([{ method: "GET", url: `/range/${PREFIX}`, bytes: 0 }]);
    expect(requests[0]?.headers["add-padding"]).toBe("true");
    const sent = JSON.stringify(requests).toUpperCase();
    for (const secret of [DIGEST.slice(0, 6), REST, ANN.password.toUpperCase(), ANN.email.toUpperCase()])
      expect(sent).not.toContain(secret);
  });

  it("is asked for in the form that is hashed", async () => {
    reply = send(range());
    const { server } = world(copy());
    await server.auth.users.create({ email: "zoe@example.com", password: "un cafe\u0301 au lait" });
    expect(requests.map(({ url }) => url)).toEqual([
      `/range/${digestOf("un caf\u00e9 au lait").slice(0, 5)}`,
    ]);
  });

  it("is asked for at every change, after the other checks, and never at a sign-in", async () => {
    reply = send(range());
    const { server } = world(copy());
    const ann = await server.signedIn();
    expect(requests).toHaveLength(1);
    await ann.post("/auth/login", ANN);
    await ann.post("/auth/login", { ...ANN, password: "wrong wrong wrong" });
    await ann.post("/auth/reauthenticate", { password: ANN.password });
    await server.browser().post("/auth/signup", { email: "eve@example.com", password: "password1" });
    await server.browser().post("/auth/signup", { email: "eve@example.com", password: "short" });
    expect(requests).toHaveLength(1);
    const { id } = (await server.auth.users.find(ANN)) ?? { id: "" };
    expect(await server.auth.users.setPassword(id, "an altogether new one")).toBe(true);
    expect(requests).toHaveLength(2);
    reply = send(range(`${REST}:1`));
    await expect(server.auth.users.setPassword(id, ANN.password)).rejects.toMatchObject({
      code: "weak_password",
    });
    expect((await server.browser().post("/auth/login", ANN)).status).toBe(401);
    await ann.post("/auth/login", { ...ANN, password: "an altogether new one" });
    expect((await ann.get("/auth/me")).status).toBe(200);
  });
});

describe("a source of breached passwords that fails", () => {
  const FOUND = `${REST}:5`;

  it.each<[title: string, answer: (response: ServerResponse) => void, fault: string]>([
    ["status 500", send(FOUND, 500), "status 500"],
    ["status 404", send(FOUND, 404), "status 404"],
    ["status 429", send(FOUND, 429), "status 429"],
    ["a redirect", (response) => send("", 302, { location: "/elsewhere" })(response), "redirected"],
    ["a page", send("<!doctype html><p>Sorry"), "no range"],
    ["JSON", send("[]"), "no range"],
    ["nothing", send(""), "no range"],
    ["a range with a line that is none", send(`${FOUND}\r\nSorry`), "no range"],
    ["whole digests", send(`${DIGEST}:5`), "no range"],
    ["no count", send(REST), "no range"],
    ["a negative count", send(`${REST}:-5`), "no range"],
    ["bytes that are no text", send(Uint8Array.of(0xff, 0xfe)), "no text"],
    ["256 KiB and a byte", send(`${FOUND}\r\n${"\n".repeat(262_145 - FOUND.length - 2)}`), "too_large"],
    [
      "an end amid the answer",
      (response) => void response.writeHead(200).write("x", () => response.destroy()),
      "unreachable",
    ],
  ])("with %s lets the password pass, and reaches onError", async (_, answer, fault) => {
    reply = answer;
    const here = world(copy());
    expect((await join(here)).status).toBe(201);
    expect(failuresOf(here)).toEqual([[`haveIBeenPwned: the range query failed: ${fault}`, "breached"]]);
    expect(requests.map(({ url }) => url)).toEqual([`/range/${PREFIX}`]);
    const told = `${here.faults.map(([error]) => String(error))} ${JSON.stringify(here.server.events)}`;
    for (const secret of [ANN.password, DIGEST, REST]) expect(told).not.toContain(secret);
  });

  it("that cannot be reached keeps the error of the platform", async () => {
    const gone = await openLocalServer();
    await gone.close();
    const here = world(haveIBeenPwned({ url: `${gone.origin}/` }));
    expect((await join(here)).status).toBe(201);
    expect(failuresOf(here)).toEqual([["haveIBeenPwned: the range query failed: unreachable", "breached"]]);
    expect(here.faults[0]?.[0]).toHaveProperty("cause");
  });

  it.each<[title: string, answer: (response: ServerResponse) => void]>([
    ["hangs", () => undefined],
    ["answers after two seconds", (response) => void setTimeout(() => send(FOUND)(response), 2_000)],
    [
      "drips",
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write("\n"), 100);
        response.once("close", () => clearInterval(timer));
      },
    ],
  ])("in that it %s is waited for one second, and its connection is closed", async (_, answer) => {
    reply = answer;
    const here = world(copy());
    const begun = performance.now();
    expect((await join(here)).status).toBe(201);
    expect(performance.now() - begun).toBeGreaterThan(950);
    expect(failuresOf(here)).toMatchObject([[expect.stringMatching(/late|within a second/), "breached"]]);
    await expect.poll(() => open.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it("is not one that answers within the second", async () => {
    reply = (response) => void setTimeout(() => send(FOUND)(response), 400);
    await expectError(await join(world(copy())), 422, "weak_password");
  });
});

describe("a source of the application", () => {
  it("gets the normal form of the password, and the environment", async () => {
    const asked: unknown[] = [];
    const { server } = world({
      isBreached: async (secret, env) => {
        asked.push(secret, typeof env.fetch, typeof env.clock);
        return secret.startsWith("leaked");
      },
    });
    const create = (secret: string): Promise<unknown> =>
      server.auth.users.create({ email: `u${asked.length}@example.com`, password: secret });
    await create("un cafe\u0301 au lait");
    expect(asked).toEqual(["un caf\u00e9 au lait", "function", "function"]);
    await expect(create("leaked horse battery")).rejects.toMatchObject({ code: "weak_password" });
  });

  it.each<[title: string, isBreached: () => unknown, message: RegExp]>([
    [
      "throws",
      () => {
        throw new Error("its own");
      },
      /^its own$/,
    ],
    ["rejects", () => Promise.reject(new Error("its own")), /^its own$/],
    ["rejects with a refusal", () => Promise.reject(new AuthError("weak_password")), /too weak/],
    ["returns nothing", () => undefined, /^breached returned undefined: return true or false$/],
    ["returns a count", async () => 5, /^breached returned a number: return true or false$/],
    ["never answers", () => new Promise(() => undefined), /within a second/],
  ])("that %s lets the password pass, and reaches onError", async (_, isBreached, message) => {
    const here = world({ isBreached: isBreached as BreachedPasswords["isBreached"] });
    expect((await join(here)).status).toBe(201);
    expect(failuresOf(here)).toEqual([[expect.stringMatching(message), "breached"]]);
  });
});
