import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { ANN, type TestServer } from "../fixtures/server.ts";
import { type Options, openAttackedServer } from "./server.ts";
import { type Answer, read } from "./session.ts";

/** What the user chooses in a reset or a change. */
export const NEW_PASSWORD = "an altogether new one";

/** A server that sends messages. */
export interface MailedServer extends TestServer {
  readonly inbox: Inbox;
  /** Sends a body to a route, and reads the answer. */
  ask(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Asks for a reset of Ann's password, and returns the token of the message. */
  resetToken(): Promise<string>;
  /** The status of Ann's sign-in with a password. */
  signIn(password: string): Promise<number>;
}

export function openMailedServer(changes: Options = {}): MailedServer {
  const inbox = openInbox();
  const server = openAttackedServer({ mail: inbox.mail, ...changes });
  const ask: MailedServer["ask"] = async (path, body, headers = {}) =>
    read(await server.send(`/auth${path}`, { method: "POST", body, headers }));
  return {
    ...server,
    inbox,
    ask,
    async resetToken() {
      await ask("/password/forgot", { email: ANN.email });
      return inbox.token("reset");
    },
    signIn: async (password) => (await ask("/login", { email: ANN.email, password })).status,
  };
}
