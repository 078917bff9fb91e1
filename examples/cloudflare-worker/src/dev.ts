import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { d1, migrate } from "@latchkey/sql/d1";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

// Runs the Worker in workerd, as `wrangler dev` does. The data is stored in `.latchkey`.
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { PORT = "8787", LATCHKEY_DEV_DIR = join(ROOT, ".latchkey") } = process.env;

/** The parts of `wrangler.jsonc` that are used here. */
interface Wrangler {
  readonly main: string;
  readonly compatibility_date: string;
  readonly assets: { readonly directory: string };
  readonly d1_databases: readonly { readonly binding: string }[];
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
}

const directory = resolve(LATCHKEY_DEV_DIR);
const origin = `http://localhost:${PORT}`;
const wrangler = readWrangler();
const objects = wrangler.durable_objects.bindings.map(
  ({ name, class_name }) => [name, { className: class_name, useSQLite: true }] as const,
);

mkdirSync(directory, { recursive: true, mode: 0o700 });
const host = new Miniflare({
  host: "localhost",
  port: Number(PORT),
  modules: true,
  script: await bundle(wrangler.main),
  compatibilityDate: wrangler.compatibility_date,
  assets: { directory: join(ROOT, wrangler.assets.directory), routerConfig: { has_user_worker: true } },
  bindings: { ORIGIN: origin, AUTH_SECRET: secret() },
  d1Databases: wrangler.d1_databases.map(({ binding }) => binding),
  d1Persist: join(directory, "d1"),
  durableObjects: Object.fromEntries(objects),
  durableObjectsPersist: join(directory, "objects"),
});
await host.ready;
for (const { binding } of wrangler.d1_databases) await migrate(d1(await host.getD1Database(binding)));
process.stdout.write(`Latchkey on workerd: ${origin}\nUsers and sessions are stored in ${directory}.\n`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await host.dispose();
    process.exit(0);
  });
}

function readWrangler(): Wrangler {
  const text = readFileSync(join(ROOT, "wrangler.jsonc"), "utf8");
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
}

/** Created at the first start and kept: with another secret, all sessions would end. */
function secret(): string {
  const file = join(directory, "secret");
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

async function bundle(main: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, main)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd", "import"],
    mainFields: ["module", "main"],
    target: "es2022",
  });
  return outputFiles.map(({ text }) => text).join("");
}
