import type { MailOptions } from "@latchkey/core";
import { createTransport } from "nodemailer";

const transport = createTransport(process.env["SMTP_URL"] ?? "smtp://localhost:1025");

/** Sends messages over SMTP. The links of messages open the pages of this application at their default paths. */
export const mail: MailOptions = {
  send: ({ to, subject, text, html }) =>
    transport.sendMail({
      from: { name: "Latchkey on Next.js", address: "no-reply@localhost" },
      to: { name: "", address: to },
      subject,
      text,
      html,
    }),
};
