import { createAuth } from "@latchkey/core";
import { createValidator } from "@latchkey/core/validator";
import { redis } from "@latchkey/redis";
import { postgres } from "@latchkey/sql/postgres";
import pg from "pg";
import { createClient } from "redis";
import { counted } from "../../fixtures/wrapped-store.ts";

// Validates access tokens again and again, and prints when each was refused, and the calls that this made to the store.
export interface EndedInput {
  readonly kind: "postgres" | "redis" | "validator";
  readonly url: string;
  /** The schema, the prefix or the origin. */
  readonly place: string;
  readonly issuer: string;
  readonly tokens: Readonly<Record<string, string>>;
  /** A token whose session stays. */
  readonly live: string;
  readonly patience: number;
}

export interface EndedOutput {
  /** Epoch milliseconds by the name of the token. */
  readonly refusedAt: Readonly<Record<string, number>>;
  readonly codes: readonly string[];
  readonly liveRefusals: number;
  readonly calls: readonly string[];
}

const STEP = 200;
const input: EndedInput = JSON.parse(process.argv[2] ?? "{}");
const calls: string[] = [];

async function openStore() {
  if (input.kind === "postgres") {
    const pool = new pg.Pool({ connectionString: input.url, options: `-c search_path=${input.place}` });
    return { store: postgres(pool), close: () => pool.end() };
  }
  const client = await createClient({ url: input.url }).connect();
  return { store: redis(client, { prefix: input.place }), close: async () => client.destroy() };
}

async function openValidate() {
  if (input.kind === "validator") {
    const at = (path: string): string => `${input.url}/auth/${path}`;
    const { validate } = createValidator({
      jwksUrl: at("jwks"),
      endedUrl: at("ended"),
      issuer: input.issuer,
    });
    return { validate, close: async () => undefined };
  }
  const { store, close } = await openStore();
  const seen = counted(store);
  const auth = createAuth({ store: seen.store, baseURL: input.issuer });
  return {
    validate: async (request: Request) => {
      const before = seen.calls.length;
      const found = await auth.validate(request);
      calls.push(...seen.calls.slice(before));
      return found;
    },
    close,
  };
}

const { validate, close } = await openValidate();

async function codeOf(token: string): Promise<string> {
  const found = await validate(new Request(input.issuer, { headers: { authorization: `Bearer ${token}` } }));
  return found.ok ? "ok" : found.code;
}

const first = await Promise.all([input.live, ...Object.values(input.tokens)].map(codeOf));
if (first.some((code) => code !== "ok")) throw new Error(`not live at the start: ${first}`);
calls.length = 0;
process.send?.("ready");

const refusedAt: Record<string, number> = {};
const codes: string[] = [];
let liveRefusals = 0;
const deadline = Date.now() + input.patience;
while (Date.now() < deadline && Object.keys(refusedAt).length < Object.keys(input.tokens).length) {
  await new Promise((resolve) => setTimeout(resolve, STEP));
  if ((await codeOf(input.live)) !== "ok") liveRefusals++;
  for (const [name, token] of Object.entries(input.tokens)) {
    const code = name in refusedAt ? "ok" : await codeOf(token);
    if (code === "ok") continue;
    refusedAt[name] = Date.now();
    codes.push(code);
  }
}
const output: EndedOutput = { refusedAt, codes, liveRefusals, calls };
process.send?.(output);
await close();
process.disconnect?.();
