import type { MailMessage } from "@latchkey/core";
import { createTransport } from "nodemailer";
import { type Inbox, openInbox } from "./inbox.ts";

/** Sends the messages of the demo. */
export interface Post {
  readonly send: (message: MailMessage) => Promise<void>;
  /** The messages that arrived; null if they go to the mail server of `SMTP_URL`. */
  readonly inbox: Inbox | null;
  readonly close: () => Promise<void>;
}

const FROM = "Latchkey demo <demo@localhost>";

/** Sends to the mail server at `url`. Without one, the messages go to an inbox on this machine, over SMTP too. */
export async function openPost(url: string | undefined): Promise<Post> {
  const inbox = url === undefined ? await openInbox() : null;
  const transport = createTransport(inbox?.url ?? url);
  return {
    inbox,
    send: async ({ to, subject, text, html }) => {
      await transport.sendMail({ from: FROM, to, subject, text, html });
    },
    close: async () => {
      transport.close();
      await inbox?.close();
    },
  };
}
