import { describe, expect, it } from "vitest";
import { AuthError } from "../platform/errors.ts";
import { type MailOptions, type MailScope, mailer, type PostMail } from "./mailer.ts";
import type { MailDraft, MailMessage } from "./message.ts";

const NOW = 1_700_000_000;
const RESET: MailDraft = {
  type: "reset",
  to: "a@example.com",
  user: null,
  token: "T-o_k",
  expiresAt: NOW + 3_600,
  signedUpAgain: false,
};

interface Rig {
  readonly post: (draft: MailDraft) => void;
  readonly sent: MailMessage[];
  readonly faults: unknown[];
  readonly waited: Promise<unknown>[];
  /** Posts one message, and waits until it is sent. */
  deliver(draft?: Parameters<PostMail>[0]): Promise<void>;
}

function rig(options: Partial<MailOptions> = {}, scope: Partial<MailScope> = {}): Rig {
  const sent: MailMessage[] = [];
  const faults: unknown[] = [];
  const waited: Promise<unknown>[] = [];
  const send = async (message: MailMessage): Promise<void> => void sent.push(message);
  const post = mailer(
    { send, ...options },
    { clock: () => NOW * 1_000 },
  )({
    origin: "https://app.example.com",
    acceptLanguage: "de-CH, en;q=0.5",
    waitUntil: (work) => void waited.push(work),
    report: (error) => void faults.push(error),
    ...scope,
  });
  const deliver = async (draft: Parameters<PostMail>[0] = RESET): Promise<void> => {
    post(draft);
    await waited.at(-1);
  };
  return { post, sent, faults, waited, deliver };
}

function raise(message: string): never {
  throw new Error(message);
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
        expiresAt: NOW + 3_600,
        locale: "de-CH",
        subject: "Set a new password for app.example.com",
      },
    ]);
    expect(sent[0]?.text).toContain("valid for 60 minutes");
    expect(sent[0]).not.toHaveProperty("token");
    expect(faults).toEqual([]);
  });

  it("opens the page of the configuration, and a default one where it names none", async () => {
    const { sent, deliver } = rig({
      pages: { reset: "https://spa.example.com/r?x=1", verify: undefined as unknown as string },
    });
    await deliver();
    await deliver({ ...RESET, type: "verify" } as MailDraft);
    expect(sent.map((message) => "url" in message && message.url)).toEqual([
      "https://spa.example.com/r?x=1&token=T-o_k",
      "https://app.example.com/verify-email?token=T-o_k",
    ]);
  });

  it("has no link if its draft has no token", async () => {
    const { sent, deliver } = rig();
    await deliver({ ...RESET, type: "changed_notice", newEmail: "b@example.com", token: null });
    expect(sent[0]).toMatchObject({ url: null, newEmail: "b@example.com" });
  });

  it.each<[string, () => unknown]>([
    ["throws", () => raise("down")],
    ["rejects", () => Promise.reject(new Error("down"))],
    [
      "throws a refusal",
      () => {
        throw new AuthError("rate_limited");
      },
    ],
    [
      "throws a refusal of a store",
      () => {
        throw new AuthError("rate_limited", undefined, null, { operation: "throttle.hit" });
      },
    ],
    [
      "throws no error",
      () => {
        throw undefined;
      },
    ],
  ])("whose send %s is reported, and rejects nowhere", async (_, send) => {
    const { faults, waited, deliver } = rig({ send });
    await deliver();
    await expect(Promise.all(waited)).resolves.toHaveLength(1);
    expect(faults).toMatchObject([{ code: "internal_error", operation: "mail.send" }]);
  });

  it("is written after the answer where it needs the store, and may be none", async () => {
    const { sent, faults, deliver } = rig();
    const late = async (): Promise<MailDraft> => RESET;
    await deliver(late);
    await deliver(async () => null);
    expect(sent).toHaveLength(1);
    expect(faults).toEqual([]);
    const down = new AuthError("store_unavailable", undefined, null, { operation: "users.get" });
    await deliver(() => Promise.reject(down));
    await deliver(() => Promise.reject(new Error("down")));
    expect(faults).toMatchObject([{ operation: "users.get" }, { operation: "mail.send" }]);
    expect(sent).toHaveLength(1);
  });

  it("whose send never ends keeps only waitUntil waiting", async () => {
    const { post, waited, faults } = rig({ send: () => new Promise(() => undefined) });
    expect(post(RESET)).toBeUndefined();
    const first = await Promise.race([waited[0], new Promise((resolve) => setTimeout(resolve, 10, "waits"))]);
    expect(first).toBe("waits");
    expect(faults).toEqual([]);
  });

  it("is sent without waitUntil", async () => {
    const { post, sent } = rig({}, { waitUntil: null });
    post(RESET);
    await expect.poll(() => sent.length).toBe(1);
  });

  it.each([
    "a@example.com\r\nBcc: b@example.com",
    "a@example.com, b@example.com",
    "a@example.com;b@example.com",
    "<a@example.com>",
    "a b@example.com",
    "a@example.com\u0000",
    "example.com",
    "",
  ])("to %j is not sent, but reported", async (to) => {
    const { sent, faults, deliver } = rig();
    await deliver({ ...RESET, to });
    expect(sent).toEqual([]);
    expect(faults).toMatchObject([{ operation: "mail.send" }]);
  });
});

describe("a text of the application", () => {
  const OWN = { subject: "Neues Passwort — für Ännchen", text: "Hallo", html: "<p>Hallo" };

  it("is written and sent in a later turn of the event loop, although nothing is loaded for it", async () => {
    const { post, sent, waited } = rig({ texts: { reset: () => OWN } });
    post(RESET);
    for (let index = 0; index < 10; index++) await Promise.resolve();
    expect(sent).toEqual([]);
    await waited[0];
    expect(sent).toMatchObject([OWN]);
  });

  it("replaces the English one of its type only, and nothing else of the message", async () => {
    const seen: object[] = [];
    const more = { to: "b@example.com", url: "https://evil.example" };
    const { sent, deliver } = rig({
      texts: {
        reset: (message) => {
          seen.push(message);
          return { ...OWN, ...more };
        },
      },
    });
    await deliver();
    await deliver({ ...RESET, type: "verify" } as MailDraft);
    expect(seen).toMatchObject([{ type: "reset", locale: "de-CH", signedUpAgain: false }]);
    expect(sent[0]).toMatchObject({ ...OWN, to: "a@example.com" });
    expect(sent[0]).toHaveProperty("url", "https://app.example.com/reset-password?token=T-o_k");
    expect(sent[1]?.subject).toBe("Confirm your e-mail address for app.example.com");
  });

  it.each<[string, () => unknown, string]>([
    ["throws", () => raise("no template"), "no template"],
    ["returns nothing", () => undefined, "returned undefined"],
    ["returns a promise", async () => OWN, "returned a promise"],
    ["returns a promise that rejects", () => Promise.reject(new Error("late")), "returned a promise"],
    ["has an empty subject", () => ({ ...OWN, subject: " " }), "returned subject as an empty string"],
    ["has no HTML", () => ({ ...OWN, html: undefined }), "returned html as undefined"],
    ["has a number as text", () => ({ ...OWN, text: 5 }), "returned text as a number"],
    ["adds a header", () => ({ ...OWN, subject: "Hello\r\nBcc: b@example.com" }), "control character"],
    [
      "adds a header with a bare line feed",
      () => ({ ...OWN, subject: "Hello\nBcc: x" }),
      "control character",
    ],
  ])("that %s is reported, and the English one is sent", async (_, reset, message) => {
    const { sent, faults, deliver } = rig({ texts: { reset: reset as never } });
    await deliver();
    expect(sent[0]?.subject).toBe("Set a new password for app.example.com");
    expect(faults).toMatchObject([{ code: "internal_error", operation: "mail.texts.reset" }]);
    expect((faults[0] as { cause: Error }).cause.message).toContain(message);
  });
});
