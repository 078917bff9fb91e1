import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MailScope, mailer } from "../../packages/core/src/mail/mailer.ts";
import type { MailDraft, MailType } from "../../packages/core/src/mail/message.ts";
import { openSmtp, type Smtp } from "../fixtures/smtp.ts";

const NOW = 1_767_225_600;
const base = { to: "ann@example.com", user: null };
const link = { ...base, token: "T_o-k".repeat(17), expiresAt: NOW + 900 };
const notice = { ...base, at: NOW, device: { userAgent: "Firefox", address: "192.0.2.1" } };
const DRAFTS: { readonly [Type in MailType]: Extract<MailDraft, { type: Type }> } = {
  verify: { ...link, type: "verify" },
  reset: { ...link, type: "reset", signedUpAgain: false },
  change: { ...link, type: "change" },
  changed_notice: { ...link, type: "changed_notice", newEmail: "müller@example.org" },
  magic_link: { ...link, type: "magic_link" },
  code: { ...base, type: "code", code: "012345", expiresAt: NOW + 600 },
  invitation: { ...link, type: "invitation" },
  new_device: { ...notice, type: "new_device" },
  password_changed: { ...notice, type: "password_changed" },
  session_ended_by_reuse: { ...notice, type: "session_ended_by_reuse" },
};

let smtp: Smtp;
beforeAll(async () => {
  smtp = await openSmtp();
});
afterAll(() => smtp.close());

interface Delivery {
  readonly faults: unknown[];
  readonly done: Promise<unknown>;
}

function deliver(draft: MailDraft, options: Partial<Smtp["mail"]> = {}): Delivery {
  const faults: unknown[] = [];
  let done: Promise<unknown> = Promise.resolve();
  const scope: MailScope = {
    origin: "https://app.example.com",
    acceptLanguage: null,
    waitUntil: (work) => {
      done = work;
    },
    report: (error) => void faults.push(error),
  };
  mailer({ ...smtp.mail, ...options }, { clock: () => NOW * 1_000 })(scope)(draft);
  return { faults, done };
}

describe("a message by SMTP", () => {
  it.each(Object.values(DRAFTS))(
    "of the type $type arrives with its headers, text, HTML and link",
    async (draft) => {
      const { faults, done } = deliver(draft);
      await done;
      expect(faults).toEqual([]);
      const mail = await smtp.next("ann@example.com");
      expect(mail.recipients).toEqual(["ann@example.com"]);
      expect(mail.headers.get("to")).toBe("ann@example.com");
      expect(mail.headers.get("auto-submitted")).toBe("auto-generated");
      expect(mail.headers.get("content-type")).toMatch(/^multipart\/alternative/);
      expect(mail.subject).toContain("app.example.com");
      const links = "token" in draft ? [expect.stringContaining(`?token=${link.token}`)] : [];
      expect(mail.links).toEqual(links);
      for (const url of mail.links) expect(mail.text).toContain(url);
      if (draft.type === "code") expect(mail.text).toContain("\n\n012345\n\n");
      if (draft.type === "changed_notice") expect(mail.text).toContain("müller@example.org");
      // RFC 5321 4.5.3.1.6.
      for (const line of mail.raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
    },
  );

  it("has a subject of any language, as the application wrote it", async () => {
    const text = {
      subject: "Neues Passwort für Ännchen – 新しいパスワード",
      text: "Grüße",
      html: "<p>Grüße</p>",
    };
    await deliver(DRAFTS.reset, { texts: { reset: () => text } }).done;
    const mail = await smtp.next("ann@example.com");
    expect(mail.subject).toBe(text.subject);
    expect(mail.text.trim()).toBe(text.text);
    expect(mail.html.trim()).toBe(text.html);
    // RFC 5322 2.2: headers are ASCII.
    expect(mail.raw.slice(0, mail.raw.indexOf("\r\n\r\n"))).toMatch(/^[\x20-\x7e\t\r\n]*$/);
  });

  it.each(["o'neil+tag@example.com", "a!#$%&*/=?^`{|}~b@example.com", "jörg@example.com"])(
    "goes to %s alone",
    async (to) => {
      const { faults, done } = deliver({ ...DRAFTS.code, to });
      await done;
      expect(faults).toEqual([]);
      expect((await smtp.next(to)).recipients).toEqual([to]);
    },
  );

  it.each([451, 550] as const)("that the server refuses with %d is reported once", async (code) => {
    smtp.handle(code);
    const { faults, done } = deliver(DRAFTS.verify);
    await done;
    smtp.handle("accept");
    expect(faults).toMatchObject([{ operation: "mail.send", cause: { responseCode: code } }]);
    expect(JSON.stringify(faults)).not.toContain(link.token);
  });
});

describe("the check of the port", () => {
  it("succeeds while the server takes connections, and fails afterwards", async () => {
    const other = await openSmtp();
    await expect(other.mail.check?.()).resolves.toBe(true);
    await other.close();
    await expect(other.mail.check?.()).rejects.toMatchObject({ code: "ESOCKET" });
  });
});
