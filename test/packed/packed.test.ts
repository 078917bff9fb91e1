import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installPacked, type Project } from "./project.ts";
import { askWorker } from "./worker.ts";

const BIN = fileURLToPath(new URL("../../node_modules/.bin/", import.meta.url));
const NODE_22 = fileURLToPath(new URL("../runtimes/node_modules/.bin/node", import.meta.url));
const run = promisify(execFile);

let project: Project;

beforeAll(async () => {
  project = await installPacked();
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(project.folder, name), text);
});
afterAll(() => project.remove());

/** What an application does first, and how that goes. */
const PROGRAM = `
import { createAuthClient } from "@latchkey/client";
import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { github } from "@latchkey/core/oauth";
import { password, pbkdf2Hasher } from "@latchkey/core/password";
import { createValidator } from "@latchkey/core/validator";
import { authHandler, session } from "@latchkey/hono";
import { Hono } from "hono";

export async function run() {
  const providers = [password({ hasher: pbkdf2Hasher({ rounds: 100_000 }) }), github({ clientId: "a", clientSecret: "b" })];
  const auth = createAuth({ store: memory(), providers });
  const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
  app.get("/", (c) => c.json(c.var.session === null));
  const origin = "http://localhost:3000";
  const body = JSON.stringify({ email: "ada@example.com", password: "correct horse battery", transport: "bearer" });
  const headers = { "content-type": "application/json" };
  const signedUp = await app.request(origin + "/auth/signup", { method: "POST", headers, body });
  const { access_token } = await signedUp.json();
  const validator = createValidator({ jwks: await auth.keys.jwks(), issuer: "http://localhost" });
  const found = await validator.validate(new Request(origin, { headers: { authorization: "Bearer " + access_token } }));
  const start = await auth.handle(new Request(origin + "/auth/oauth/github"));
  const anonymous = await (await app.request(origin + "/")).json();
  let kept = null;
  const storage = { read: async () => kept, write: async (value) => { kept = value; } };
  const env = { fetch: async (request) => app.fetch(request) };
  const client = createAuthClient({ baseURL: origin + "/auth", storage, env });
  const signedIn = await client.signIn.password({ email: "ada@example.com", password: "correct horse battery" });
  const refreshed = await client.refresh();
  const known = await (await client.fetch("/")).json();
  return JSON.stringify([signedUp.status, found.ok, start.status, anonymous, signedIn.ok, refreshed.ok, known]);
}
`;
const FILES: Readonly<Record<string, string>> = {
  "package.json": '{ "type": "module" }',
  "program.mjs": PROGRAM,
  "main.mjs": 'import { run } from "./program.mjs"; console.log(await run());',
  "worker.mjs": `import { run } from "./program.mjs";
    export default { fetch: async () => new Response(await run()) };`,
};
const WORKED = "[201,true,303,true,true,true,false]";

async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(command, args, { cwd: project.folder, timeout: 60_000 });
  return stdout.trim();
}

describe("the packed packages in an empty project", () => {
  it.each([
    ["Node", join(BIN, "node"), []],
    ["Node 22", NODE_22, []],
    ["Bun", join(BIN, "bun"), ["run"]],
    ["Deno", join(BIN, "deno"), ["run", "--allow-all", "--no-lock", "--node-modules-dir=manual"]],
  ])("run on %s", async (_, command, args) => {
    expect(await output(command, ...args, "main.mjs")).toBe(WORKED);
  });

  it("run on workerd", async () => {
    expect(await askWorker(project.folder, "worker.mjs")).toBe(WORKED);
  });

  it("can be imported by each of their entries", async () => {
    const entries = project.packages.flatMap((each) => each.entries);
    expect(entries.length).toBeGreaterThan(10);
    const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("\n");
    writeFileSync(join(project.folder, "entries.mjs"), `${imports}\nconsole.log("all");`);
    expect(await output(join(BIN, "node"), "entries.mjs")).toBe("all");
  });

  it.each([
    ["bundler", "esnext"],
    ["nodenext", "nodenext"],
  ])("have types for an application with moduleResolution %s", async (moduleResolution, module) => {
    const entries = project.packages.flatMap((each) => each.entries);
    const source = entries.map((entry, n) => `import * as entry${n} from "${entry}";\nexport { entry${n} };`);
    writeFileSync(join(project.folder, "consumer.mts"), source.join("\n"));
    const options = [
      "--strict",
      "--noEmit",
      "--target",
      "es2023",
      "--lib",
      "es2024,dom,dom.iterable",
      "--types",
      "",
    ];
    const args = [...options, "--module", module, "--moduleResolution", moduleResolution, "consumer.mts"];
    expect(await output(join(BIN, "tsc"), ...args)).toBe("");
  });

  it("pass the checks of publint", async () => {
    for (const { tarball } of project.packages) {
      expect(await output(join(BIN, "publint"), "--strict", tarball)).toContain("All good!");
    }
  });

  it("pass the checks of attw for modules", async () => {
    for (const { tarball } of project.packages) {
      // It fails where it finds a fault.
      const told = await output(join(BIN, "attw"), "--profile", "esm-only", "--format", "ascii", tarball);
      expect(told).toContain("🟢");
    }
  });
});
