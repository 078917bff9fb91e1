import type { MailContent, MailText } from "./message.ts";

/** Writes the English text of a message. */
export function englishText(content: MailContent): MailText {
  const { subject, lines } = wordsOf(content);
  const address = linkOf(content);
  const text = [...lines, ...(address === null ? [] : [address])].join("\n\n");
  const paragraphs = lines.map((line) => `<p>${escapeHtml(line)}</p>`);
  const link = address === null ? [] : [`<p><a href="${escapeHtml(address)}">${escapeHtml(subject)}</a></p>`];
  return { subject, text: `${text}\n`, html: [...paragraphs, ...link].join("\n") };
}

function linkOf(content: MailContent): string | null {
  return "url" in content ? content.url : null;
}

interface Words {
  readonly subject: string;
  readonly lines: readonly string[];
}

const IGNORE = "If you did not ask for this, ignore this message.";

function wordsOf(content: MailContent): Words {
  switch (content.type) {
    case "verify":
      return {
        subject: "Confirm your e-mail address",
        lines: ["Open this link to confirm your address.", IGNORE],
      };
    case "reset":
      return { subject: "Set a new password", lines: ["Open this link to set a new password.", IGNORE] };
    case "change":
      return { subject: "Confirm your new e-mail address", lines: ["Open this link to confirm it.", IGNORE] };
    case "changed_notice":
      return {
        subject: "Your e-mail address was changed",
        lines: [`The address of your account is now ${content.newEmail}.`],
      };
    case "magic_link":
      return { subject: "Sign in", lines: ["Open this link to sign in.", IGNORE] };
    case "code":
      return { subject: `${content.code} is your code`, lines: [`Your code is ${content.code}.`, IGNORE] };
    case "invitation":
      return { subject: "You are invited", lines: ["Open this link to create your account.", IGNORE] };
    case "new_device":
      return { subject: "New sign-in", lines: ["Your account was used from a new browser or app."] };
    case "password_changed":
      return { subject: "Your password was changed", lines: ["The password of your account was changed."] };
    case "session_ended_by_reuse":
      return { subject: "A session was ended", lines: ["A session of your account was ended."] };
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
