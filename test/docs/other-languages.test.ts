import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalServer, openLocalServer } from "../fixtures/local-server.ts";
import { writeModules } from "./project.ts";
import { needPython, PYTHON } from "./python.ts";

const run = promisify(execFile);
const PAGE = "docs/tokens.md";
const document = readFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), "utf8");

/** What each piece of code answers for a token: the id of the user, or null if it refuses. */
type Reader = (token: string) => Promise<string | null>;

let server: LocalServer;
let removeModules = (): void => undefined;
let tokens: Readonly<Record<"bearer" | "cookie" | "forged" | "other", string>>;
let readers: Readonly<Record<"jose" | "hono" | "python", Reader>>;
let userId: string;

beforeAll(async () => {
  server = await openLocalServer();
  const auth = createAuth({ store: memory(), baseURL: server.origin });
  server.listen(getRequestListener((request) => auth.handle(request)));
  const ann = await auth.users.create({ email: "ann@example.com" });
  userId = ann.id;
  const bearer = await auth.sessions.create(ann.id, { transport: "bearer" });
  const cookie = await auth.sessions.create(ann.id);
  const stranger = createAuth({ store: memory(), baseURL: server.origin });
  const eve = await stranger.users.create({ email: "eve@example.com" });
  const forged = await stranger.sessions.create(eve.id, { transport: "bearer" });
  const refreshToken = bearer.refreshToken ?? "";
  tokens = {
    bearer: bearer.accessToken,
    cookie: cookie.accessToken,
    forged: forged.accessToken,
    other: refreshToken,
  };
  readers = await readersOf(document.replaceAll("https://app.example.com", server.origin));
});
afterAll(async () => {
  removeModules();
  await server.close();
});

describe.each(["jose", "hono", "python"] as const)("the code of the page for %s", (name) => {
  beforeEach((context) => {
    if (name === "python") needPython(context, "jwt, cryptography", "python3-jwt python3-cryptography");
  });

  it("finds the user of a bearer token", async () => {
    expect(await readers[name](tokens.bearer)).toBe(userId);
  });

  it.each(["cookie", "forged", "other"] as const)("refuses another token: %s", async (kind) => {
    expect(await readers[name](tokens[kind])).toBe(null);
  });
});

async function readersOf(page: string): Promise<typeof readers> {
  const project = writeModules(new Map([[PAGE, page]]));
  removeModules = project.remove;
  const load = async (name: string) => {
    const module = project.modules.find((each) => each.name === name);
    if (module === undefined) throw new Error(`${PAGE} has no module ${name}`);
    return import(pathToFileURL(project.fileOf(module)).href);
  };
  const { userOf } = await load("with-jose.ts");
  const { app } = await load("with-hono.ts");
  return {
    jose: (token) => userOf(token).catch(() => null),
    hono: async (token) => {
      const response = await app.request("/mine", { headers: { authorization: `Bearer ${token}` } });
      return response.ok ? response.text() : null;
    },
    python: (token) => inPython(page, token),
  };
}

let answersOfPython: Promise<readonly string[]> | null = null;

/** One process reads all tokens, because each process takes a second to start. */
async function inPython(page: string, token: string): Promise<string | null> {
  const [, code = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
  const call = `
import sys
for token in sys.argv[1:]:
    try:
        print(user_of(token))
    except jwt.PyJWTError:
        print("")
`;
  const all = Object.values(tokens);
  answersOfPython ??= run(PYTHON, ["-c", code + call, ...all]).then(({ stdout }) => stdout.split("\n"));
  return (await answersOfPython)[all.indexOf(token)] || null;
}
