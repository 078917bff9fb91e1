import { emailCode, magicLink } from "@latchkey/core";
import { type PasswordHasher, password } from "@latchkey/core/password";
import { cheapHasher, type TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";

/** Accounts in every state that a stranger must not be able to tell apart. */
export const ACCOUNTS = [
  "unknown@example.com",
  "wrong@example.com",
  "disabled@example.com",
  "passwordless@example.com",
  "deleted@example.com",
] as const;

export async function populate(server: TestServer): Promise<void> {
  for (const email of ACCOUNTS.slice(1)) {
    const name = email === "passwordless@example.com" ? {} : { password: PASSWORD };
    const { id } = await server.auth.users.create({ email, ...name });
    if (email.startsWith("disabled")) await server.auth.users.disable(id);
    if (email.startsWith("deleted")) await server.auth.users.delete(id);
  }
}

export function attempt(
  server: TestServer,
  email: string,
  secret: string,
  transport: string,
): Promise<Response> {
  return server.send("/auth/login", { method: "POST", body: { email, password: secret, transport } });
}

/** A server, and a request whose answer must be the same for each address. */
export interface Probed {
  readonly server: TestServer;
  readonly probe: {
    readonly emails: readonly string[];
    /** The one of them that the others are compared with. */
    readonly known: string;
    readonly send: (server: TestServer, email: string) => Promise<Response>;
  };
}

/** Accounts in every state that a sign-up must not tell apart, if it must prove its address. */
const KINDS = ["proven", "unproven", "disabled", "passwordless", "pending", "unknown"] as const;

/** Opens a server with an address of each kind, and returns it with the sign-up of an address. */
export async function openSignUp(hasher: PasswordHasher = cheapHasher): Promise<Probed> {
  const mail = { send: () => undefined };
  const server = openAttackedServer({ mail, providers: [password({ hasher, verifyEmail: "required" })] });
  const send = (of: TestServer, email: string): Promise<Response> =>
    of.send("/auth/signup", { method: "POST", body: { email, password: "another long password" } });
  await populateKinds(server);
  await send(server, "pending@example.com");
  const emails = KINDS.map((kind) => `${kind}@example.com`);
  return { server, probe: { emails, known: "proven@example.com", send } };
}

async function populateKinds({ auth }: TestServer): Promise<void> {
  for (const kind of KINDS.slice(0, 4)) {
    const email = `${kind}@example.com`;
    const secret = kind === "passwordless" ? {} : { password: PASSWORD };
    const { id } = await auth.users.create({ email, emailVerified: kind === "proven", ...secret });
    if (kind === "disabled") await auth.users.disable(id);
  }
}

/** Opens a server with an address of each kind, and returns it with a request for a message to an address. */
export async function openForgot(path = "/auth/password/forgot", more = {}): Promise<Probed> {
  const providers = [password({ hasher: cheapHasher }), magicLink(), emailCode()];
  const server = openAttackedServer({ mail: { send: () => undefined }, providers });
  const send = (of: TestServer, email: string): Promise<Response> =>
    of.send(path, { method: "POST", body: { email, ...more } });
  await populateKinds(server);
  const emails = KINDS.filter((kind) => kind !== "pending").map((kind) => `${kind}@example.com`);
  return { server, probe: { emails, known: "proven@example.com", send } };
}
