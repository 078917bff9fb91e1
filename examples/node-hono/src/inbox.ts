import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { type Letter, parseLetter } from "./letter.ts";

/** A mail server on this machine that keeps the latest messages in memory. */
export interface Inbox {
  readonly url: string;
  /** The messages that arrived, the newest first. */
  readonly read: () => readonly Letter[];
  readonly close: () => Promise<void>;
}

const KEPT = 100;

export async function openInbox(): Promise<Inbox> {
  const letters: Letter[] = [];
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onData: (stream, _session, done) => {
      buffer(stream).then((bytes) => {
        letters.unshift(parseLetter(bytes.toString("latin1")));
        letters.splice(KEPT);
        done();
      }, done);
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    read: () => letters,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
