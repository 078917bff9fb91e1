import { describe, expect, it } from "vitest";
import { type MailOptions, type MailScope, mailer } from "./mailer.ts";
import type { MailDraft, MailMessage } from "./message.ts";

const EXPIRES = 1_700_000_000;
const RESET: MailDraft = {
  type: "reset",
  to: "a@example.com",
  user: null,
  token: "T-o_k",
  expiresAt: EXPIRES,
  signedUpAgain: false,
};

interface Rig {
  readonly post: (draft: MailDraft) => void;
  readonly sent: MailMessage[];
  readonly faults: { readonly error: unknown; readonly operation: string | undefined }[];
  readonly waited: Promise<unknown>[];
}

function rig(options: Partial<MailOptions> = {}, scope: Partial<MailScope> = {}): Rig {
  const sent: MailMessage[] = [];
  const faults: Rig["faults"] = [];
  const waited: Promise<unknown>[] = [];
  const send = async (message: MailMessage): Promise<void> => void sent.push(message);
  const post = mailer({ send, ...options })({
    origin: "https://app.example.com",
    locale: "de-CH",
    waitUntil: (work) => void waited.push(work),
    report: (error, operation) => void faults.push({ error, operation }),
    ...scope,
  });
  return { post, sent, faults, waited };
}

describe("a message", () => {
  it("is sent after the caller has finished, with its link, the language and a text", async () => {
    const { post, sent, waited, faults } = rig();
    post(RESET);
    await Promise.resolve();
    expect(sent).toEqual([]);
    await waited[0];
    expect(sent).toMatchObject([
      {
        type: "reset",
        to: "a@example.com",
        user: null,
        url: "https://app.example.com/reset-password?token=T-o_k",
        expiresAt: EXPIRES,
        locale: "de-CH",
      },
    ]);
    expect(sent[0]).not.toHaveProperty("token");
    expect(faults).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["throws", () => raise("at once")],
    ["rejects", () => Promise.reject(new Error("later"))],
  ])("whose send %s is reported, and rejects nowhere", async (_, send) => {
    const { post, faults, waited } = rig({ send });
    post(RESET);
    await expect(Promise.all(waited)).resolves.toHaveLength(1);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.operation).toBe("mail.send");
  });
});

function raise(message: string): never {
  throw new Error(message);
}
